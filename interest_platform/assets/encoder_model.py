"""encoder_model: what a tfidf or word2vec encoder has learnt, from the texts of encoder.train."""

from typing import Any

import dagster as dg

from interest_platform.assets.facts import OWNERS
from interest_platform.domain.tables import CLEANED_TOKENS
from interest_platform.embedding.trained import TrainedEncoder
from interest_platform.resources import LakeResource, SettingsResource, TrackingResource
from interest_platform.runs import mark_process
from interest_platform.training import ENCODER_MODEL, train_on_lake, untrained


@dg.asset(
    deps=[CLEANED_TOKENS.name],
    group_name="encoder",
    kinds={"safetensors", "mlflow"},
    owners=OWNERS,
    code_version="1",
    description="The encoder's model, frozen: it changes when it is trained again, on purpose. Its vectors are then of "
    "another space, and windows have to be encoded again.",
)
def encoder_model(
    context: dg.AssetExecutionContext, settings: SettingsResource, lake: LakeResource, tracking: TrackingResource
) -> dg.MaterializeResult:
    """Train on the texts as the lake has them now."""
    mark_process(context.instance, context.run_id)
    encoder = train_on_lake(settings.settings, lake.lake, tracking.tracker, context.run_id)
    return dg.MaterializeResult(metadata=_facts(encoder))


def train_where_due(
    context: dg.AssetExecutionContext, settings: SettingsResource, lake: LakeResource, tracking: TrackingResource
) -> None:
    """Train before the first text is encoded, where the texts are there; recorded as the asset's materialisation.

    Raises `NotTrainedError` where they are not.
    """
    if untrained(settings.settings):
        encoder = train_on_lake(settings.settings, lake.lake, tracking.tracker, context.run_id, again=False)
        context.log_event(dg.AssetMaterialization(ENCODER_MODEL, metadata=_facts(encoder)))


def _facts(encoder: TrainedEncoder) -> dict[str, Any]:
    return {"encoder": encoder.fingerprint, "dagster/uri": encoder.folder.as_uri(), **encoder.description}
