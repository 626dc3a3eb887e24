"""embeddings: a vector for every distinct clean text; a text that any window has had before is not encoded again."""

from typing import Any

import dagster as dg
import polars as pl

from interest_platform.assets.encoder_model import train_where_due
from interest_platform.assets.facts import Family, asset_facts, check_specs_of
from interest_platform.assets.loading import Loaded, Outcome, Write, load_windows
from interest_platform.checks import (
    EVERY_TEXT_EMBEDDED,
    LANGUAGES_KNOWN,
    TRUNCATED,
    TRUNCATED_SHARE,
    UNKNOWN_LANGUAGES,
    Finding,
)
from interest_platform.domain.steps import EMBEDDINGS_STEP
from interest_platform.domain.tables import CLEANED_TOKENS, EMBEDDINGS, RAW_TEXTS
from interest_platform.domain.windows import Window
from interest_platform.embedding.encoder import Encoder
from interest_platform.embedding.fingerprint import ENCODER_VERSION
from interest_platform.embedding.frames import embed_texts, embed_vectors
from interest_platform.embedding.languages import advice, read_languages, unknown_share
from interest_platform.embedding.spending import Metered
from interest_platform.progress import progress
from interest_platform.resources import EncoderResource, LakeResource, SettingsResource, TrackingResource

FAMILY = Family("interests", frozenset({"torch", "huggingface"}), code_version=str(ENCODER_VERSION))


@dg.asset(
    **asset_facts(EMBEDDINGS, FAMILY),
    deps=EMBEDDINGS_STEP.inputs,
    check_specs=check_specs_of(EMBEDDINGS_STEP, EVERY_TEXT_EMBEDDED, TRUNCATED, LANGUAGES_KNOWN),
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def embeddings(
    context: dg.AssetExecutionContext,
    settings: SettingsResource,
    lake: LakeResource,
    encoder: EncoderResource,
    tracking: TrackingResource,
) -> dg.MaterializeResult:
    """Encode the window's distinct clean texts, or take over the vectors that the sources bring.

    An encoder that has to be trained is trained first, where the texts it learns from are loaded.
    """
    train_where_due(context, settings, lake, tracking)

    def work(window: Window, write: Write) -> Loaded:
        version = lake.lake.version()
        columns = ["text_id", "text_hash", "clean_text", "lang"]
        texts = lake.lake.read(CLEANED_TOKENS, [window], columns=columns, version=version)
        if name := settings.config.vector_encoder:
            given = lake.lake.read(RAW_TEXTS, [window], columns=["text_id", "vector"], version=version)
            frame = embed_vectors(texts.join(given, on="text_id"), name)
            found = LANGUAGES_KNOWN.found(True, languages="not told: the vectors come with the sources")
            return write(_outcome(frame, texts["text_hash"].n_unique(), 0, version, found))
        wanted = texts.filter(pl.col("clean_text") != "").unique("text_hash", keep="first", maintain_order=True)
        known = lake.lake.known_vectors(encoder.encoder.fingerprint, wanted["text_hash"], version=version)
        new = wanted.select("text_hash", "clean_text").join(known, on="text_hash", how="anti").sort("text_hash")
        progress().encoding(new.height)
        encoded = embed_texts(encoder.encoder, new, progress().encoded)
        known = known.with_columns(encoder=pl.lit(encoder.encoder.fingerprint)).select(encoded.columns)
        facts = {f"encoder_{name}": value for name, value in encoder.encoder.description.items()}
        if isinstance(encoder.encoder, Metered):
            facts |= encoder.encoder.spent()
        languages = _languages_known(context, window, encoder.encoder, wanted)
        return write(_outcome(pl.concat([encoded, known]), wanted.height, new.height, version, languages, **facts))

    (result,) = load_windows(context, lake, work)
    return result


def _languages_known(
    context: dg.AssetExecutionContext, window: Window, encoder: Encoder, texts: pl.DataFrame
) -> Finding:
    """Warn where the encoder does not know the texts' languages, and name what does."""
    readings = read_languages(encoder, texts)
    share = unknown_share(readings)
    if passed := share <= UNKNOWN_LANGUAGES:
        told = ""
    else:
        told = advice(readings)
        context.log.warning(f"{window.key}: {told}")
        progress().warned(told)
    by_language = {r.language: {"texts": r.texts, "strange_tokens": r.strange, "known": r.known} for r in readings[:20]}
    return LANGUAGES_KNOWN.found(passed, value=share, limit=UNKNOWN_LANGUAGES, languages=by_language, advice=told)


def _outcome(frame: pl.DataFrame, wanted: int, encoded: int, version: int, languages: Finding, **facts: Any) -> Outcome:
    truncated = frame["truncated"].mean()
    return Outcome(
        frames={EMBEDDINGS.name: frame},
        version=version,
        metadata={
            "texts_encoded": encoded,
            "texts_known": frame.height - encoded,
            "model_tokens": int(frame["n_model_tokens"].sum()),
            "encoder": frame["encoder"][0] if frame.height else "none: no text",
            **facts,
        },
        findings=[
            EVERY_TEXT_EMBEDDED.found(frame.height == wanted, distinct_texts=wanted, vectors=frame.height),
            TRUNCATED.at_most(truncated if isinstance(truncated, float) else None, TRUNCATED_SHARE),
            languages,
        ],
    )
