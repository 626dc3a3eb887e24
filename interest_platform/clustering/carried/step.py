"""One window: segments are carried on, measured anew where there is new evidence, and changed where it is strong."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import count

import numpy as np

from interest_platform.clustering.carried import changes
from interest_platform.clustering.carried.belief import believe
from interest_platform.clustering.carried.fitting import moved_to, steps
from interest_platform.clustering.carried.history import MOST, OLDEST, History
from interest_platform.clustering.carried.lineage import matched
from interest_platform.clustering.carried.reproducibility import (
    FEWEST,
    KS,
    PLAIN,
    Agreement,
    Pairs,
    agreements,
    is_due,
    most_segments,
    pairs_of,
)
from interest_platform.clustering.carried.resolution import DETAILS, agreement_at, chosen_k, has_grown
from interest_platform.clustering.carried.state import Change, State
from interest_platform.clustering.carried.themes import measured_themes, themes_after
from interest_platform.numerics.unit import unit

SETTLING = 6
"""Steps of the carried centroids over the pooled windows: they follow their users without forgetting them."""

NOBODYS = ("",)
"""Lineages of the one segment that all users are in before anything is known."""

BEGINNING_EACH = 8
"""Users of this window a segment, at least, at a beginning: where history is long and nothing was carried yet, the
pooled windows tell far more segments apart than the window can fill."""

REMEMBERED = 10
"""Rows of earlier windows from which on these alone tell which segment is which: a newcomer is in no old one."""


@dataclass(frozen=True)
class Carried:
    """A window's segments: `posterior` (n, k) of its rows in the order of the history, the state after it, its changes.

    `measured` are the agreements by number of segments, empty where they were not measured in this window;
    `reproducibility` the agreement of the number taken, where it was. `provisional` are changes that this window shows
    and the next one has to confirm before they are believed, in words.
    """

    posterior: np.ndarray
    state: State
    changes: tuple[Change, ...]
    measured: Mapping[int, Agreement]
    provisional: tuple[str, ...] = ()

    @property
    def reproducibility(self) -> float | None:
        """Agreement, by AMI, of users' halves about these segments; None where it was not measured in this window."""
        return agreement_at(self.measured, self.state.k)


def carry(
    history: History, last: State | None, window: str, detail: str = "normal", k_range: tuple[int, int] = (1, KS[-1])
) -> Carried:
    """Carry the segments of the last window into this one; `last` is None where nothing is known yet.

    There are as many segments as `k_range` allows, both included, as far as there are different users. Segments that
    begin are called by the window's name and a number. The same history and state give the same result;
    sums are taken in the history's order, by one thread where the caller sees to that.
    """
    first, names = last is None, (f"{window}.{number}" for number in count(1))
    state = _aged(last) if last is not None else State(unit(history.vectors.sum(axis=0, keepdims=True)), NOBODYS, (0,))
    history = history.where(_not_ended(history, state))
    if state.k > 1:
        state = replace(state, centroids=steps(history.vectors, state.centroids, SETTLING))
    elif len(history):
        state = replace(state, centroids=unit(history.vectors.sum(axis=0, keepdims=True)))
    pairs = pairs_of(history.sample(MOST))
    state, told, measured = _measured(history, pairs, state, detail, k_range, names)
    provisional: tuple[str, ...] = ()
    if not told and state.k > 1 and len(np.unique(history.windows)) > 2:
        state, told, provisional, history = _changed(history, state, k_range, names)
    if first:
        state = replace(state, lineages=tuple(f"{window}.{number}" for number in range(1, state.k + 1)))
        told = tuple(Change("birth", (), (lineage,), "the first window") for lineage in state.lineages)
    themes = themes_after(told, state.themes)
    if (agreed := agreement_at(measured, state.k)) is not None and agreed >= PLAIN:
        themes = measured_themes(pairs, state, themes, (f"{window}.t{number}" for number in count(1)))
    belief = believe(history, state.centroids, state.sharpness, state.moving)
    kept = {lineage: themes[lineage] for lineage in state.lineages if lineage in themes}
    state = replace(state, themes=kept, sharpness=belief.sharpness, moving=belief.moving)
    return Carried(belief.posterior, state, told, measured, provisional)


def _aged(last: State) -> State:
    """The state a window later; what ended before all that is pooled is forgotten."""
    ended = [ago + 1 for ago in last.ended_ago]
    kept = [number for number, ago in enumerate(ended) if ago < OLDEST]
    return replace(
        last,
        ages=tuple(age + 1 for age in last.ages),
        ended=last.ended[kept] if kept else np.zeros((0, 0), np.float32),
        ended_ago=tuple(ended[number] for number in kept),
        ended_lineages=tuple(last.ended_lineages[number] for number in kept),
        measured_ago=None if last.measured_ago is None else last.measured_ago + 1,
    )


def _not_ended(history: History, state: State) -> np.ndarray:
    """Rows that are not of a segment that has ended, (n,) bool; rows of after its end never are."""
    if not len(state.ended):
        return np.ones(len(history), bool)
    near = (history.vectors @ np.vstack([state.centroids, state.ended]).T).argmax(axis=1)
    ended_at = np.concatenate([np.full(state.k, -np.inf), -np.array(state.ended_ago, float)])
    return np.asarray(history.windows >= ended_at[near])


def _measured(
    history: History, pairs: Pairs, state: State, detail: str, k_range: tuple[int, int], names: Iterator[str]
) -> tuple[State, tuple[Change, ...], Mapping[int, Agreement]]:
    """The state with as many segments as are measured, where it is time to measure."""
    seen, measured, wanted = history.sample(MOST), {}, state.k
    if most_segments(seen, pairs) >= FEWEST and is_due(pairs, state.measured_ago):
        measured, state = agreements(seen, pairs, k_range), replace(state, measured_ago=0)
        grown = has_grown(measured, state.chosen_of)
        wanted = chosen_k(measured, state.k, DETAILS[detail], grown)
        if measured and wanted > 1 and (grown or wanted != state.k):
            state = replace(state, chosen_of=max(measured))
    if state.lineages == NOBODYS:
        wanted = min(wanted, max(1, int(history.now.sum()) // BEGINNING_EACH))
    wanted = min(max(wanted, k_range[0]), k_range[1])
    if wanted == state.k:
        return state, (), measured
    centroids = moved_to(history.vectors, state.centroids, wanted)
    before = history.where(~history.now)
    rows = (before if len(before) >= REMEMBERED else history).vectors
    flows = np.zeros((state.k, len(centroids)))
    np.add.at(flows, tuple((rows @ each.T).argmax(axis=1) for each in (state.centroids, centroids)), 1)
    lineages, changed = matched(flows, state.lineages, names)
    known = dict(zip(state.lineages, state.ages, strict=True))
    ages = tuple(known.get(lineage, 0) for lineage in lineages)
    return replace(state, centroids=centroids, lineages=lineages, ages=ages), changed, measured


def _changed(
    history: History, state: State, k_range: tuple[int, int], names: Iterator[str]
) -> tuple[State, tuple[Change, ...], tuple[str, ...], History]:
    """The state after the births, deaths and merges that there is evidence of, what the next window has to confirm, and
    the history without the dead."""
    told: list[Change] = []
    low, high = k_range
    expected: list[str] = []
    if state.k < high and (born := changes.birth(history, state.centroids)) is not None:
        if born.sure:
            state = _with(state, born.centroid, name := next(names))
            told.append(Change("birth", (), (name,), born.evidence, born.windows))
        else:
            expected.append(f"birth: {born.evidence}")
    found = changes.deaths(history, state.centroids, state.ages)
    expected += [f"death of {state.lineages[death.at]}: {death.evidence}" for death in found if not death.sure]
    gone = [death for death in found if death.sure][: max(state.k - max(low, 1), 0)]
    for death in gone:
        told.append(Change("death", (state.lineages[death.at],), (), death.evidence, death.windows))
    if gone:
        state = _without(state, [death.at for death in gone], ended=True)
        history = history.where(_not_ended(history, state))
    if state.k > low and (merged := changes.merge(history, state.centroids, state.ages)) is not None:
        parents = tuple(sorted(state.lineages[at] for at in merged.pair))
        state = _with(_without(state, list(merged.pair), ended=False), merged.centroid, name := next(names))
        told.append(Change("merge", parents, (name,), merged.evidence, merged.windows))
    return state, tuple(told), tuple(expected), history


def _with(state: State, centroid: np.ndarray, lineage: str) -> State:
    return replace(
        state,
        centroids=np.vstack([state.centroids, centroid]).astype(np.float32),
        lineages=(*state.lineages, lineage),
        ages=(*state.ages, 0),
    )


def _without(state: State, at: list[int], ended: bool) -> State:
    kept = [number for number in range(state.k) if number not in at]
    gone = state.centroids[at] if ended else state.centroids[:0]
    before = state.ended if len(state.ended) else state.centroids[:0]
    return replace(
        state,
        centroids=state.centroids[kept],
        lineages=tuple(state.lineages[number] for number in kept),
        ages=tuple(state.ages[number] for number in kept),
        ended=np.vstack([before, gone]),
        ended_ago=state.ended_ago + (0,) * len(gone),
        ended_lineages=state.ended_lineages + tuple(state.lineages[number] for number in at if ended),
    )
