"""Rolling global time: learn from all windows up to w, judge by what came in w+1..w+h, and go on.

Nothing but the context of the end of w is given to a strategy. Every user with a new item in these windows is judged,
on the ranking of all items: measures on sampled negatives order models wrongly (Krichene and Rendle 2020, KDD). Pooling
the windows' rows gives the users that one split never has.
"""

from collections.abc import Callable, Iterator, Sequence

import polars as pl

from interest_platform.domain.windows import Window
from interest_platform.errors import ContractError
from interest_platform.recommendation.context import Context
from interest_platform.recommendation.evaluation.judge import Judged, judge
from interest_platform.recommendation.evaluation.outcomes import outcomes
from interest_platform.recommendation.evaluation.splits import rolling_splits
from interest_platform.recommendation.strategy import Strategy
from interest_platform.recommendation.top import top

ContextAt = Callable[[Window], Context]
"""All that was known at the end of a window."""


def rolling(
    windows: Sequence[Window],
    context_at: ContextAt,
    strategies: Sequence[Strategy],
    happened: pl.DataFrame,
    horizon: int = 1,
    k: int = 10,
) -> Iterator[Judged]:
    """Each strategy at the end of each window that has `horizon` windows after it, in this order.

    `happened`: user_key, item_id, ts of all windows. A window after which no known user has a new item yields nothing.
    Raises `ContractError` for too few windows, names that are not distinct, or a context of another moment.
    """
    if len(windows) <= horizon:
        raise ContractError(
            f"{len(windows)} windows: {horizon + 1} are needed, one to learn from, {horizon} to judge by"
        )
    names = [strategy.name for strategy in strategies]
    if len(set(names)) < len(names):
        raise ContractError(f"strategies {', '.join(names)}: each name may be there once")
    for window, split in rolling_splits(happened, windows, horizon):
        context = context_at(window)
        if context.end != window.end:
            raise ContractError(f"a context of {context.end} for the window that ends {window.end}: they must be equal")
        done = outcomes(context, split.test)
        if not len(done.rows):
            continue
        for strategy in strategies:
            lists = top(strategy.fit(context), done.rows, k, [context.interactions.counts])
            yield judge(context, done, lists.items, strategy.name, k)
