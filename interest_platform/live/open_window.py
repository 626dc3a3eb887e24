"""Which window a micro-batch is in, and which it goes on from."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from interest_platform.domain.windows import Window, WindowGrid
from interest_platform.errors import LiveError


@dataclass(frozen=True)
class OpenWindow:
    """The window that was open just before `as_of`, and what its users' interests are made of until then.

    `base` is the newest window before it that has segments. `known` are the windows of the lookback up to the base,
    whose texts are the lake's, `unread` those after it, whose texts are the sources': the last one ends at `as_of`.
    """

    window: Window
    base: Window
    as_of: datetime
    known: tuple[Window, ...]
    unread: tuple[Window, ...]

    @property
    def until_now(self) -> Window:
        """The part of the open window that has passed, `[start, as_of)`."""
        return Window(self.window.start, self.as_of)


def open_window(
    grid: WindowGrid,
    as_of: datetime,
    identified: Collection[Window],
    with_segments: Collection[Window],
    *,
    lookback: int,
    reach: int,
) -> OpenWindow | None:
    """The window in whose `(start, end]` the moment lies; None at and after the grid's end.

    `identified` are the windows whose segments are known, with none too, `with_segments` those that have any. Windows
    between the base and the open one that are not loaded, as while the last one's run is under way, are bridged: their
    texts are read from the sources as far as the lookback reaches. The base is at most `reach` windows before the open
    one, as far as the line follows segments. Raises `LiveError` for a moment in a window that is loaded or before the
    grid, and where no window within reach has segments.
    """
    if as_of <= grid.first.start:
        raise LiveError(f"{as_of} is not after windows.start {grid.first.start:%Y-%m-%d}: no window is open then")
    window = grid.open_at(as_of)
    if window is None:
        return None
    newest = max(identified, default=None)
    if newest is None:
        raise LiveError("no window has segments yet for texts to be placed in: `interest run` loads the closed windows")
    if newest >= window:
        raise LiveError(
            f"the window {newest} is loaded, so that nothing is provisional before its end; a micro-batch is of a time "
            f"after {newest.end}, not of {as_of}"
        )
    near = [grid.shift(window, -back) for back in range(1, reach + 1)]
    base = next((earlier for earlier in near if earlier in with_segments), None)
    if base is None:
        raise LiveError(_missing(grid, window, newest, reach))
    behind = grid.lookback(window, lookback)
    until_now = Window(window.start, as_of)
    return OpenWindow(
        window=window,
        base=base,
        as_of=as_of,
        known=tuple(w for w in behind if w <= base),
        unread=(*(w for w in behind if base < w < window), until_now),
    )


def _missing(grid: WindowGrid, window: Window, newest: Window, reach: int) -> str:
    if grid.shift(newest, reach) >= window:
        return f"none of the {reach} windows before {window} has a segment: there is none to place users in"
    first = grid.shift(newest, 1)
    return (
        f"the newest window with segments, {newest}, is over {reach} windows before {window}: load those from "
        f"{first.key} on first, `interest run --from {first.key} --to {window.key}`"
    )
