"""segment_features and user_segment_features: what a segment is like, and each user in terms of segments (v_u)."""

from collections.abc import Iterator, Sequence

import dagster as dg
import polars as pl

from interest_platform.assets.facts import Family, check_specs_of, specs_of
from interest_platform.assets.loading import Loaded, Outcome, Write, load_windows
from interest_platform.checks import SEGMENTS_COVER_USERS
from interest_platform.domain.dynamics_tables import SEGMENT_IDENTITIES
from interest_platform.domain.steps import SEGMENT_FEATURES_STEP
from interest_platform.domain.tables import (
    CLEANED_TOKENS,
    CLUSTER_MEMBERS,
    CLUSTER_SNAPSHOTS,
    RAW_TEXTS,
    SEGMENT_FEATURES,
    USER_INTERESTS,
    USER_SEGMENT_FEATURES,
)
from interest_platform.domain.windows import Window
from interest_platform.interests.texts import texts_elsewhere, with_interest_no
from interest_platform.lake import Lake
from interest_platform.resources import LakeResource, SettingsResource
from interest_platform.segments import Segmentation, broken_segment_laws
from interest_platform.segments import segment_features as features_of
from interest_platform.segments import user_segment_features as encodings_of

FAMILY = Family("segments", frozenset({"polars", "numpy"}), code_version="3")

OF_INTERESTS = ["user_key", "interest_no", "weight", "vector", "encoder", "text_hashes"]
"""What is read of the users' interests."""


@dg.multi_asset(
    name=SEGMENT_FEATURES.name,
    specs=specs_of(SEGMENT_FEATURES_STEP, FAMILY),
    check_specs=check_specs_of(SEGMENT_FEATURES_STEP, SEGMENTS_COVER_USERS),
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def segment_features(
    context: dg.AssetExecutionContext, settings: SettingsResource, lake: LakeResource
) -> Iterator[dg.MaterializeResult]:
    """Measure the window's segments and encode its users by them."""

    def work(window: Window, write: Write) -> Loaded:
        version = lake.lake.version()
        clusters = lake.lake.read(CLUSTER_SNAPSHOTS, [window], version=version)
        interests = lake.lake.read(USER_INTERESTS, [window], columns=OF_INTERESTS, version=version)
        lookback = settings.grid.lookback(window, settings.config.windows.lookback)
        texts = _texts(lake.lake, lookback, texts_elsewhere(interests), version)
        now = _segmentation(lake.lake, window, version)
        segments = features_of(clusters, texts, now, _last(lake.lake, settings.grid.shift(window, -1), version))
        users = encodings_of(interests, clusters, now)
        broken = broken_segment_laws(clusters, now, segments, users)
        return write(
            Outcome(
                frames={SEGMENT_FEATURES.name: segments, USER_SEGMENT_FEATURES.name: users},
                version=version,
                metadata={"segments": segments.height, "users": users.height},
                findings=[SEGMENTS_COVER_USERS.found(not broken, broken="; ".join(broken) or "none")],
            )
        )

    yield from load_windows(context, lake, work)


def _texts(lake: Lake, windows: Sequence[Window], elsewhere: pl.DataFrame, version: int) -> pl.DataFrame:
    """user_key, ts, item_id, rating, and interest_no where there are users with several interests."""
    columns = ["user_key", "ts", "item_id", "rating"]
    if elsewhere.is_empty():
        return lake.read(RAW_TEXTS, windows, columns=columns, version=version)
    texts = lake.read(RAW_TEXTS, windows, columns=["text_id", *columns], version=version)
    cleaned = lake.read(CLEANED_TOKENS, windows, columns=["text_id", "text_hash"], version=version)
    return with_interest_no(texts.join(cleaned, on="text_id", how="left"), elsewhere)


def _segmentation(lake: Lake, window: Window, version: int) -> Segmentation:
    members = lake.read(CLUSTER_MEMBERS, [window], version=version)
    return Segmentation(window, members, lake.read(SEGMENT_IDENTITIES, [window], version=version))


def _last(lake: Lake, window: Window, version: int) -> Segmentation | None:
    """The last window's; None where its clusters have no identity yet, or there is no such window."""
    identities = lake.read(SEGMENT_IDENTITIES, [window], version=version)
    if identities.is_empty():
        return None
    return Segmentation(window, lake.read(CLUSTER_MEMBERS, [window], version=version), identities)
