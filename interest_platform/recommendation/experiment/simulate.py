"""A world whose truth is known, made from a replayed window: what proves that intervals cover."""

from dataclasses import dataclass

import numpy as np

from interest_platform.errors import ExperimentError
from interest_platform.recommendation.experiment.arguments import positive
from interest_platform.recommendation.experiment.off_policy import Logged
from interest_platform.recommendation.interactions import Interactions

MOST_CELLS = 50_000_000
"""Users x items of a world: it is dense (400 MB)."""


@dataclass(frozen=True)
class World:
    """`clicks` (n, m): the probability that a user clicks an item that is shown to them."""

    clicks: np.ndarray

    def value(self, policy: np.ndarray) -> np.ndarray:
        """The probability of a click on one item that the policy (n, m) chooses, of each user (n,)."""
        return np.einsum("nm,nm->n", policy, self.clicks)


def replayed(interactions: Interactions, least: float = 0.02, most: float = 0.5) -> World:
    """From a window's interactions: click probabilities from `least` to `most`, larger for items like the user's own.

    A user's affinity is their binary row times the items' cosine similarity, divided by the largest of all; so
    activity, popularity and taste are the data's, and no cell is 0.
    """
    if not 0 < least < most <= 1:
        raise ExperimentError(f"click probabilities from {least} to {most}: give 0 < least < most <= 1")
    seen = interactions.binary
    if not seen.nnz:
        raise ExperimentError("the window has no interactions: there is nothing to replay")
    if seen.shape[0] * seen.shape[1] > MOST_CELLS:
        raise ExperimentError(f"{seen.shape[0]} users x {seen.shape[1]} items are more than {MOST_CELLS}: sample users")
    together = (seen.T @ seen).toarray().astype(np.float64)
    lengths = np.sqrt(np.maximum(together.diagonal(), 1))
    affinity = np.asarray(seen @ (together / np.outer(lengths, lengths)), np.float64)
    return World(least + (most - least) * affinity / affinity.max())


def softmax_policy(scores: np.ndarray, temperature: float, explore: float = 0.0) -> np.ndarray:
    """Probability of each item (n, m): softmax(scores / temperature), mixed with `explore` of the uniform policy."""
    if not 0 <= explore <= 1:
        raise ExperimentError(f"explore is {explore}: give a share from 0 to 1")
    powers = np.exp((scores - scores.max(axis=1, keepdims=True)) / positive("temperature", temperature))
    return (1 - explore) * powers / powers.sum(axis=1, keepdims=True) + explore / scores.shape[1]


def logged(
    world: World, policy: np.ndarray, target: np.ndarray, n: int, rng: np.random.Generator
) -> tuple[Logged, np.ndarray, np.ndarray]:
    """n choices of the policy for users drawn uniformly: the log, and users and items of its rows (n,), (n,).

    The truth that estimates are held against is `world.value(target).mean()`.
    """
    rows = rng.integers(0, len(world.clicks), int(positive("n", n)))
    items = chosen(policy, rows, rng)
    rewards = (rng.random(len(rows)) < world.clicks[rows, items]).astype(np.float64)
    return Logged(rewards, policy[rows, items], target[rows, items], rows), rows, items


def chosen(policy: np.ndarray, rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """An item for each of the users in `rows` (b,), drawn from the policy by its inverse distribution function."""
    cumulative = np.cumsum(policy[rows], axis=1)
    # a sum may end just below 1: the draw is scaled to it, so that no item beyond the last is chosen
    return (cumulative < (rng.random(len(rows)) * cumulative[:, -1])[:, None]).sum(axis=1)


@dataclass(frozen=True)
class Tested:
    """Users of a simulated A/B test, in order of arrival, all (n,): clicks, clicks before, arm, row in the world."""

    values: np.ndarray
    covariate: np.ndarray
    treated: np.ndarray
    rows: np.ndarray


def ab_test(
    world: World, control: np.ndarray, treatment: np.ndarray, n: int, rng: np.random.Generator, visits: int = 10
) -> Tested:
    """Half of n users drawn from the world get the treatment's policy, by a coin each; clicks of `visits` items.

    Before it all had the control's. The true difference is visits x (value of treatment - value of control), mean over
    the world's users.
    """
    rows = rng.integers(0, len(world.clicks), int(positive("n", n)))
    arm = rng.random(len(rows)) < 0.5
    base, better = world.value(control)[rows], world.value(treatment)[rows]
    before = rng.binomial(visits, base).astype(np.float64)
    values = rng.binomial(visits, np.where(arm, better, base)).astype(np.float64)
    return Tested(values, before, arm, rows)
