"""comparison_vectors: the texts of the windows compared on by every encoder compared; none is encoded twice."""

from collections.abc import Sequence
from time import perf_counter

import dagster as dg
import polars as pl

from interest_platform.assets.facts import Family, asset_facts
from interest_platform.assets.loading import Loaded, Outcome, Write, load_windows
from interest_platform.checks import EVERY_TEXT_COMPARED, contract
from interest_platform.comparing import prepared_comparison, texts_behind
from interest_platform.comparison import Contestant
from interest_platform.domain.comparison_tables import COMPARISON_VECTORS
from interest_platform.domain.tables import CLEANED_TOKENS, EMBEDDINGS
from interest_platform.domain.windows import Window
from interest_platform.embedding import Encoder
from interest_platform.embedding.fingerprint import ENCODER_VERSION
from interest_platform.embedding.frames import embed_texts
from interest_platform.lake import Lake
from interest_platform.progress import progress
from interest_platform.resources import LakeResource, SettingsResource, TrackingResource

FAMILY = Family("comparison", frozenset({"torch"}), code_version=str(ENCODER_VERSION))


@dg.asset(
    **asset_facts(COMPARISON_VECTORS, FAMILY),
    deps=[CLEANED_TOKENS.name, EMBEDDINGS.name],
    check_specs=[check.spec for check in (contract("comparison_vectors"), EVERY_TEXT_COMPARED)],
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def comparison_vectors(
    context: dg.AssetExecutionContext, settings: SettingsResource, lake: LakeResource, tracking: TrackingResource
) -> dg.MaterializeResult:
    """Encode what neither the line nor an earlier comparison has; written after each encoder, so that a kill costs one.

    Encoders that have to be trained are trained first. Vectors of encoders no longer compared are kept while their
    texts are there: who compares with them again does not wait again.
    """
    comparison = prepared_comparison(
        settings.settings, lake.lake, tracking.tracker, context.run_id, COMPARISON_VECTORS.name
    )
    for note in comparison.notes:
        context.log.info(note)

    def work(window: Window, write: Write) -> Loaded:
        version = lake.lake.version()
        texts = _texts(lake.lake, texts_behind(settings.settings, lake.lake, window), version)
        kept = lake.lake.read(COMPARISON_VECTORS, [window], version=version).drop("window_start")
        kept = kept.join(texts, on="text_hash", how="semi")
        encoded, missing = 0, 0
        for each in comparison.encoders:
            if each.encoder is None:
                continue
            known = lake.lake.known_vectors(each.encoder.fingerprint, texts["text_hash"], version=version)
            new = texts.join(known, on="text_hash", how="anti")
            if new.height:
                context.log.info(f"{window.key}: {new.height} texts by {each.name}")
                kept = pl.concat([kept, _encoded(each.encoder, new)])
                write(_outcome(kept, comparison.encoders, encoded, 0, version))
            encoded += new.height
            missing += texts.height - known.height - new.height
        return write(_outcome(kept, comparison.encoders, encoded, missing, version))

    (result,) = load_windows(context, lake, work)
    return result


def _texts(lake: Lake, windows: Sequence[Window], version: int) -> pl.DataFrame:
    """text_hash and clean_text of the distinct texts that are not empty, by hash."""
    texts = lake.read(CLEANED_TOKENS, windows, columns=["text_hash", "clean_text"], version=version)
    return texts.filter(pl.col("clean_text") != "").unique("text_hash").sort("text_hash")


def _encoded(encoder: Encoder, texts: pl.DataFrame) -> pl.DataFrame:
    """Rows of the table."""
    progress().encoding(texts.height)
    began = perf_counter()
    rows = embed_texts(encoder, texts, progress().encoded)
    seconds = (perf_counter() - began) / texts.height
    names = [column.name for column in COMPARISON_VECTORS.body]
    return rows.with_columns(seconds=pl.lit(seconds, pl.Float64)).select(names)


def _outcome(rows: pl.DataFrame, encoders: Sequence[Contestant], encoded: int, missing: int, version: int) -> Outcome:
    return Outcome(
        frames={COMPARISON_VECTORS.name: rows},
        version=version,
        metadata={"texts_encoded": encoded, "encoders": [each.name for each in encoders]},
        findings=[EVERY_TEXT_COMPARED.found(missing == 0, missing=missing)],
    )
