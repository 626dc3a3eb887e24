"""Themes: groups of segments between which the same users write, coarse over the finer segments."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from interest_platform.clustering.carried.lineage import matched
from interest_platform.clustering.carried.reproducibility import PAIRS, Pairs, entropy
from interest_platform.clustering.carried.state import Change, State

Groups = tuple[tuple[int, ...], ...]
"""The segments of each theme, by number."""

FEWEST_SEGMENTS = 4
"""Segments below which there is nothing to group."""

POWER = 0.25
"""Power of the entropy of the themes' shares in what is best: half of that for segments. With 0 a few segments stand
against all others."""

TREE = 1.02
"""How much better the best themes are than the segments themselves, at least, for a tree to hold."""

STAY = 0.9
"""Share of the best themes' value with which the themes there are stay."""

COARSE = 2 / 3
"""Themes that there are at most, as a share of the segments: a theme of nearly every segment is no coarser level."""

PAIRS_EACH = 8
"""Pairs of halves in two groups, at least, for these to be joined."""


def themes_after(changes: Sequence[Change], themes: Mapping[str, str]) -> dict[str, str]:
    """The theme of each segment by lineage after the changes: parts and wholes are in the theme they came from."""
    found = dict(themes)
    for change in changes:
        of = next((themes[parent] for parent in change.parents if parent in themes), None)
        for child in change.children:
            if of is not None:
                found[child] = of
    return found


def measured_themes(pairs: Pairs, state: State, themes: Mapping[str, str], names: Iterator[str]) -> dict[str, str]:
    """The theme of each segment of the state by lineage, measured anew; empty where no tree holds.

    Step by step, the two groups are joined between which users' halves mix most, by Cohen's kappa within the two. Of
    all the steps the best one is taken: agreement of the halves (adjusted mutual information) times the entropy of the
    shares to the power `POWER`. A tree holds if that is `TREE` times what segments have. The `themes` of before stay
    while they have `STAY` of the best, that of the segments by themselves included. A theme keeps its name while it
    has most of its users; `names` gives new ones.
    """
    centroids, lineages = state.centroids, state.lineages
    if state.k < FEWEST_SEGMENTS or len(pairs) < PAIRS:
        return {}
    halves = (pairs.one @ centroids.T).argmax(axis=1), (pairs.other @ centroids.T).argmax(axis=1)
    own, *joined = _joined(_counts(halves, state.k))
    value = {
        groups: _value(halves, groups) for groups in (own, *joined) if groups == own or len(groups) <= COARSE * state.k
    }
    old = _there_are(lineages, themes, names)
    if 1 < len(old) <= COARSE * state.k and _value(halves, tuple(old.values())) >= STAY * max(value.values()):
        return {lineages[each]: name for name, group in old.items() for each in group}
    groups = max(value, key=lambda each: value[each])
    if value[groups] < TREE * value[own]:
        return {}
    users = np.bincount(np.concatenate(halves), minlength=state.k)
    flows = np.array([[users[np.intersect1d(one, two)].sum() for two in groups] for one in old.values()], float)
    named = matched(flows, list(old), names)[0] if old else tuple(next(names) for _ in groups)
    return {lineages[each]: name for name, group in zip(named, groups, strict=True) for each in group}


def _counts(halves: tuple[np.ndarray, np.ndarray], k: int) -> np.ndarray:
    """How many pairs have one half in a segment and the other in another, (k, k), symmetric."""
    counts = np.zeros((k, k))
    np.add.at(counts, halves, 0.5)
    return counts + counts.T


def _joined(counts: np.ndarray) -> Iterator[Groups]:
    """The segments themselves, then with one join more each, down to two groups."""
    groups: list[tuple[int, ...]] = [(each,) for each in range(len(counts))]
    yield tuple(groups)
    while len(groups) > 2:
        kept = [(_kept(counts, one, two), one, two) for two in range(len(groups)) for one in range(two)]
        least, one, two = min(kept)
        if not np.isfinite(least):
            return
        counts = counts.copy()
        counts[one] += counts[two]
        counts[:, one] += counts[:, two]
        counts = np.delete(np.delete(counts, two, 0), two, 1)
        groups[one] = (*groups[one], *groups.pop(two))
        yield tuple(groups)


def _kept(counts: np.ndarray, one: int, two: int) -> float:
    """Cohen's kappa of the halves within two groups: 1 where users keep to one of them, 0 where they mix.

    One more pair is counted as kept, so that a few prove nothing; infinite with fewer than `PAIRS_EACH`.
    """
    same, crossed = counts[one, one] + counts[two, two], counts[one, two]
    pairs = same + 2 * crossed
    if pairs < PAIRS_EACH:
        return np.inf
    share = (counts[one, one] + crossed) / pairs
    chance = share**2 + (1 - share) ** 2
    return float(((same + 1) / (pairs + 1) - chance) / max(1 - chance, 0.05))


def _value(halves: tuple[np.ndarray, np.ndarray], groups: Groups) -> float:
    from sklearn.metrics import adjusted_mutual_info_score

    of = np.zeros(1 + max(each for group in groups for each in group), np.int64)
    for number, group in enumerate(groups):
        of[list(group)] = number
    one, other = of[halves[0]], of[halves[1]]
    return float(adjusted_mutual_info_score(one, other) * entropy(one) ** POWER)


def _there_are(lineages: Sequence[str], themes: Mapping[str, str], names: Iterator[str]) -> dict[str, tuple[int, ...]]:
    """The segments of each theme there is; a newborn segment is a theme by itself. None where there are no themes."""
    found: dict[str, tuple[int, ...]] = {}
    for number, lineage in enumerate(lineages if themes else ()):
        name = themes.get(lineage) or next(names)
        found[name] = (*found.get(name, ()), number)
    return found
