"""Colours of the report: one for each segment, the same in every picture, window and report."""

import re
import zlib

# Hues of Paul Tol's scheme "muted" as in the pictures of a clustering run: told apart with any colour vision. The
# second ten are the same hues, paler; names stand beside the marks, so that colour alone tells nothing.
BASE = ("#332288", "#CC6677", "#117733", "#DDAA33", "#44AA99", "#882255", "#3388CC", "#8A8A22", "#AA4499", "#3D3D3D")
PALE = ("#9C93C8", "#E8B7BF", "#8DBF9C", "#F0D89C", "#A6D8D0", "#C795AE", "#9DC6E8", "#C8C894", "#D6A6CE", "#A3A3A3")

INK, MUTED, LINE, PAPER, GREY = "#1F2430", "#5B6370", "#D9DDE3", "#FFFFFF", "#8C93A0"
"""Text, secondary text, rules, background, and whoever is in no segment."""

GAIN, LOSS = "#5B3FA8", "#8F3F00"
"""Positive and negative effects; how much is told by opacity, which holds on a light and on a dark page."""

ON_COLOUR = "#FEFEFE"
"""Text on a strong colour: white on a dark page too."""

# What each becomes on a dark page: at least 3 : 1 against its background for marks and 4.5 : 1 for text.
DARK = {
    INK: "#E9ECF1",
    MUTED: "#A8B0BD",
    LINE: "#363D49",
    PAPER: "#171A21",
    GREY: "#7C8595",
    "#332288": "#8C7FE0",
    "#882255": "#C4568F",
    "#117733": "#3DA362",
    "#AA4499": "#C866B8",
    "#3D3D3D": "#C9CDD4",
    "#8A8A22": "#A9A93A",
    GAIN: "#7B5FD3",
    LOSS: "#B85C14",
}


def place_of(segment_id: str) -> int:
    """A segment's own number, `s0007` -> 6, whatever other segments there are; a hash where the id ends in none."""
    found = re.fullmatch(r"s(\d+)", segment_id)
    return int(found[1]) - 1 if found else zlib.crc32(segment_id.encode())


def colour_of(segment_id: str) -> str:
    """The segment's fill."""
    return (BASE + PALE)[place_of(segment_id) % 20]


def outline_of(segment_id: str) -> str:
    """The segment's outline: the full hue, so that a pale fill stands out from the page."""
    return BASE[place_of(segment_id) % 10]
