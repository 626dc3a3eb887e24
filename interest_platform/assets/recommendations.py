"""recommendations: what each user is offered after a window, by each strategy, from what is known at its end."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import dagster as dg
import numpy as np
import polars as pl

from interest_platform.assets.facts import Family, check_specs_of, specs_of
from interest_platform.assets.loading import Loaded, Outcome, Write, load_windows
from interest_platform.assets.recommendation_ground import ContextReader
from interest_platform.assets.recommendation_rules import holding, in_force, is_diverse, rules_of
from interest_platform.configuration import RecommendationSettings
from interest_platform.domain.recommendation_tables import RECOMMENDATION_FILTERS, RECOMMENDATIONS
from interest_platform.domain.steps import RECOMMENDATIONS_STEP
from interest_platform.domain.windows import Window
from interest_platform.errors import StrategyError
from interest_platform.ingest import read_filters
from interest_platform.resources import LakeResource, SettingsResource

if TYPE_CHECKING:
    from interest_platform.recommendation.context import Context
    from interest_platform.recommendation.learning import Lesson
    from interest_platform.recommendation.listing import Rules
    from interest_platform.recommendation.strategy import Strategy

FAMILY = Family("recommendation", frozenset({"scipy", "numpy"}), code_version="2")

SCHEMA = pl.Schema({c.name: c.type.polars for c in RECOMMENDATIONS.body})
NOTHING = pl.DataFrame(schema=SCHEMA)


@dg.multi_asset(
    name=RECOMMENDATIONS.name,
    specs=specs_of(RECOMMENDATIONS_STEP, FAMILY),
    check_specs=check_specs_of(RECOMMENDATIONS_STEP),
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def recommendations(
    context: dg.AssetExecutionContext, settings: SettingsResource, lake: LakeResource
) -> Iterator[dg.MaterializeResult]:
    """A list of at most `recommendation.top` items for each user active in the lookback, without what is hidden."""
    given = settings.config.recommendation
    reader = ContextReader(lake.lake)
    filters = read_filters(settings.settings, settings.key)
    version = lake.lake.version()  # one for all windows of the run, so that few versions have to be kept
    lessons: dict[Window, Lesson] = {}

    def work(window: Window, write: Write) -> Loaded:
        known, users = reader.context(window, version), reader.active_users(window, version)
        applied = in_force(filters, window)
        rules = rules_of(reader, window, version, known, applied)
        if lacking := rules.missing(known):
            context.log.warning(f"{window.key}: {lacking}")
        weights = hybrid_weights(reader, given, window, version, lessons) if "hybrid" in given.judged else {}
        found, refused = [], []
        for name in given.judged:
            try:
                found.append(lists_of(strategy(name, weights), known, users, rules))
            except StrategyError as error:  # a catalogue too large for one strategy leaves the others their lists
                context.log.warning(f"{window.key}: no lists by {name}: {error}")
                refused.append(f"{name}: {error}")
        lists = pl.concat([NOTHING, *found]).with_columns(lake_version=pl.lit(version, pl.Int64))
        told = {
            "users": len(users),
            "items": len(known.interactions.items),
            "refused": refused,
            "hybrid_weights": {name: round(w, 4) for name, w in weights.items()},
            "diversity": lacking or given.diversity.method,
            **_filters_told(filters, applied, window),
        }
        return write(Outcome({RECOMMENDATIONS.name: lists, RECOMMENDATION_FILTERS.name: applied}, version, told))

    yield from load_windows(context, lake, work)


def strategy(name: str, weights: Mapping[str, float]) -> "Strategy":
    """The strategy of that name, hybrid with the weights."""
    from interest_platform.recommendation.hybrid import Hybrid
    from interest_platform.recommendation.strategies import load_strategy

    return Hybrid(weights) if name == "hybrid" else load_strategy(name)


def hybrid_weights(
    reader: ContextReader,
    given: RecommendationSettings,
    window: Window,
    version: int,
    lessons: dict[Window, "Lesson"],
) -> dict[str, float]:
    """Weights of hybrid's parts, learned on windows that were over by this one's end; equal ones where none teaches.

    What the lake knows of these windows at this version was known by this window's end, but for what came late.
    `lessons` has what earlier windows taught at this version, and gets what is used for this one.
    """
    from interest_platform.recommendation.learning import weights_from

    grid = reader.lake.settings.grid
    # the windows that the others would be judged by begin before the first
    past = [w for w in grid.lookback(window, given.learn) if len(grid.lookback(w, given.horizon)) == given.horizon]
    try:
        known = {last: lessons.get(last) or lesson_of(reader, given, last, version) for last in past}
        lessons.clear()
        lessons.update(known)
        return weights_from(list(known.values()), window.end).weights
    except StrategyError:
        return dict.fromkeys(given.parts, 1 / len(given.parts))


def lesson_of(reader: ContextReader, given: RecommendationSettings, last: Window, version: int) -> "Lesson":
    """What the interactions of the `horizon` windows up to `last` teach of strategies that know what was before."""
    from interest_platform.recommendation.evaluation.outcomes import outcomes
    from interest_platform.recommendation.learning import USERS, Past, lesson

    grid = reader.lake.settings.grid
    judged = grid.lookback(last, given.horizon)
    before = reader.context(grid.shift(judged[0], -1), version)
    done = outcomes(before, reader.interactions(judged, version))
    past = Past(before, done.whole(*before.interactions.counts.shape), last.end)
    return lesson(given.parts, past, max(1, USERS // given.learn), given.seed)


def lists_of(strategy: "Strategy", known: "Context", users: pl.Series, rules: "Rules") -> pl.DataFrame:
    """The strategy's lists as rows of `recommendations`, without the version they were made from."""
    from interest_platform.recommendation.listing import listed

    names, items = known.interactions.users, known.interactions.items
    # a user whose texts name no item and who has no interest is in no row
    rows = np.flatnonzero(np.isin(names, users.to_list()))
    if not len(rows) or not len(items):
        return NOTHING
    fitted = strategy.fit(known)
    found = listed(fitted, known, rows, rules, is_diverse(strategy.name))
    who, rank = np.nonzero(found.items >= 0)
    shown = found.items[who, rank]
    reasons = [
        reason
        for row, each in zip(rows, found.items, strict=True)
        for reason in (fitted.reasons(int(row), each[each >= 0]) if (each >= 0).any() else [])
    ]
    segments = known.segments_of(rows)  # None of a user in no segment, which may be the first
    told = {
        "user_key": names[rows[who]],
        "segment_id": pl.Series([segments[row] for row in who], dtype=pl.String),
        "strategy": np.full(len(who), strategy.name, object),
        "rank": rank + 1,
        "item_id": items[shown],
        "score": found.scores[who, rank].astype(np.float64),
        "reason": reasons,
        "lake_version": np.full(len(who), None, object),
    }
    return pl.DataFrame(told, schema_overrides=SCHEMA).select(list(SCHEMA)).cast(SCHEMA)


def _filters_told(filters: pl.DataFrame, applied: pl.DataFrame, window: Window) -> dict[str, Any]:
    """Rows of each filter and how many of them hold, and what is hidden."""
    holds = filters.with_columns(holds=holding(window))
    of = holds.group_by("filter", maintain_order=True).agg(rows=pl.len(), in_force=pl.col("holds").sum())
    return {
        "filters": {name: {"rows": rows, "in_force": n} for name, rows, n in of.iter_rows()},
        "items_hidden_from_all": applied["user_key"].null_count(),
        "items_hidden_from_users": applied.height - applied["user_key"].null_count(),
    }
