"""Labels beside their points: none overlaps another, all lie inside the frame."""

import math
from collections.abc import Iterator, Sequence

Box = tuple[float, float, float, float]
"""Left, top, right, bottom, in pixels."""


def placed(
    anchors: Sequence[tuple[float, float]], sizes: Sequence[tuple[float, float]], frame: Box
) -> list[Box | None]:
    """A box of each size (width, height) as near to its anchor as the earlier ones leave room; None where none is.

    Places are tried on rings around the anchor, the nearest first, so that the order of the labels is their priority.
    O(labels^2 x places).
    """
    taken: list[Box] = [(x - 6, y - 6, x + 6, y + 6) for x, y in anchors]
    found: list[Box | None] = []
    for anchor, size in zip(anchors, sizes, strict=True):
        free = (box for box in _places(anchor, size) if _inside(box, frame) and not any(_meet(box, t) for t in taken))
        box = next(free, None)
        found.append(box)
        if box is not None:
            taken.append(box)
    return found


def _places(anchor: tuple[float, float], size: tuple[float, float]) -> Iterator[Box]:
    """Right and left of the point first, then rings that grow by 8 pixels up to 160."""
    (x, y), (width, height) = anchor, size
    for ring in range(20):
        away = 9 + 8 * ring
        for turn in (0, 4, 6, 2, 7, 1, 5, 3):
            angle = math.pi * turn / 4
            cx = x + math.cos(angle) * (away + width / 2)
            cy = y + math.sin(angle) * (away + height / 2)
            yield cx - width / 2, cy - height / 2, cx + width / 2, cy + height / 2


def _inside(box: Box, frame: Box) -> bool:
    return box[0] >= frame[0] and box[1] >= frame[1] and box[2] <= frame[2] and box[3] <= frame[3]


def _meet(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
