"""Where a user belongs: by this window's texts, the segments' shares and the user's own past."""

from dataclasses import dataclass

import numpy as np

from interest_platform.clustering.carried.history import History

SHARPNESSES = (1, 2, 4, 6, 9, 13, 20, 30, 45, 70)
MOVES = (0.02, 0.05, 0.1, 0.2, 0.35, 0.6, 1.0)
RETURNS = 10
"""Rows of returning users below which sharpness and moving stay what they were."""

ROUNDS = 2


@dataclass(frozen=True)
class Belief:
    """`posterior` (n, k) of this window's rows, rows sum to 1, and the two numbers that it was made with."""

    posterior: np.ndarray
    sharpness: float
    moving: float


def believe(history: History, centroids: np.ndarray, sharpness: float, moving: float) -> Belief:
    """P(segment | this window's texts, the user's past) for every row of this window.

    A hidden Markov model a user: with probability 1 - `moving` users are where they were, else anywhere by the
    segments' shares; a vector's likelihood falls with its squared distance to the centroid, in units of the mean
    distance to the own one, times `sharpness`. Both numbers are those under which what returning users wrote was most
    likely, given their past alone; that is what makes the probabilities mean what they say.
    """
    filtered = _Filter(history, centroids)
    if centroids.shape[0] > 1 and filtered.returns >= RETURNS:
        for _ in range(ROUNDS):
            sharpness = max(SHARPNESSES, key=lambda each: filtered.likelihood(each, moving))
            moving = max(MOVES, key=lambda each: filtered.likelihood(sharpness, each))
    return Belief(filtered.run(sharpness, moving)[1], float(sharpness), float(moving))


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
        k = len(self._share)
        likely = np.exp(sharpness * self._nearness)
        likely /= (likely @ self._share)[:, None]
        past, seen = np.zeros((self._users, k)), np.zeros(self._users, bool)
        total, posterior = 0.0, np.zeros((0, k))
        for rows in self._windows:
            users = self._user[rows]
            back = seen[users]
            prior = np.where(back[:, None], (1 - moving) * past[users] + moving * self._share, self._share)
            joint = prior * likely[rows]
            evidence = joint.sum(axis=1)
            total += float(np.log(np.maximum(evidence[back], 1e-12)).sum())
            posterior = joint / np.maximum(evidence, 1e-300)[:, None]
            _remember(past, users, posterior)
            seen[users] = True
        return total, posterior if len(self._now) else np.zeros((0, k))


def _remember(past: np.ndarray, users: np.ndarray, posterior: np.ndarray) -> None:
    """A user's belief is the mean over the user's rows: one with several interests has several."""
    told = np.unique(users)
    if len(told) == len(users):
        past[users] = posterior
        return
    past[told] = 0
    np.add.at(past, users, posterior)
    past[told] /= np.bincount(users, minlength=len(past))[told][:, None]
