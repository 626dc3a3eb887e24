"""planted_events: would changes in this window's segments have been noticed?"""

from dataclasses import replace

import dagster as dg
import polars as pl

from interest_platform.assets.facts import Family, asset_facts, check_specs_of
from interest_platform.assets.loading import Loaded, Outcome, Write, load_windows
from interest_platform.checks import NOTABLE_CHANGE, PLANTED_RECALL, WOULD_NOTICE, Finding
from interest_platform.configuration import Configuration
from interest_platform.domain.dynamics_tables import PLANTED_EVENTS, SEGMENT_MIGRATIONS
from interest_platform.domain.steps import PLANTED_EVENTS_STEP
from interest_platform.domain.tables import CLUSTER_MEMBERS, USER_INTERESTS
from interest_platform.domain.windows import Window
from interest_platform.dynamics.planted import Ground, ground_of, plant, planted_in, returning_share
from interest_platform.lake import Lake
from interest_platform.lake.past import drift_history
from interest_platform.resources import LakeResource, SettingsResource

FAMILY = Family("segments", frozenset({"scikitlearn", "scipy", "numpy"}), code_version="2")


@dg.asset(
    **asset_facts(PLANTED_EVENTS, FAMILY),
    deps=PLANTED_EVENTS_STEP.inputs,
    check_specs=check_specs_of(PLANTED_EVENTS_STEP, WOULD_NOTICE),
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def planted_events(
    context: dg.AssetExecutionContext, settings: SettingsResource, lake: LakeResource
) -> dg.MaterializeResult:
    """Plant changes in the window's own vectors and see which of them clustering, tracking and alarms report."""

    def work(window: Window, write: Write) -> Loaded:
        version = lake.lake.version()
        ground = _ground(lake.lake, settings.config, window, version)
        history = drift_history(lake.lake, settings.grid, window, version)
        found = plant(replace(ground, history=history), settings.config)
        return write(
            Outcome(
                frames={PLANTED_EVENTS.name: found.rows},
                version=version,
                metadata=found.told,
                findings=[_would_notice(found.rows)],
            )
        )

    (result,) = load_windows(context, lake, work)
    return result


def _ground(lake: Lake, config: Configuration, window: Window, version: int) -> Ground:
    vectors, clusters = ["user_key", "interest_no", "vector"], ["user_key", "interest_no", "cluster_id"]
    interests = lake.read(USER_INTERESTS, [window], columns=vectors, version=version)
    members = lake.read(CLUSTER_MEMBERS, [window], columns=clusters, version=version)
    flows = lake.read(SEGMENT_MIGRATIONS, [window], version=version)
    planted = config.planted
    return ground_of(interests, members, returning_share(flows), planted.max_users, planted.seed)


def _would_notice(rows: pl.DataFrame) -> Finding:
    """Passed where nothing of that size could be planted: there is nothing to warn of."""
    tally = planted_in(rows, NOTABLE_CHANGE)
    recall = tally.noticed / tally.planted if tally.planted else None
    return WOULD_NOTICE.found(
        recall is None or recall >= PLANTED_RECALL,
        limit=PLANTED_RECALL,
        planted=tally.planted,
        **({} if recall is None else {"value": recall}),
    )
