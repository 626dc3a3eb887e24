"""Births, deaths and merges, each by a test of its own: overwhelming in this window, or adding up over the last two."""

from dataclasses import dataclass

import numpy as np

from interest_platform.clustering.carried.fitting import fresh
from interest_platform.clustering.carried.history import History
from interest_platform.numerics.unit import unit

BIRTH_AT_ONCE, BIRTH_IN_TWO = 4.2, 3.3
"""Standard errors by which a place is fuller than before, counted on half of the users, for a birth: in one window, in
both of the last two. In windows of six streams without a change the fullest of all places had 3.8 at most."""

TRIED = 8
"""Users of now that a segment has at least to be tried for a place."""

FITTED = 4
"""Of these, in the half of the users that a place is found on."""

BIRTH_TIMES = 3.0
"""How many times as full as before a place has to be: that a segment grows is no birth."""

BIRTH_EACH = 2.0
"""The same for each of the two windows."""

BIRTH_USERS, BIRTH_SHARE = 6, 0.04
"""Users, and share of the window's, that a newborn segment has at least."""

BIRTH_SEEN = 10
"""Different users who are in it in the windows that show it, at least: else, of reviews by a dozen users a month, any
three of a kind would be a segment."""

BIRTH_APART = 0.5
"""How far a newborn segment is from the nearest one at least, as a share of the median distance of the others to their
nearest one: what is nearer is a finer cut of a segment, and whether cuts are finer is measured, not born. Without it
a dozen kinds of gift cards and soaps were born where the reviews have six categories (AMI .57 for .63)."""

DEATH_AT_ONCE, DEATH_IN_TWO = 4.5, 3.5
"""Standard errors by which a segment has fewer users than before, for a death."""

DEATH_SHARE = 0.35
"""What is left at most of the users that would have been expected: texts off topic look like any segment."""

MERGE_NATS = 6.0
"""Log likelihood by which returning users of two segments mix rather than keep to their sides: odds of 400 to 1."""

MERGE_USERS, MERGE_PAST, MERGE_SIDE = 8, 8, 4
"""Returning users of both segments now and before, and of each now, at least."""

KEPT, KEPT_TRUST = 0.85, 4.0
"""The share of users who keep to their side where nothing is known yet, and for how many users that counts."""

BEFORE_DEATH = 4
"""Windows before that tell how many users are expected."""

FEW, ENOUGH = 15, 30
"""Rows of this window and of those before below which nothing is tested."""


@dataclass(frozen=True)
class Birth:
    """A new segment's centroid, and how it was seen: `windows` ago is when it began; `sure` is false where one window
    shows it and another one has to."""

    centroid: np.ndarray
    evidence: str
    windows: int = 0
    sure: bool = True


@dataclass(frozen=True)
class Death:
    """The segment's position, and how it was seen, as for a birth."""

    at: int
    evidence: str
    windows: int = 0
    sure: bool = True


@dataclass(frozen=True)
class Merge:
    """The positions of two segments, the centroid of their users now, how it was seen, and since how many windows."""

    pair: tuple[int, int]
    centroid: np.ndarray
    evidence: str
    windows: int = 0


def birth(history: History, centroids: np.ndarray) -> Birth | None:
    """A place that this window's users fill and earlier ones did not; None where there is none.

    Where this window alone shows it with `BIRTH_IN_TWO` but not `BIRTH_AT_ONCE`, the birth is not sure.
    Places are tried by cutting each segment's users of now in two. A place found on one half of the users is counted on
    the other half, so that it is not fuller merely for having been looked for.
    """
    suspected = None
    for ago in (0, 1):
        now = history.since(ago)
        if ago and not (history.windows == -ago).any():
            break
        if now.sum() < FEW or (~now).sum() < ENOUGH:
            continue
        place, score = _fullest(history.where(now), history.vectors[~now], centroids, BIRTH_IN_TWO)
        if place is not None and (told := _settled(history, centroids, place, ago)) is not None:
            share, before = told[1:]
            text = f"{share:.0%} of users are where {before:.1%} were before ({score:.1f} standard errors)"
            if ago or score > BIRTH_AT_ONCE:
                return Birth(told[0], text, ago)
            suspected = Birth(told[0], text, sure=False)
    return suspected


def _fullest(now: History, before: np.ndarray, centroids: np.ndarray, need: float) -> tuple[np.ndarray | None, float]:
    """The place that is fuller by most standard errors, at least `need`, and these."""
    labels = (now.vectors @ centroids.T).argmax(axis=1)
    side = _sides(now.users, len(now))
    best, found = need, None
    for cluster in range(len(centroids)):
        at = np.flatnonzero(labels == cluster)
        if len(at) < TRIED:
            continue
        for place in fresh(now.vectors[at], 2, 0):
            scores = [
                told
                for part in (side, ~side)
                if (told := _fuller(now, before, centroids, at[part[at]], ~part, place)) is not None
            ]
            if len(scores) == 2 and (score := (scores[0][0] + scores[1][0]) / 2) > best:
                times, users = (scores[0][1] + scores[1][1]) / 2, scores[0][2] + scores[1][2]
                if times >= BIRTH_TIMES and users >= BIRTH_USERS:
                    best, found = score, place
    return found, best


def _fuller(
    now: History, before: np.ndarray, centroids: np.ndarray, fitted: np.ndarray, counted: np.ndarray, place: np.ndarray
) -> tuple[float, float, int] | None:
    """(standard errors, times, users) by which the place is fuller, found on some rows and counted on others.

    None where there are too few rows, or where one of the windows alone does not show it.
    """
    if len(fitted) < FITTED:
        return None
    parts = fresh(now.vectors[fitted], 2, 1)
    with_place = np.vstack([centroids, parts[int((parts @ place).argmax())]])
    k = len(centroids)
    here = (now.vectors[counted] @ with_place.T).argmax(axis=1) == k
    then = (before @ with_place.T).argmax(axis=1) == k
    share, past = (here.sum() + 0.5) / (len(here) + 1), (then.sum() + 0.5) / (len(then) + 1)
    windows = now.windows[counted]
    if len(np.unique(windows)) > 1 and any(here[windows == w].mean() < BIRTH_EACH * past for w in np.unique(windows)):
        return None
    pooled = (here.sum() + then.sum() + 0.5) / (len(here) + len(then) + 1)
    error = np.sqrt(pooled * (1 - pooled) * (1 / max(len(here), 1) + 1 / len(then)))
    return float((share - past) / error), float(share / past), int(here.sum())


def _settled(
    history: History, centroids: np.ndarray, place: np.ndarray, ago: int
) -> tuple[np.ndarray, float, float] | None:
    """The place moved to the mean of the users around it, their share of now and of before; None where few are left."""
    recent, k = history.vectors[history.since(1)], len(centroids)
    all_of_them = np.vstack([centroids, place])
    for _ in range(4):
        near = recent[(recent @ all_of_them.T).argmax(axis=1) == k]
        if len(near):
            all_of_them[k] = unit(near.sum(axis=0))
    inside = (history.vectors @ all_of_them.T).argmax(axis=1) == k
    now, before = history.now, ~history.since(max(ago, 1))
    users, past = int(inside[now].sum()), (inside[before].sum() + 0.5) / (before.sum() + 1)
    share = users / max(int(now.sum()), 1)
    if users < max(BIRTH_USERS, BIRTH_SHARE * now.sum()) or share < BIRTH_TIMES * past:
        return None
    if len(np.unique(history.users[inside & history.since(ago)])) < BIRTH_SEEN or not _apart(centroids, all_of_them[k]):
        return None
    return all_of_them[k], share, float(past)


def _apart(centroids: np.ndarray, place: np.ndarray) -> bool:
    """Whether the place is as far from the segments as they are from each other; two have no scale for it."""
    if len(centroids) < 3:
        return True
    distances = 1 - centroids @ centroids.T
    np.fill_diagonal(distances, np.inf)
    return bool(1 - (centroids @ place).max() >= BIRTH_APART * np.median(distances.min(axis=1)))


def _sides(users: np.ndarray, rows: int) -> np.ndarray:
    """Half of the users, by row, (n,) bool."""
    _, number = np.unique(users, return_inverse=True)
    order = np.random.default_rng(rows).permutation(int(number.max()) + 1)
    return np.asarray((order % 2 == 0)[number])


def deaths(history: History, centroids: np.ndarray, ages: tuple[int, ...]) -> list[Death]:
    """Segments with far fewer users than would be expected from the last windows; none that has just begun.

    Where this window alone shows it with `DEATH_IN_TWO` but not `DEATH_AT_ONCE`, the death is not sure.
    """
    labels, found = (history.vectors @ centroids.T).argmax(axis=1), []
    for at in (at for at, age in enumerate(ages) if age > 1):
        inside = labels == at
        once, twice = (_fewer(history, inside, ago) for ago in (0, 1))
        if once is not None and once[0] >= DEATH_AT_ONCE:
            found.append(Death(at, once[1]))
        elif twice is not None:
            found.append(Death(at, twice[1], windows=1))
        elif once is not None:
            found.append(Death(at, once[1], sure=False))
    return found


def _fewer(history: History, inside: np.ndarray, ago: int) -> tuple[float, str] | None:
    """By how many standard errors a segment has fewer users since so many windows, and how many.

    None where it is less than `DEATH_IN_TWO`, or one of the windows does not show it.
    """
    now = history.since(ago)
    then = ~now & history.since(ago + 1 + BEFORE_DEATH)
    rows, rows_before = int(now.sum()), int(then.sum())
    if rows < FEW or rows_before < ENOUGH:
        return None
    here, before = int(inside[now].sum()), int(inside[then].sum())
    pooled, share = (here + before + 1) / (rows + rows_before + 2), (before + 0.5) / (rows_before + 1)
    score = (share * rows - here) / np.sqrt(rows * pooled * (1 - pooled) * (1 + rows / rows_before))
    each = (history.windows == window for window in np.unique(history.windows[now]))
    few = all(inside[of].sum() <= DEATH_SHARE * share * of.sum() + 0.5 for of in each)
    return (
        (float(score), f"{here} users where {share * rows:.0f} were expected")
        if few and score >= DEATH_IN_TWO
        else None
    )


def merge(history: History, centroids: np.ndarray, ages: tuple[int, ...]) -> Merge | None:
    """Two segments whose returning users no longer keep to their sides; the pair with the strongest evidence."""
    labels = (history.vectors @ centroids.T).argmax(axis=1)
    order = np.lexsort((history.windows, history.users))
    before, after = order[:-1], order[1:]
    same = (history.users[before] == history.users[after]) & (history.windows[before] < history.windows[after])
    came, went, windows = labels[before[same]], labels[after[same]], history.windows[after[same]]
    best, found = MERGE_NATS, None
    for one in range(len(centroids)):
        for other in range(one):
            if min(ages[one], ages[other]) <= 1:
                continue
            inside = np.isin(came, (one, other)) & np.isin(went, (one, other))
            for ago in (0, 1):
                nats, told = _mixing(came == one, went == one, inside & (windows >= -ago), inside & (windows < -ago))
                if nats > best:
                    best, found = nats, ((other, one), told, ago)
    if found is None:
        return None
    rows = np.isin(labels, found[0]) & history.since(1)
    return Merge(found[0], unit(history.vectors[rows].sum(axis=0)), found[1], found[2])


def _mixing(came: np.ndarray, went: np.ndarray, now: np.ndarray, past: np.ndarray) -> tuple[float, str]:
    """Log likelihood of now's users mixing against keeping to their sides as they did in the past, and a sentence."""
    users, kept = int(now.sum()), came == went
    sides = int((came & now).sum()), int((~came & now).sum())
    crossed = int((came & ~went & now).sum()), int((~came & went & now).sum())
    if users < MERGE_USERS or past.sum() < MERGE_PAST or min(sides) < MERGE_SIDE or min(crossed) < 2:
        return 0.0, ""
    keep = (kept[past].sum() + KEPT_TRUST * KEPT) / (past.sum() + KEPT_TRUST)
    share = went[now].mean()
    mix = (sides[0] * share + sides[1] * (1 - share)) / users
    stayed, floor = int(kept[now].sum()), 1e-3
    nats = stayed * np.log(max(mix, floor) / max(keep, floor))
    nats += (users - stayed) * np.log(max(1 - mix, floor) / max(1 - keep, floor))
    return float(nats), f"{stayed} of {users} returning users kept to their side; before, {keep:.0%} did"
