"""What a run over some windows would do, found by doing all of it but encoding and writing."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from interest_platform.domain.windows import Window, utc_now
from interest_platform.embedding import Encoder, load_encoder
from interest_platform.embedding.spending import Forecast, Metered
from interest_platform.embedding.trained import TrainedEncoder
from interest_platform.ingest import SourceReader
from interest_platform.lake import Lake
from interest_platform.settings import Settings, pseudonym_key
from interest_platform.text import clean

TRIED = 48
"""Texts that are encoded to see how long one takes here."""

SECONDS_A_WINDOW = 1.5
"""What a window costs beside encoding: clustering, tracking, writing."""


@dataclass(frozen=True)
class PlannedWindow:
    """One window of a run to come."""

    key: str
    rows: int
    accepted: int
    rejected: int
    distinct: int
    to_encode: int
    loaded: bool


@dataclass(frozen=True)
class Plan:
    """A run to come; minutes are extrapolated from a few texts encoded on this machine."""

    windows: Sequence[PlannedWindow]
    minutes: float
    forecast: Forecast | None = None
    """Tokens and cost, where the encoder is paid for by use; minutes then count only the waits its limits ask for."""

    @property
    def rows(self) -> int:
        """Rows the run would read."""
        return sum(w.rows for w in self.windows)

    @property
    def to_encode(self) -> int:
        """Distinct texts that no window has had yet."""
        return sum(w.to_encode for w in self.windows)


def planned(settings: Settings, windows: Sequence[Window]) -> Plan:
    """Read and clean the windows' rows and look up which texts are known."""
    lake = Lake(settings)
    lake.prepare()
    encoder = None
    if settings.config.vector_encoder is None:
        encoder = load_encoder(settings.config.encoder, settings.config_path.parent, settings.home)
    loaded = {w.key for w in lake.loaded_windows("raw_texts", windows)}
    plans, new = [], pl.DataFrame(schema={"text_hash": pl.String, "clean_text": pl.String})
    with SourceReader(settings, windows, utc_now(), pseudonym_key(settings.home)) as reader:
        for window in windows:
            rows = reader.window(window)
            texts = clean(rows.accepted.select("text_id", "text", "lang", "vector"), settings.config.text)
            wanted = texts.filter(pl.col("clean_text") != "").unique("text_hash").select("text_hash", "clean_text")
            unseen = wanted.clear() if encoder is None else _unseen(lake, encoder, wanted, new)
            new = pl.concat([new, unseen])
            read, (accepted, rejected) = sum(rows.rows_read.values()), (rows.accepted.height, rows.rejected.height)
            plans.append(
                PlannedWindow(window.key, read, accepted, rejected, wanted.height, unseen.height, window.key in loaded)
            )
    forecast = encoder.forecast(new["clean_text"].to_list()) if isinstance(encoder, Metered) else None
    encoding = forecast.seconds if forecast else _encoding_seconds(encoder, new) if encoder else 0.0
    return Plan(plans, (len(plans) * SECONDS_A_WINDOW + encoding) / 60, forecast)


def _unseen(lake: Lake, encoder: Encoder, wanted: pl.DataFrame, new: pl.DataFrame) -> pl.DataFrame:
    if _is_untrained(encoder):
        return wanted.join(new, on="text_hash", how="anti")
    known = lake.known_vectors(encoder.fingerprint, wanted["text_hash"]).select("text_hash")
    return wanted.join(known, on="text_hash", how="anti").join(new, on="text_hash", how="anti")


def _encoding_seconds(encoder: Encoder, texts: pl.DataFrame) -> float:
    if texts.is_empty() or _is_untrained(encoder):
        return 0.0  # one that is trained in the run takes thousands a second
    tried = texts.sort("text_hash").head(TRIED)["clean_text"].to_list()
    encoder.encode(tried[:1])  # loads the weights, which a run pays once
    started = time.perf_counter()
    encoder.encode(tried)
    return (time.perf_counter() - started) / len(tried) * texts.height


def _is_untrained(encoder: Encoder) -> bool:
    return isinstance(encoder, TrainedEncoder) and not encoder.is_trained
