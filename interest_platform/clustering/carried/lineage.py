"""Which of the new segments is which of the old ones, after their number has changed."""

from collections.abc import Iterator, Sequence

import numpy as np

from interest_platform.clustering.carried.state import Change

KEEPS = 0.5
"""Share of both segments' rows that have to be common for the new one to be the old one."""

LINKED = 0.3
"""Share of either's rows from which on a segment that is gone and a new one have to do with each other."""

A_PART = 0.1
"""Share of the old one's rows that are, at least, in a new one that mainly comes from it."""

FINER = "with more texts, this many segments tell users apart"


def matched(
    flows: np.ndarray, lineages: Sequence[str], names: Iterator[str]
) -> tuple[tuple[str, ...], tuple[Change, ...]]:
    """Lineages of the new segments, and the changes; `names` gives new lineages.

    `flows` (old, new) counts rows by their segment before and after. A new segment that shares most of its rows with
    an old one, and the other way round, is that one. Of the others, what hangs together is told as one change: one
    into several is a split, several into one a merge; one into one goes on; anything else are deaths and births.
    """
    of_old = flows / np.maximum(flows.sum(axis=1, keepdims=True), 1)
    of_new = flows / np.maximum(flows.sum(axis=0, keepdims=True), 1)
    ids: list[str | None] = [None] * flows.shape[1]
    for new in range(flows.shape[1]):
        old = int(flows[:, new].argmax())
        mutual = int(flows[old].argmax()) == new
        if mutual and of_old[old, new] >= KEEPS and of_new[old, new] >= KEEPS:
            ids[new] = lineages[old]
    gone = [old for old, lineage in enumerate(lineages) if lineage not in ids]
    link = (of_old >= LINKED) | ((of_new >= LINKED) & (of_old >= A_PART))
    changes: list[Change] = []
    for parents, children in _groups(gone, [new for new, each in enumerate(ids) if each is None], link):
        if len(parents) == len(children) == 1:
            ids[children[0]] = lineages[parents[0]]
            continue
        for child in children:
            ids[child] = next(names)
        came = tuple(lineages[p] for p in parents)
        went = tuple(each for c in children if (each := ids[c]) is not None)
        changes += _told(came, went)
    return tuple(each for each in ids if each is not None), tuple(changes)


def _told(parents: tuple[str, ...], children: tuple[str, ...]) -> list[Change]:
    if len(parents) == 1 and len(children) > 1:
        return [Change("split", parents, children, FINER)]
    if len(children) == 1 and len(parents) > 1:
        return [Change("merge", parents, children, FINER)]
    ended = [Change("death", (parent,), (), FINER) for parent in parents]
    return ended + [Change("birth", (), (child,), FINER) for child in children]


def _groups(gone: list[int], new: list[int], link: np.ndarray) -> list[tuple[list[int], list[int]]]:
    """What hangs together by the links, in the order of the old ones; new ones without a link come last, each alone."""
    groups, left, free = [], list(gone), list(new)
    while left:
        parents: set[int] = {left[0]}
        children: set[int] = set()
        while True:
            more = {c for c in free if any(link[p, c] for p in parents)}
            back = {p for p in left if any(link[p, c] for c in more)} | parents
            if back == parents and more == children:
                break
            parents, children = back, more
        groups.append((sorted(parents), sorted(children)))
        left = [p for p in left if p not in parents]
        free = [c for c in free if c not in children]
    return groups + [([], [c]) for c in free]
