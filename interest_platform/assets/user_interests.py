"""user_interests: what each user is interested in, from the texts of the lookback, newer texts weighing more."""

import dagster as dg
import polars as pl

from interest_platform.assets.facts import Family, asset_facts, check_specs_of
from interest_platform.assets.loading import Loaded, Outcome, Write, load_windows
from interest_platform.assets.lookback import lookback_of
from interest_platform.checks import WEIGHTS_SUM_TO_ONE
from interest_platform.domain.steps import USER_INTERESTS_STEP
from interest_platform.domain.tables import USER_INTERESTS
from interest_platform.domain.windows import Window
from interest_platform.interests import user_interests as make_interests
from interest_platform.resources import LakeResource, SettingsResource

FAMILY = Family("interests", frozenset({"polars", "numpy"}), code_version="2")


@dg.asset(
    **asset_facts(USER_INTERESTS, FAMILY),
    deps=USER_INTERESTS_STEP.inputs,
    check_specs=check_specs_of(USER_INTERESTS_STEP, WEIGHTS_SUM_TO_ONE),
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def user_interests(
    context: dg.AssetExecutionContext, settings: SettingsResource, lake: LakeResource
) -> dg.MaterializeResult:
    """Mean the users' text vectors over the lookback; vectors of two encoders are refused."""

    def work(window: Window, write: Write) -> Loaded:
        version = lake.lake.version()
        read = lookback_of(lake.lake, window, version, ["window_start", "user_key", "ts"], USER_INTERESTS.name)
        frame = make_interests(
            read.texts,
            read.vectors,
            window,
            half_life_days=settings.config.windows.half_life_days,
            min_texts=settings.config.interests.min_texts,
            per_user=settings.config.interests.per_user,
            most=settings.config.interests.max,
            windows_present=read.windows_present,
            encoder=read.encoder,
        )
        off = frame.group_by("user_key").agg(pl.col("weight").sum()).filter((pl.col("weight") - 1).abs() > 1e-9)
        return write(
            Outcome(
                frames={USER_INTERESTS.name: frame},
                version=version,
                metadata={
                    "users": frame["user_key"].n_unique(),
                    "users_with_several": frame.filter(pl.col("interest_no") == 1).height,
                    "interests": frame.height,
                    "texts": read.texts.height,
                    "windows_present": read.windows_present,
                },
                findings=[WEIGHTS_SUM_TO_ONE.found(off.is_empty(), users_off=off.height)],
            )
        )

    (result,) = load_windows(context, lake, work)
    return result
