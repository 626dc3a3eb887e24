"""encoder_migrations: where the encoder changes, earlier texts by the new one too, and a mapping between the spaces."""

from collections.abc import Iterator, Sequence

import dagster as dg
import polars as pl

from interest_platform.assets.facts import Family, check_specs_of, specs_of
from interest_platform.assets.loading import Loaded, Outcome, Write, load_windows
from interest_platform.checks import MAPPING_TELLS
from interest_platform.domain.encoder_tables import ENCODER_MIGRATIONS, ENCODER_OVERLAPS
from interest_platform.domain.steps import ENCODER_MIGRATIONS_STEP
from interest_platform.domain.tables import CLEANED_TOKENS, EMBEDDINGS
from interest_platform.domain.windows import Window
from interest_platform.embedding.frames import embed_texts
from interest_platform.embedding.mapping import fit_mapping
from interest_platform.interests.vectors import as_matrix
from interest_platform.lake import Lake
from interest_platform.progress import progress
from interest_platform.resources import EncoderResource, LakeResource, SettingsResource

FAMILY = Family("interests", frozenset({"scipy", "torch"}), code_version="1")

SHARED = 4_000
"""Texts of the last window that are encoded for the mapping, at most; those of the lookback are all encoded."""


@dg.multi_asset(
    name=ENCODER_MIGRATIONS.name,
    specs=specs_of(ENCODER_MIGRATIONS_STEP, FAMILY),
    check_specs=check_specs_of(ENCODER_MIGRATIONS_STEP, MAPPING_TELLS),
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def encoder_migrations(
    context: dg.AssetExecutionContext, settings: SettingsResource, lake: LakeResource, encoder: EncoderResource
) -> Iterator[dg.MaterializeResult]:
    """Nothing where the encoder is that of the last window; else encode earlier texts once more, and fit a mapping."""
    config, grid = settings.config, settings.grid

    def work(window: Window, write: Write) -> Loaded:
        version = lake.lake.version()
        earlier = [w for w in _back(window, settings) if w.start >= grid.first.start]
        change = _change(lake.lake, window, earlier, version)
        if change is None:
            return write(_outcome(ENCODER_MIGRATIONS.empty(), ENCODER_OVERLAPS.empty(), version))
        old, new, last = change
        looked_back_on = [w for w in grid.lookback(window, config.windows.lookback) if w != window]
        texts = _texts(lake.lake, old, last, looked_back_on, version)
        overlaps = _by_new(lake.lake, None if config.vector_encoder else encoder, new, texts, version)
        shared = texts.select("text_hash", "vector").join(overlaps, on="text_hash", suffix="_new").sort("text_hash")
        return write(_outcome(_row(old, new, shared), overlaps, version))

    yield from load_windows(context, lake, work)


def _back(window: Window, settings: SettingsResource) -> list[Window]:
    """The windows before this one that anything in it is compared with, newest first."""
    reach = max(settings.config.windows.lookback - 1, 1 + settings.config.dynamics.grace)
    return [settings.grid.shift(window, -back) for back in range(1, reach + 1)]


def _change(lake: Lake, window: Window, earlier: Sequence[Window], version: int) -> tuple[str, str, Window] | None:
    """The old encoder, the new one, and the last window before this one that has vectors; None without a change."""
    for last in earlier:
        old = _encoders(lake, last, version)
        if old:
            new = _encoders(lake, window, version)
            return (old[0], new[0], last) if new and new[0] not in old else None
    return None


def _encoders(lake: Lake, window: Window, version: int) -> list[str]:
    found = lake.read(EMBEDDINGS, [window], columns=["encoder"], version=version)
    return sorted(found["encoder"].unique())


def _texts(lake: Lake, old: str, last: Window, looked_back_on: Sequence[Window], version: int) -> pl.DataFrame:
    """text_hash, clean_text and old vector of a sample of the last window's texts and of all of the lookback's."""
    windows = sorted({last, *looked_back_on}, key=lambda w: w.start)
    columns = ["window_start", "text_hash", "encoder", "vector"]
    vectors = lake.read(EMBEDDINGS, windows, columns=columns, version=version).filter(pl.col("encoder") == old)
    all_of = pl.col("window_start").is_in([w.start for w in looked_back_on])
    first = pl.col("text_hash").rank("ordinal").over("window_start") <= SHARED  # hashes are in no order: a sample
    known = vectors.filter(all_of | first).unique("text_hash", keep="first", maintain_order=True)
    cleaned = lake.read(CLEANED_TOKENS, windows, columns=["text_hash", "clean_text"], version=version)
    return known.select("text_hash", "vector").join(cleaned.unique("text_hash"), on="text_hash").sort("text_hash")


def _by_new(
    lake: Lake, encoder: EncoderResource | None, fingerprint: str, texts: pl.DataFrame, version: int
) -> pl.DataFrame:
    """The texts' rows of encoder_overlaps: vectors that the lake has, and, with the encoder at hand, all others."""
    columns = ["text_hash", "encoder", "vector"]
    known = lake.known_vectors(fingerprint, texts["text_hash"], version=version)
    known = known.with_columns(encoder=pl.lit(fingerprint)).select(columns)
    if encoder is None or encoder.encoder.fingerprint != fingerprint:
        return known
    unknown = texts.select("text_hash", "clean_text").join(known, on="text_hash", how="anti")
    progress().encoding(unknown.height)
    return pl.concat([known, embed_texts(encoder.encoder, unknown, progress().encoded).select(columns)])


def _row(old: str, new: str, shared: pl.DataFrame) -> pl.DataFrame:
    """The row of encoder_migrations."""
    before, after = as_matrix(shared["vector"]), as_matrix(shared["vector_new"])
    mapping = fit_mapping(before, after)
    told = {"from_encoder": old, "to_encoder": new, "n_texts": shared.height}
    told |= {"d_from": before.shape[1], "d_to": after.shape[1], "cosine": None, "chance": None, "error": None}
    if mapping is not None:
        told |= {"cosine": mapping.cosine, "chance": mapping.chance, "error": mapping.error}
    told["matrix"] = None if mapping is None else mapping.matrix.ravel().tolist()
    return pl.DataFrame([told], schema={c.name: ENCODER_MIGRATIONS.schema[c.name] for c in ENCODER_MIGRATIONS.body})


def _outcome(migrations: pl.DataFrame, overlaps: pl.DataFrame, version: int) -> Outcome:
    frames = {ENCODER_MIGRATIONS.name: migrations, ENCODER_OVERLAPS.name: overlaps}
    frames = {name: frame.drop("window_start", strict=False) for name, frame in frames.items()}
    told = migrations.row(0, named=True) if migrations.height else {}
    facts = {
        name: told[name] for name in ("from_encoder", "to_encoder", "n_texts", "cosine", "chance", "error") if told
    }
    passed = not told or (told["cosine"] is not None and told["cosine"] > told["chance"])
    return Outcome(
        frames=frames,
        version=version,
        metadata={name: value for name, value in facts.items() if value is not None},
        findings=[MAPPING_TELLS.found(passed, **{n: v for n, v in facts.items() if v is not None})],
    )
