"""What a segment has become a few windows on."""

from collections.abc import Iterable, Sequence

Events = Sequence[tuple[str, Sequence[str], Sequence[str]]]
"""The transitions into one window: kind, parents, children of `segment_events`."""


def descendants(segment: str, events: Iterable[Events]) -> frozenset[str]:
    """The segment itself while it survives, its children where it splits or merges, theirs later on; none once it died.

    `events` are those of each window on the way, oldest first. A segment that no event names, as `unassigned` is in
    none, stays what it is.

    >>> sorted(descendants("s0001", [[("split", ["s0001"], ["s0003", "s0004"])], [("death", ["s0003"], [])]]))
    ['s0004']
    """
    alive = {segment}
    for transitions in events:
        children = {parent: set(after) for _, parents, after in transitions for parent in parents}
        alive = {child for each in alive for child in children.get(each, {each})}
    return frozenset(alive)
