"""Do segments help? A strategy with the segments, with the segments shuffled among users, and without.

Shuffled, the segments keep their sizes and each user's shares their form, and only say nothing about the user: what is
left of the gain then comes from the strategy's form and not from what segments know.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from interest_platform.domain.recommendation_tables import ablated_names
from interest_platform.recommendation.context import Context
from interest_platform.recommendation.evaluation.paired import Difference, difference
from interest_platform.recommendation.strategy import Fitted, Strategy


@dataclass
class Ablated:
    """A strategy that is given another context than there is."""

    strategy: Strategy
    name: str
    change: Callable[[Context], Context]

    def fit(self, context: Context) -> Fitted:
        """Learn from the changed context."""
        return self.strategy.fit(self.change(context))


@dataclass(frozen=True)
class Answer:
    """What a strategy with segments has more than with shuffled ones and without, and the answer in one line."""

    to_shuffled: Difference
    to_none: Difference
    helps: bool
    line: str


def shuffled_segments(context: Context, seed: int = 0) -> Context:
    """The rows of the users whose segments are known, exchanged among them at random."""
    if context.segments is None:
        return context
    known = np.flatnonzero(context.segments.any(axis=1))
    shuffled = context.segments.copy()
    shuffled[known] = context.segments[np.random.default_rng(seed).permutation(known)]
    return replace(context, segments=shuffled)


def no_segments(context: Context) -> Context:
    """Of no user any segment is known."""
    return replace(context, segments=None, segment_ids=())


def variants(strategy: Strategy, seed: int = 0) -> tuple[Strategy, Strategy, Strategy]:
    """With segments, shuffled, without: judge these three in the same `rolling`, and ask `do_segments_help`."""
    shuffled, none = ablated_names(strategy.name)
    return (
        strategy,
        Ablated(strategy, shuffled, lambda context: shuffled_segments(context, seed)),
        Ablated(strategy, none, no_segments),
    )


def do_segments_help(rows: pl.DataFrame, name: str, metric: str = "ndcg", seed: int = 0) -> Answer:
    """From rows of `rolling` over `variants`: only if both differences are above 0 for sure."""
    to_shuffled, to_none = (difference(rows, name, other, metric, seed) for other in ablated_names(name))
    helps = to_shuffled.proven and to_none.proven
    word = "help" if helps else "are not proven to help"
    line = (
        f"segments {word} {name}: {metric} less shuffled {to_shuffled.interval}, less without {to_none.interval}, "
        f"{to_none.interval.n_users} users"
    )
    return Answer(to_shuffled, to_none, helps, line)
