"""What another policy would have earned, from the log of the one that ran."""

from dataclasses import dataclass

import numpy as np

from interest_platform.errors import ExperimentError
from interest_platform.recommendation.experiment.arguments import numbers, positive
from interest_platform.recommendation.experiment.estimate import Estimate


@dataclass(frozen=True)
class Logged:
    """What was shown, with which probability, and what came of it; all (n,), one row a choice.

    `rewards`: as seen. `propensities`: probability with which the policy that ran chose this item, above 0.
    `target`: probability with which the policy in question would choose it. `users`: codes; rows of one user are not
    independent, and standard errors are by user. `None`: each row is a user.
    """

    rewards: np.ndarray
    propensities: np.ndarray
    target: np.ndarray
    users: np.ndarray | None = None

    def __post_init__(self) -> None:
        n = numbers("rewards", self.rewards).size
        for name, given in (("propensities", self.propensities), ("target", self.target)):
            outside = (numbers(name, given, n) < 0) | (given > 1)
            if name == "propensities":
                outside |= given == 0
            if outside.any():
                bounds = "above 0 and at most 1" if name == "propensities" else "from 0 to 1"
                raise ExperimentError(f"{name} has {given[outside][0]:g}: probabilities are {bounds}")
        if self.users is not None and np.shape(self.users) != (n,):
            raise ExperimentError(f"users has shape {np.shape(self.users)} beside {n} rewards: give one code for each")

    def weights(self, clip: float | None = None) -> np.ndarray:
        """Target / propensity (n,), at most `clip`: less variance, and a bias that no interval here knows of."""
        raw = self.target / self.propensities
        return raw if clip is None else np.minimum(raw, positive("clip", clip))


def effective_size(weights: np.ndarray) -> float:
    """(sum w)^2 / sum w^2: how many rows of equal weight would be worth as much (Kish 1965); 0 where all are 0."""
    squares = float((weights**2).sum())
    return float(weights.sum()) ** 2 / squares if squares else 0.0


def inverse_propensity(log: Logged, clip: float | None = None) -> Estimate:
    """mean(w r): Horvitz and Thompson (1952). Without bias where every item of the target could be logged."""
    terms = log.weights(clip) * log.rewards
    return _of_mean(float(terms.mean()), terms - terms.mean(), log.users)


def self_normalised(log: Logged, clip: float | None = None) -> Estimate:
    """sum(w r) / sum(w): Hajek's ratio (Swaminathan and Joachims, NeurIPS 2015); bias falls as 1 / n.

    Standard error by the jackknife over users: terms w (r - value) / mean(w), each user's divided by 1 - their share of
    all weights; without that few users with large weights make intervals too short. Refused where the target would have
    chosen nothing that was logged.
    """
    weights = log.weights(clip)
    if not weights.sum():
        raise ExperimentError("all weights are 0: the log has no choice that the target policy would make")
    value = float(weights @ log.rewards / weights.sum())
    users = np.arange(weights.size) if log.users is None else np.unique(log.users, return_inverse=True)[1]
    others = 1 - (np.bincount(users, weights) / weights.sum())[users]
    if others.min() < 1e-9:
        raise ExperimentError("one user has all the weight: the log has too few choices that the target would make")
    return _of_mean(value, weights * (log.rewards - value) / weights.mean() / others, log.users)


def doubly_robust(log: Logged, of_logged: np.ndarray, of_target: np.ndarray, clip: float | None = None) -> Estimate:
    """mean(q_target + w (r - q_logged)): Dudik, Langford and Li (ICML 2011).

    `of_logged` (n,): the reward that a model expects of the item shown. `of_target` (n,): that it expects of the
    target policy in this row, sum over items of target probability x expected reward. Without bias where either the
    propensities or the model are right; the model must not be fitted to the same rewards, else the interval is short.
    """
    n = len(log.rewards)
    known, wanted = numbers("of_logged", of_logged, n), numbers("of_target", of_target, n)
    terms = wanted + log.weights(clip) * (log.rewards - known)
    return _of_mean(float(terms.mean()), terms - terms.mean(), log.users)


def _of_mean(value: float, centred: np.ndarray, users: np.ndarray | None) -> Estimate:
    """Standard error of a mean of n terms, summed by user first: sqrt(g / (g - 1) sum_u (sum of terms)^2) / n."""
    n = centred.size
    sums = centred if users is None else np.bincount(np.unique(users, return_inverse=True)[1], centred)
    if sums.size < 2:
        raise ExperimentError(f"{sums.size} user in the log: a spread needs two or more")
    variance = sums.size / (sums.size - 1) * float((sums**2).sum()) / n**2
    return Estimate(value, variance**0.5, sums.size - 1, n)
