"""recommendations: what each user is offered after a window, by each strategy, from what is known at its end."""

from typing import TYPE_CHECKING

import dagster as dg
import numpy as np
import polars as pl

from interest_platform.assets.facts import Family, asset_facts
from interest_platform.assets.loading import Loaded, Outcome, Write, load_windows
from interest_platform.assets.recommendation_ground import active_users, context_at, interactions_in
from interest_platform.checks import contract
from interest_platform.configuration import RecommendationSettings
from interest_platform.domain.dynamics_tables import SEGMENT_IDENTITIES
from interest_platform.domain.recommendation_tables import ITEM_VECTORS, RECOMMENDATIONS
from interest_platform.domain.tables import CLUSTER_MEMBERS, RAW_TEXTS, USER_INTERESTS
from interest_platform.domain.windows import Window
from interest_platform.errors import StrategyError
from interest_platform.lake import Lake
from interest_platform.resources import LakeResource, SettingsResource

if TYPE_CHECKING:
    from interest_platform.recommendation.context import Context
    from interest_platform.recommendation.learning import Lesson

FAMILY = Family("recommendation", frozenset({"scipy", "numpy"}), code_version="1")

SCHEMA = pl.Schema({c.name: c.type.polars for c in RECOMMENDATIONS.body})
NOTHING = pl.DataFrame(schema=SCHEMA)


@dg.asset(
    **asset_facts(RECOMMENDATIONS, FAMILY),
    deps=[RAW_TEXTS.name, USER_INTERESTS.name, CLUSTER_MEMBERS.name, SEGMENT_IDENTITIES.name, ITEM_VECTORS.name],
    check_specs=[contract("recommendations").spec],
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def recommendations(
    context: dg.AssetExecutionContext, settings: SettingsResource, lake: LakeResource
) -> dg.MaterializeResult:
    """A list of at most `recommendation.top` items for each user active in the lookback, without what they had."""
    given = settings.config.recommendation
    version = lake.lake.version()  # of all windows of the run: what was read for one may be used for the next
    lessons: dict[Window, Lesson] = {}

    def work(window: Window, write: Write) -> Loaded:
        known = context_at(lake.lake, window, version)
        users = active_users(lake.lake, settings.config, window, version)
        weights = hybrid_weights(lake.lake, given, window, version, lessons) if "hybrid" in given.judged else {}
        found, refused = [], []
        for name in given.judged:
            try:
                found.append(lists_of(name, weights, known, users, given.top))
            except StrategyError as error:  # a catalogue too large for one strategy leaves the others their lists
                context.log.warning(f"{window.key}: no lists by {name}: {error}")
                refused.append(f"{name}: {error}")
        return write(
            Outcome(
                frames={RECOMMENDATIONS.name: pl.concat([NOTHING, *found])},
                version=version,
                metadata={
                    "users": len(users),
                    "items": len(known.interactions.items),
                    "refused": refused,
                    "hybrid_weights": {name: round(w, 4) for name, w in weights.items()},
                },
            )
        )

    (result,) = load_windows(context, lake, work)
    return result


def hybrid_weights(
    lake: Lake, given: RecommendationSettings, window: Window, version: int, lessons: dict[Window, "Lesson"]
) -> dict[str, float]:
    """Weights of hybrid's parts, learned on windows that were over by this one's end; equal ones where none teaches.

    `lessons` has what is known of earlier windows at this version, and gets what is used for this one.
    """
    from interest_platform.recommendation.learning import weights_from

    past = lake.settings.grid.lookback(window, given.learn)
    try:
        known = {each: lessons.get(each) or lesson_of(lake, given, each, version) for each in past}
        lessons.clear()
        lessons.update(known)
        return weights_from(list(known.values()), window.end).weights
    except StrategyError:
        return dict.fromkeys(given.parts, 1 / len(given.parts))


def lesson_of(lake: Lake, given: RecommendationSettings, judged: Window, version: int) -> "Lesson":
    """What the window's interactions teach of strategies that know what was known before it."""
    from interest_platform.recommendation.evaluation.outcomes import outcomes
    from interest_platform.recommendation.learning import USERS, Past, lesson

    before = context_at(lake, lake.settings.grid.shift(judged, -1), version)
    done = outcomes(before, interactions_in(lake, judged, version))
    past = Past(before, done.whole(*before.interactions.counts.shape), judged.end)
    return lesson(given.parts, past, max(1, USERS // given.learn), given.seed)


def lists_of(name: str, weights: dict[str, float], known: "Context", users: pl.Series, top: int) -> pl.DataFrame:
    """The strategy's lists as rows of `recommendations`."""
    from interest_platform.recommendation.hybrid import Hybrid
    from interest_platform.recommendation.strategies import load_strategy
    from interest_platform.recommendation.top import top as best

    names, items = known.interactions.users, known.interactions.items
    # a user whose texts name no item and who has no interest is in no row
    rows = np.flatnonzero(np.isin(names, users.to_list()))
    if not len(rows) or not len(items):
        return NOTHING
    fitted = (Hybrid(weights) if name == "hybrid" else load_strategy(name)).fit(known)
    found = best(fitted, rows, top, hidden=[known.interactions.binary])
    who, rank = np.nonzero(found.items >= 0)
    shown = found.items[who, rank]
    reasons = [
        reason
        for row, listed in zip(rows, found.items, strict=True)
        for reason in (fitted.reasons(int(row), listed[listed >= 0]) if (listed >= 0).any() else [])
    ]
    told = {
        "user_key": names[rows[who]],
        "segment_id": np.array(known.segments_of(rows), object)[who],
        "strategy": np.full(len(who), name, object),
        "rank": rank + 1,
        "item_id": items[shown],
        "score": found.scores[who, rank].astype(np.float64),
        "reason": reasons,
    }
    return pl.DataFrame(told, schema_overrides=SCHEMA).select(list(SCHEMA)).cast(SCHEMA)
