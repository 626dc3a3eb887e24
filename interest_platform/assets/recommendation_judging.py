"""The lists of some windows ago, judged by what users have taken up since, with what was known when they were made."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from interest_platform.assets.recommendation_ground import ContextReader
from interest_platform.assets.recommendation_rules import is_diverse, rules_of
from interest_platform.configuration import RecommendationSettings
from interest_platform.domain.recommendation_tables import RECOMMENDATION_FILTERS, RECOMMENDATIONS
from interest_platform.domain.windows import Window
from interest_platform.lake import Lake

if TYPE_CHECKING:
    from interest_platform.recommendation.context import Context
    from interest_platform.recommendation.evaluation.judge import Judged
    from interest_platform.recommendation.listing import Rules

ABLATED = "segment-smoothed"
"""The strategy of which it is asked whether segments help: it is EASE but for them."""


@dataclass(frozen=True)
class Judging:
    """`judged` a strategy; the window that the lists are of, and the lake version that they were judged with."""

    judged: "list[Judged]"
    made: Window
    version: int


def judged_in(reader: ContextReader, window: Window, version: int, warn: Callable[[str], None]) -> Judging:
    """Each strategy's lists of `recommendation.horizon` windows ago, judged by all windows since, this one the last.

    The context is read at the version that the lists were made from: texts that came late, a segment that was restated
    and vectors that were made again since don't enter. Lists that name no version, or one that has expired, are judged
    with what is known at `version`, and `warn` is told so.
    """
    from interest_platform.recommendation.evaluation.judge import judge
    from interest_platform.recommendation.evaluation.outcomes import outcomes

    lake, given = reader.lake, reader.lake.settings.config.recommendation
    made = lake.settings.grid.shift(window, -given.horizon)
    columns = ["user_key", "strategy", "rank", "item_id", "lake_version"]
    lists = lake.read(RECOMMENDATIONS, [made], columns=columns, version=version)
    if lists.is_empty():
        return Judging([], made, version)
    then = version_of(lake, lists, made, version, warn)
    known = reader.context(made, then)
    since = [lake.settings.grid.shift(made, n + 1) for n in range(given.horizon)]
    done = outcomes(known, reader.interactions(since, version), again=given.seen == "show")
    # users who were offered nothing, for they had been away, are not judged: nobody could have shown them a list
    done = done.of_users(np.flatnonzero(np.isin(known.interactions.users, lists["user_key"].unique().to_list())))
    if not len(done.rows):
        return Judging([], made, then)
    ranked = {
        str(name): columns_of(known, done.rows, own, given.top)
        for (name,), own in sorted(lists.partition_by("strategy", as_dict=True).items())
    }
    if ABLATED in ranked:
        filters = lake.read(RECOMMENDATION_FILTERS, [made], version=version)
        rules = rules_of(reader, made, then, known, filters)
        ranked |= dict(ablated(known, done.rows, rules, given))
    return Judging([judge(known, done, each, name, given.top) for name, each in ranked.items()], made, then)


def version_of(lake: Lake, lists: pl.DataFrame, made: Window, version: int, warn: Callable[[str], None]) -> int:
    """The version that the lists name; `version` where it can't be read, with a warning."""
    named = lists["lake_version"].unique().to_list()
    if len(named) == 1 and named[0] is not None and lake.has_version(named[0]):
        return int(named[0])
    told = f"a lake version ({named[0]}) that has expired" if named[0] is not None else "no lake version"
    warn(
        f"the lists of {made.key} name {told}: they are judged with what is known of {made.key} today, which late data "
        f"may have changed; load recommendations of {made.key} again to judge them as of then"
    )
    return version


def columns_of(known: "Context", rows: np.ndarray, lists: pl.DataFrame, k: int) -> np.ndarray:
    """Lists as columns of the context's items, (u, k), padded with -1; an item that is not known there is a miss."""
    from interest_platform.recommendation.places import places

    users = known.interactions.users[rows]
    own = lists.filter(pl.col("user_key").is_in(users.tolist()) & (pl.col("rank") <= k))
    ranked = np.full((len(rows), k), -1, np.int64)
    columns, there = places(known.interactions.items, own["item_id"])
    ranked[places(users, own["user_key"])[0], own["rank"].to_numpy() - 1] = np.where(there, columns, -1)
    return ranked


def ablated(
    known: "Context", rows: np.ndarray, rules: "Rules", given: RecommendationSettings
) -> Iterator[tuple[str, np.ndarray]]:
    """The lists with segments shuffled among users, and without, under the rules of the strategy's own."""
    from interest_platform.recommendation.evaluation.ablation import variants
    from interest_platform.recommendation.listing import listed
    from interest_platform.recommendation.strategies import load_strategy

    for variant in variants(load_strategy(ABLATED), given.seed)[1:]:
        yield variant.name, listed(variant.fit(known), known, rows, rules, is_diverse(ABLATED)).items
