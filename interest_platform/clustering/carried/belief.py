"""Where a user belongs: by this window's texts, the segments' shares and the user's own past."""

from dataclasses import dataclass, replace

import numpy as np

from interest_platform.clustering.carried.history import History
from interest_platform.numerics.unit import unit

SHARPNESSES = (1, 2, 4, 6, 9, 13, 20, 30, 45, 70)
MOVES = (0.02, 0.05, 0.1, 0.2, 0.35, 0.6, 1.0)
RETURNS = 10
"""Rows of returning users below which sharpness and moving stay what they were."""

ROUNDS = 2

TEMPERATURES = (0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.2)
TEMPERED = 50
"""Rows with two texts or more below which the temperature is `USUAL`."""

USUAL = 0.4
"""Temperature of most real texts that were measured: .3 to .6."""


@dataclass(frozen=True)
class Belief:
    """`posterior` (n, k) of this window's rows, rows sum to 1, and the two numbers that it was made with."""

    posterior: np.ndarray
    sharpness: float
    moving: float
    temperature: float = 1.0


def believe(history: History, centroids: np.ndarray, sharpness: float, moving: float) -> Belief:
    """P(segment | this window's texts, the user's past) for every row of this window.

    A hidden Markov model a user: with probability 1 - `moving` users are where they were, else anywhere by the
    segments' shares; a vector's likelihood falls with its squared distance to the centroid, in units of the mean
    distance to the own one, times `sharpness`. Both numbers are those under which what returning users wrote was most
    likely, given their past alone.

    The posterior is then taken to a power, so that it means what it says: the one under which the segments of a
    held-out half of users' texts are most likely, given the other half and the past (one temperature: Guo, Pleiss, Sun
    and Weinberger 2017, "On calibration of modern neural networks"). That changes nobody's most likely segment.
    """
    filtered = _Filter(history, centroids)
    if centroids.shape[0] > 1 and filtered.returns >= RETURNS:
        for _ in range(ROUNDS):
            sharpness = max(SHARPNESSES, key=lambda each: filtered.likelihood(each, moving))
            moving = max(MOVES, key=lambda each: filtered.likelihood(sharpness, each))
    temperature = _temperature(history, centroids, sharpness, moving)
    posterior = filtered.run(sharpness, moving)[1] ** temperature
    posterior /= np.maximum(posterior.sum(axis=1, keepdims=True), 1e-300)
    return Belief(posterior, float(sharpness), float(moving), temperature)


class _Filter:
    """The forward pass over the windows, for any sharpness and share of moving users."""

    def __init__(self, history: History, centroids: np.ndarray) -> None:
        cosines = history.vectors @ centroids.T
        labels, k = cosines.argmax(axis=1), len(centroids)
        spread = max(float((2 - 2 * cosines.max(axis=1)).mean()), 1e-6)
        self._nearness = ((2 * cosines - 2 * cosines.max(axis=1, keepdims=True)) / spread).astype(np.float64)
        self._share = (np.bincount(labels, minlength=k) + 1) / (len(labels) + k)
        _, self._user = np.unique(history.users, return_inverse=True)
        self._windows = [np.flatnonzero(history.windows == w) for w in np.unique(history.windows)]
        self._now = np.flatnonzero(history.now)
        self._users = int(self._user.max()) + 1 if len(self._user) else 0
        self.returns = self._returns()

    def _returns(self) -> int:
        """Rows of users who have been there before."""
        seen, count = np.zeros(self._users, bool), 0
        for rows in self._windows:
            count += int(seen[self._user[rows]].sum())
            seen[self._user[rows]] = True
        return count

    def likelihood(self, sharpness: float, moving: float) -> float:
        """Log likelihood of what returning users wrote, given their past."""
        return self.run(sharpness, moving)[0]

    def run(self, sharpness: float, moving: float) -> tuple[float, np.ndarray]:
        """That, and the posterior of this window's rows."""
        total, posteriors = self._passed(sharpness, moving)
        return total, posteriors[self._now]

    def everywhere(self, sharpness: float, moving: float) -> np.ndarray:
        """The posterior of every row, by the windows until its own, (n, k)."""
        return self._passed(sharpness, moving)[1]

    def _passed(self, sharpness: float, moving: float) -> tuple[float, np.ndarray]:
        k = len(self._share)
        likely = np.exp(sharpness * self._nearness)
        likely /= (likely @ self._share)[:, None]
        past, seen = np.zeros((self._users, k)), np.zeros(self._users, bool)
        total, found = 0.0, np.zeros((len(self._user), k))
        for rows in self._windows:
            users = self._user[rows]
            back = seen[users]
            prior = np.where(back[:, None], (1 - moving) * past[users] + moving * self._share, self._share)
            joint = prior * likely[rows]
            evidence = joint.sum(axis=1)
            total += float(np.log(np.maximum(evidence[back], 1e-12)).sum())
            posterior = joint / np.maximum(evidence, 1e-300)[:, None]
            found[rows] = posterior
            _remember(past, users, posterior)
            seen[users] = True
        return total, found


def _temperature(history: History, centroids: np.ndarray, sharpness: float, moving: float) -> float:
    """The power under which posteriors from half of users' texts foretell the segment of the other half best."""
    two = np.abs(history.halves).sum(axis=1) > 0
    if int(two.sum()) < TEMPERED or len(centroids) < 2:
        return USUAL
    vectors = history.vectors.copy()
    vectors[two] = unit(history.halves[two])
    seen = _Filter(replace(history, vectors=vectors), centroids)
    foretold = np.maximum(seen.everywhere(sharpness, moving)[two], 1e-12)
    held_out = (unit(history.vectors[two] - history.halves[two]) @ centroids.T).argmax(axis=1)
    rows = np.arange(len(held_out))

    def surprise(power: float) -> float:
        told = foretold**power
        return float(-np.log(told[rows, held_out] / told.sum(axis=1)).sum())

    return min(TEMPERATURES, key=surprise)


def _remember(past: np.ndarray, users: np.ndarray, posterior: np.ndarray) -> None:
    """A user's belief is the mean over the user's rows: one with several interests has several."""
    told = np.unique(users)
    if len(told) == len(users):
        past[users] = posterior
        return
    past[told] = 0
    np.add.at(past, users, posterior)
    past[told] /= np.bincount(users, minlength=len(past))[told][:, None]
