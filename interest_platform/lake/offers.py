"""What a user is offered, as the lake's newest version has it."""

from dataclasses import dataclass

import polars as pl

from interest_platform.configuration import RIVALS
from interest_platform.domain.recommendation_tables import RECOMMENDATION_METRICS, RECOMMENDATIONS
from interest_platform.domain.windows import Window, utc_now
from interest_platform.errors import LakeError
from interest_platform.lake.lake import Lake


@dataclass(frozen=True)
class Offers:
    """`rows`: rank, item_id, score, reason, best first; `standing` says whether the strategy passed the gate."""

    window: Window | None
    strategy: str
    standing: str
    rows: pl.DataFrame


def offers(lake: Lake, user_key: str, strategy: str | None = None, window: Window | None = None) -> Offers:
    """The user's list after the window, the newest with lists where none is named.

    Without a strategy it is the published one: of those that passed the gate by then the one with the highest NDCG,
    else recently-popular, as the marts have it. Raises `LakeError` for a strategy that made no list there.
    """
    version, closed = lake.version(), lake.settings.grid.closed(utc_now())
    known = lake.loaded_windows(RECOMMENDATIONS.name, closed, version=version)
    chosen = window if window is not None else (known[-1] if known else None)
    if chosen is None:
        return Offers(None, strategy or RIVALS[0], "no window has lists", pl.DataFrame())
    metrics = lake.read(RECOMMENDATION_METRICS, [w for w in known if w.start <= chosen.start], version=version)
    passed = _passed(metrics)
    name = strategy or (passed[0] if passed else RIVALS[0])
    lists = lake.read(RECOMMENDATIONS, [chosen], version=version)
    if lists.height and name not in lists["strategy"].unique():
        there = ", ".join(sorted(lists["strategy"].unique()))
        raise LakeError(f"--strategy {name}: it made no lists after {chosen.key}; there are those of {there}")
    own = lists.filter((pl.col("user_key") == user_key) & (pl.col("strategy") == name)).sort("rank")
    standing = "passed the gate" if name in passed else "the fallback" if name == RIVALS[0] else "not passed the gate"
    return Offers(chosen, name, standing, own.select("rank", "item_id", "score", "reason"))


def _passed(metrics: pl.DataFrame) -> list[str]:
    """Strategies that passed in the newest judged window, the highest NDCG first; the dbt model
    `stg_published_strategy` says the same (`tests/dbt/test_published_strategy.py` compares them)."""
    of_all = metrics.filter(pl.col("segment_id").is_null())
    newest = of_all.filter(pl.col("window_start") == pl.col("window_start").max())
    gates = newest.filter((pl.col("metric") == "gate") & (pl.col("value") == 1)).select("strategy")
    leading = newest.filter(pl.col("metric") == "ndcg").join(gates, on="strategy", how="semi")
    return leading.sort("value", "strategy", descending=[True, False])["strategy"].to_list()
