"""Does a strategy, or what its context is made from, know the future?

After the end of a window everything that happened is thrown away, and two futures are planted in its place: each user
deals with items that are drawn at random from those the user has not had, and an item appears that nobody could know.
Nothing before the end tells what was drawn. What is recommended at the end must therefore be the same in both futures,
and hit no more of the drawn items than chance does. The same world is told whole to whatever makes the context and the
strategy, as a lake tells it, so that reading beyond the end is possible and shows.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import polars as pl

from interest_platform.domain.windows import Window
from interest_platform.errors import ContractError
from interest_platform.recommendation.context import Context
from interest_platform.recommendation.evaluation.hits import PADDING, hits
from interest_platform.recommendation.evaluation.outcomes import outcomes
from interest_platform.recommendation.strategy import Strategy
from interest_platform.recommendation.top import top

ContextOf = Callable[[pl.DataFrame, Window], Context]
"""Makes a context at the end of a window from all that ever happened."""
StrategyOf = Callable[[pl.DataFrame], Strategy]
"""Makes a strategy that could read all that ever happened."""


@dataclass(frozen=True)
class Leak:
    """What became of the lists when the future changed."""

    strategy: str
    users: int
    changed_lists: int
    changed_context: tuple[str, ...]
    """Parts of the context that are different in the two futures."""
    found: float
    """Planted items in a user's list, on average."""
    by_chance: float
    """What a list that knows nothing would find."""

    @property
    def leaks(self) -> bool:
        """Whether the future could be told from the context or from the lists."""
        return bool(self.changed_lists or self.changed_context)

    def __str__(self) -> str:
        if not self.leaks:
            return f"{self.strategy} knows nothing of the future: {self.users} lists are the same in two futures"
        parts = f", in the context's {', '.join(self.changed_context)}" if self.changed_context else ""
        return (
            f"{self.strategy} knows the future{parts}: {self.changed_lists} of {self.users} lists change with it, "
            f"{self.found:.2f} planted items are found a list, {self.by_chance:.2f} by chance"
        )


def planted(history: pl.DataFrame, window: Window, per_user: int = 5, seed: int = 0) -> pl.DataFrame:
    """`history` (user_key, item_id, ts) before the window's end, and a future of one more window that is drawn."""
    past = history.select("user_key", "item_id", "ts").drop_nulls().filter(pl.col("ts") < window.end)
    if past.is_empty():
        raise ContractError(f"nothing happened before {window.end}: there is no past to plant a future behind")
    rng = np.random.default_rng(seed)
    items = past["item_id"].unique().sort().to_numpy().astype(object)
    drawn: list[tuple[str, str]] = []
    had = past.group_by("user_key").agg("item_id").sort("user_key")
    for user, own in had.iter_rows():
        fresh = np.setdiff1d(items, np.array(own, dtype=object))
        drawn += [(user, item) for item in rng.choice(fresh, min(per_user, len(fresh)), replace=False)]
        drawn.append((user, f"appeared in future {seed}"))
    length = (window.end - window.start) / timedelta(microseconds=1)
    after = rng.integers(0, int(length), len(drawn))
    times = np.datetime64(window.end, "us") + after.astype("timedelta64[us]")
    future = pl.DataFrame(drawn, schema=["user_key", "item_id"], orient="row").with_columns(ts=pl.Series(times))
    return pl.concat([past, future.cast({"ts": past.schema["ts"]})])


def leak_test(
    history: pl.DataFrame, window: Window, context_of: ContextOf, strategy_of: StrategyOf, k: int = 10, seed: int = 0
) -> Leak:
    """Both futures, from their planting to the lists at the end of `window`."""
    worlds = [planted(history, window, seed=each) for each in (seed, seed + 1)]
    contexts = [context_of(world, window) for world in worlds]
    strategies = [strategy_of(world) for world in worlds]
    told = [_lists(*each, k) for each in zip(contexts, strategies, strict=True)]
    users = sorted(set(told[0]) | set(told[1]))
    changed = sum(told[0].get(user) != told[1].get(user) for user in users)
    found, chance = _found(contexts[0], strategies[0], worlds[0].filter(pl.col("ts") >= window.end), k)
    return Leak(strategies[0].name, len(users), changed, _changed_parts(*contexts), found, chance)


def _ranked(context: Context, strategy: Strategy, rows: np.ndarray, k: int) -> np.ndarray:
    return top(strategy.fit(context), rows, k, [context.interactions.counts]).items


def _lists(context: Context, strategy: Strategy, k: int) -> dict[str, list[str]]:
    """Items by user: columns of two contexts need not be the same items."""
    known = context.interactions
    ranked = _ranked(context, strategy, np.arange(len(known.users)), k)
    return {user: known.items[row[row != PADDING]].tolist() for user, row in zip(known.users, ranked, strict=True)}


def _found(context: Context, strategy: Strategy, future: pl.DataFrame, k: int) -> tuple[float, float]:
    done = outcomes(context, future)
    if not len(done.rows):
        return 0.0, 0.0
    ranked = _ranked(context, strategy, done.rows, k)
    had = np.diff(context.interactions.counts.indptr)[done.rows]
    free = np.maximum(len(context.interactions.items) - had, 1)
    chance = (ranked != PADDING).sum(axis=1) * np.diff(done.relevant.indptr) / free
    return float(hits(ranked, done.relevant).sum(axis=1).mean()), float(chance.mean())


def _changed_parts(one: Context, other: Context) -> tuple[str, ...]:
    pairs = {
        "users": (one.interactions.users, other.interactions.users),
        "items": (one.interactions.items, other.interactions.items),
        "counts": (_cells(one.interactions.counts), _cells(other.interactions.counts)),
        "ages": (_cells(one.interactions.ages), _cells(other.interactions.ages)),
        "segment_ids": (one.segment_ids, other.segment_ids),
        **{name: (getattr(one, name), getattr(other, name)) for name in ("segments", "user_vectors", "item_vectors")},
    }
    return tuple(name for name, (a, b) in pairs.items() if not _equal(a, b))


def _cells(matrix: object) -> np.ndarray:
    coo = matrix.tocoo()  # type: ignore[attr-defined]
    return np.stack([*coo.coords, coo.data])


def _equal(a: object, b: object) -> bool:
    if a is None or b is None:
        return a is b
    return np.array_equal(np.asarray(a), np.asarray(b))
