"""What a window's cells are measured on: its users' interests by one encoder, and the texts behind them."""

from dataclasses import dataclass

import polars as pl

from interest_platform.comparing import texts_behind
from interest_platform.comparison import Contestant, interest_labels
from interest_platform.comparison.digest import measured_on
from interest_platform.domain.comparison_tables import COMPARISON_VECTORS
from interest_platform.domain.tables import CLEANED_TOKENS, RAW_TEXTS
from interest_platform.domain.windows import Window
from interest_platform.embedding.frames import embed_vectors
from interest_platform.errors import LakeError
from interest_platform.interests import user_interests
from interest_platform.lake import Lake
from interest_platform.settings import Settings


@dataclass(frozen=True)
class Texts:
    """The texts of a window and its lookback at a lake version, each with its label, if any."""

    window: Window
    frame: pl.DataFrame
    windows_present: int
    version: int


@dataclass(frozen=True)
class Ground:
    """A window by one encoder; `name` stands for all that is in it and all settings that every cell obeys."""

    encoder: str
    interests: pl.DataFrame
    documents: pl.DataFrame
    labels: pl.Series
    texts_per_second: float | None
    name: str


def texts_of(lake: Lake, settings: Settings, window: Window, version: int) -> Texts:
    """Raises `LakeError` where the window's texts are not loaded."""
    windows, given = texts_behind(settings, lake, window), settings.config.vector_encoder
    label = settings.config.comparison.label
    columns = ["window_start", "text_id", "user_key", "ts", *([label] if label else []), *(["vector"] if given else [])]
    raw = lake.read(RAW_TEXTS, windows, columns=columns, version=version)
    raw = raw.with_columns(label=pl.col(label) if label else pl.lit(None, pl.String))
    told = ["text_id", "lang", "clean_text", "tokens", "text_hash"]
    cleaned = lake.read(CLEANED_TOKENS, windows, columns=told, version=version)
    return Texts(window, raw.join(cleaned, on="text_id"), len(windows), version)


def ground_of(lake: Lake, settings: Settings, texts: Texts, contestant: Contestant) -> Ground:
    """The interests that the line would make with this encoder. Raises `LakeError` where vectors are missing."""
    config, frame = settings.config, texts.frame
    vectors = _vectors(lake, texts, contestant, config.vector_encoder)
    encoder = vectors["encoder"][0] if vectors.height else contestant.name
    interests = user_interests(
        frame,
        vectors,
        texts.window,
        half_life_days=config.windows.half_life_days,
        min_texts=config.interests.min_texts,
        per_user=config.interests.per_user,
        most=config.interests.max,
        windows_present=texts.windows_present,
        encoder=encoder,
    )
    documents = frame.drop("vector", strict=False).join(vectors.select("text_hash", "vector"), on="text_hash")
    labels = interest_labels(interests, documents)
    name = measured_on(interests, documents, labels, config)
    return Ground(encoder, interests, documents, labels, _speed(lake, texts, encoder), name)


def _vectors(lake: Lake, texts: Texts, contestant: Contestant, given: str | None) -> pl.DataFrame:
    """text_hash, encoder and vector of every text that has one."""
    if contestant.encoder is None:
        return embed_vectors(texts.frame, given or "").select("text_hash", "encoder", "vector")
    fingerprint = contestant.encoder.fingerprint
    wanted = texts.frame.filter(pl.col("clean_text") != "").select("text_hash").unique()
    found = lake.known_vectors(fingerprint, wanted["text_hash"], version=texts.version)
    if lacking := wanted.height - found.height:
        raise LakeError(
            f"comparison_leaderboard of {texts.window.key}: {lacking} texts have no vector by {contestant.name}; run "
            "the job `comparison` or `interest compare`, which encode them first"
        )
    return found.select("text_hash", pl.lit(fingerprint).alias("encoder"), "vector")


def _speed(lake: Lake, texts: Texts, encoder: str) -> float | None:
    """Texts a second, of those that were encoded for the comparison in this window."""
    told = lake.read(COMPARISON_VECTORS, [texts.window], columns=["encoder", "seconds"], version=texts.version)
    seconds = told.filter(pl.col("encoder") == encoder)["seconds"]
    return len(seconds) / float(seconds.sum()) if len(seconds) and seconds.sum() else None
