"""Where a user belongs: by this window's texts, the segments' shares and the user's own past."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from interest_platform.clustering.carried.history import History
from interest_platform.numerics.unit import unit

SHARPNESSES = (1, 2, 4, 6, 9, 13, 20, 30, 45, 70)
MOVES = (0.02, 0.05, 0.1, 0.2, 0.35, 0.6, 1.0)
RETURNS = 10
"""Rows of returning users below which sharpness and moving stay what they were."""

ROUNDS = 2

TEMPERATURES = (0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.2)
ASTRAY = (0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5)
CALIBRATED = 50
"""Rows with two texts or more below which the calibration is `USUAL`."""


@dataclass(frozen=True)
class Calibration:
    """What makes a posterior mean what it says: it is taken to a power, the `temperature`, and with probability
    `astray` a text is of any segment, all alike. Neither changes anybody's most likely segment."""

    temperature: float
    astray: float

    def of(self, posterior: np.ndarray) -> np.ndarray:
        """The calibrated posterior (n, k), rows sum to 1."""
        told = np.maximum(posterior, 1e-12) ** self.temperature
        told /= told.sum(axis=1, keepdims=True)
        return np.asarray((1 - self.astray) * told + self.astray / told.shape[1])


USUAL = Calibration(0.4, 0.1)
"""That of most real texts that were measured."""


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
    likely, given their past alone.

    The posterior is then calibrated by the temperature (Guo, Pleiss, Sun and Weinberger 2017, "On calibration of
    modern neural networks") and the share of texts about something else under which the segments of a held-out half of
    users' texts are most likely, given the other half and the past.
    """
    filtered = _Filter(history, centroids)
    if centroids.shape[0] > 1 and filtered.returns >= RETURNS:
        for _ in range(ROUNDS):
            sharpness = max(SHARPNESSES, key=lambda each: filtered.likelihood(each, moving))
            moving = max(MOVES, key=lambda each: filtered.likelihood(sharpness, each))
    calibration = _calibration(history, filtered, centroids, sharpness, moving)
    posterior = filtered.posterior(sharpness, moving)[history.now]
    return Belief(calibration.of(posterior), float(sharpness), float(moving))


class _Filter:
    """The forward pass over the windows, for any sharpness and share of moving users."""

    def __init__(self, history: History, centroids: np.ndarray) -> None:
        cosines = history.vectors @ centroids.T
        labels, k = cosines.argmax(axis=1), len(centroids)
        self._nearness = _nearness(cosines)
        self._share = (np.bincount(labels, minlength=k) + 1) / (len(labels) + k)
        _, self._user = np.unique(history.users, return_inverse=True)
        self._windows = [np.flatnonzero(history.windows == w) for w in np.unique(history.windows)]
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
        likely, total = self._likely(self._nearness, sharpness), 0.0
        for rows, prior, back in self._passed(likely, moving):
            evidence = (prior[back] * likely[rows[back]]).sum(axis=1)
            total += float(np.log(np.maximum(evidence, 1e-12)).sum())
        return total

    def posterior(self, sharpness: float, moving: float, cosines: np.ndarray | None = None) -> np.ndarray:
        """The posterior of every row, by the windows until its own, (n, k).

        With the `cosines` (n, k) of a part of each row's texts it is what that part and the whole past tell.
        """
        likely = self._likely(self._nearness, sharpness)
        told = likely if cosines is None else self._likely(_nearness(cosines), sharpness)
        found = np.zeros_like(likely)
        for rows, prior, _ in self._passed(likely, moving):
            found[rows] = _normalised(prior * told[rows])
        return found

    def _likely(self, nearness: np.ndarray, sharpness: float) -> np.ndarray:
        """The likelihood (n, k) of each row's texts, over that of anybody's."""
        likely = np.exp(sharpness * nearness)
        return np.asarray(likely / (likely @ self._share)[:, None])

    def _passed(self, likely: np.ndarray, moving: float) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """By window from the oldest: its rows, their prior (n, k), and which are of users who were there before."""
        past, seen = np.zeros((self._users, len(self._share))), np.zeros(self._users, bool)
        for rows in self._windows:
            users = self._user[rows]
            back = seen[users]
            prior = np.where(back[:, None], (1 - moving) * past[users] + moving * self._share, self._share)
            yield rows, prior, back
            _remember(past, users, _normalised(prior * likely[rows]))
            seen[users] = True


def _nearness(cosines: np.ndarray) -> np.ndarray:
    """How much farther than the nearest centroid each is, as a log likelihood of sharpness 1, (n, k), 0 or less."""
    spread = max(float((2 - 2 * cosines.max(axis=1)).mean()), 1e-6)
    return np.asarray((2 * cosines - 2 * cosines.max(axis=1, keepdims=True)) / spread, np.float64)


def _normalised(joint: np.ndarray) -> np.ndarray:
    return np.asarray(joint / np.maximum(joint.sum(axis=1, keepdims=True), 1e-300))


def _calibration(
    history: History, filtered: _Filter, centroids: np.ndarray, sharpness: float, moving: float
) -> Calibration:
    """That by which half of users' texts and their past foretell the segment of the other half best."""
    two = np.abs(history.halves).sum(axis=1) > 0
    if int(two.sum()) < CALIBRATED or len(centroids) < 2:
        return USUAL
    half = history.vectors.copy()
    half[two] = unit(history.halves[two])
    foretold = filtered.posterior(sharpness, moving, half @ centroids.T)[two]
    held_out = (unit(history.vectors[two] - history.halves[two]) @ centroids.T).argmax(axis=1)
    rows = np.arange(len(held_out))
    best, least = USUAL, np.inf
    for temperature in TEMPERATURES:
        sure = Calibration(temperature, 0.0).of(foretold)[rows, held_out]
        for astray in ASTRAY:
            surprise = -float(np.log((1 - astray) * sure + astray / len(centroids)).sum())
            if surprise < least:
                best, least = Calibration(temperature, astray), surprise
    return best


def _remember(past: np.ndarray, users: np.ndarray, posterior: np.ndarray) -> None:
    """A user's belief is the mean over the user's rows: one with several interests has several."""
    told = np.unique(users)
    if len(told) == len(users):
        past[users] = posterior
        return
    past[told] = 0
    np.add.at(past, users, posterior)
    past[told] /= np.bincount(users, minlength=len(past))[told][:, None]
