"""item_vectors: where the items lie that texts of a window and its lookback are about."""

import dagster as dg
import polars as pl

from interest_platform.assets.facts import Family, asset_facts, check_specs_of
from interest_platform.assets.loading import Loaded, Outcome, Write, load_windows
from interest_platform.assets.lookback import lookback_of
from interest_platform.domain.recommendation_tables import ITEM_VECTORS
from interest_platform.domain.steps import ITEM_VECTORS_STEP
from interest_platform.domain.windows import Window
from interest_platform.recommendation.items import item_vectors as vectors_by_item
from interest_platform.resources import LakeResource

FAMILY = Family("recommendation", frozenset({"polars", "numpy"}), code_version="1")


@dg.asset(
    **asset_facts(ITEM_VECTORS, FAMILY),
    deps=ITEM_VECTORS_STEP.inputs,
    check_specs=check_specs_of(ITEM_VECTORS_STEP),
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def item_vectors(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult:
    """The mean of the vectors of the texts about each item; none where texts name no items."""

    def work(window: Window, write: Write) -> Loaded:
        version = lake.lake.version()
        read = lookback_of(lake.lake, window, version, ["user_key", "item_id"], ITEM_VECTORS.name)
        found = vectors_by_item(read.texts, read.vectors)
        return write(
            Outcome(
                frames={ITEM_VECTORS.name: found.with_columns(encoder=pl.lit(read.encoder))},
                version=version,
                metadata={"items": found.height, "texts": read.texts.height - read.texts["item_id"].null_count()},
            )
        )

    (result,) = load_windows(context, lake, work)
    return result
