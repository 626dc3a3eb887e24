"""A micro-batch: the texts since the newest window, their users' interests, and the segments these are in by then."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import polars as pl
from pydantic import SecretStr

from interest_platform.assets.lookback import texts_behind
from interest_platform.domain.live_tables import PROVISIONAL_SEGMENTS, PROVISIONAL_VECTORS
from interest_platform.domain.windows import Window, utc_now
from interest_platform.embedding import Encoder
from interest_platform.embedding.frames import embed_texts, embed_vectors
from interest_platform.errors import LiveError, SettingsError
from interest_platform.ingest import SourceReader
from interest_platform.interests import user_interests
from interest_platform.lake import Lake, Stamp
from interest_platform.lake.live import (
    encoded_before,
    loaded_since,
    opened_at,
    places_of,
    segments_before,
    still_holds,
)
from interest_platform.live import OpenWindow, provisional_rows
from interest_platform.live.placing import require_encoder
from interest_platform.progress import progress
from interest_platform.segments.segment_map import SegmentMap
from interest_platform.text.cleaning import clean_texts
from interest_platform.text.hashing import text_hashes

TRIES = 3
"""How often it begins anew where windows that it goes on from are loaded while it runs."""

_COUNTED = ["window_start", "user_key", "ts", "text_hash"]


@dataclass(frozen=True)
class MicroBatch:
    """What a micro-batch wrote: the rows of `provisional_segments`, of one window, read at one version of the lake."""

    opened: OpenWindow
    version: int
    written: int
    rows: pl.DataFrame
    texts: int
    rejected: int
    encoded: int

    @property
    def strongest(self) -> pl.DataFrame:
        """A row a user: the strongest interest."""
        return self.rows.filter(pl.col("interest_no") == 0)

    @property
    def new_users(self) -> int:
        """Users that the base window does not have."""
        return self.strongest["previous_segment_id"].null_count()

    @property
    def moved(self) -> int:
        """Users of the base window who are in another segment than there."""
        return self.strongest.filter(pl.col("segment_id") != pl.col("previous_segment_id")).height


@dataclass(frozen=True)
class _New:
    """Texts since the base that have a vector: `texts` with the columns counted, `vectors` text_hash and vector."""

    texts: pl.DataFrame
    vectors: pl.DataFrame
    encoder: str
    accepted: int
    rejected: int
    encoded: int


def require_past(until: datetime | None, now: datetime) -> None:
    """Raise `SettingsError` for a time to come; both are UTC."""
    if until is not None and until > now:
        raise SettingsError(f"until {until}: is still to come; a micro-batch is of the present or the past (UTC)")


class MicroBatches:
    """Runs micro-batches on a lake. `encoder()` gives the settings' encoder, not asked where sources bring vectors.

    The sources are read with the code that the line reads them with, from the end of the base window; only texts that
    no window and no earlier micro-batch has had are encoded. Of the lookback the texts of users who wrote are read, and
    of all users only with `interests.per_user: auto`, where all of them tell what is one interest. What is read of the
    lake is of one version.
    """

    def __init__(self, lake: Lake, key: SecretStr, encoder: Callable[[], Encoder], stamp: Stamp) -> None:
        self._lake, self._settings, self._config = lake, lake.settings, lake.settings.config
        self._key, self._encoder, self._stamp = key, encoder, stamp

    def run(self, until: datetime | None = None) -> MicroBatch | None:
        """Place the users who wrote before `until` (UTC; None: the present) and replace the open window's rows.

        None where the grid ends before that. Raises `SettingsError` for a time to come, `LiveError` where there is no
        window to go on from, where its segments are another encoder's, and where it was loaded again each time that
        the micro-batch tried; the old rows stay then.
        """
        now = utc_now()
        require_past(until, now)
        for _ in range(TRIES):
            version = self._lake.version()
            opened = opened_at(self._lake, until or now, version)
            if opened is None:
                return None
            done = self._once(opened, version, now)
            if done is not None:
                self._drop_vectors()
                return done
        raise LiveError(
            f"windows that the micro-batch goes on from were loaded again {TRIES} times while it ran: run it again "
            "later; its old rows stay"
        )

    def _once(self, opened: OpenWindow, version: int, now: datetime) -> MicroBatch | None:
        """One try; None where the windows it went on from have been loaded again meanwhile."""
        places = places_of(self._lake, opened.base, version)
        new = self._new(opened, places, version, now)
        interests = self._interests(opened, new, version)
        before = segments_before(self._lake, opened.base, version)
        rows = provisional_rows(interests, new.texts, before, places, opened).with_columns(lake_version=pl.lit(version))
        if not still_holds(self._lake, opened, version):
            return None
        frame = PROVISIONAL_SEGMENTS.conform(rows, opened.window.start)
        written = self._lake.replace(opened.window, {PROVISIONAL_SEGMENTS.name: frame}, self._stamp).version
        return MicroBatch(opened, version, written, frame, new.accepted, new.rejected, new.encoded)

    def _new(self, opened: OpenWindow, places: SegmentMap, version: int, now: datetime) -> _New:
        with SourceReader(self._settings, opened.unread, now, self._key) as reader:
            read = [(window, reader.window(window)) for window in opened.unread]
        accepted = pl.concat([rows.accepted.with_columns(window_start=pl.lit(w.start)) for w, rows in read])
        cleaned = clean_texts(accepted["text"])
        texts = accepted.with_columns(clean_text=cleaned, text_hash=text_hashes(cleaned, accepted["vector"]))
        rejected = sum(rows.rejected.height for _, rows in read)
        if name := self._config.vector_encoder:
            vectors, encoded = embed_vectors(texts, name), 0
            encoder = vectors["encoder"][0] if vectors.height else places.encoder
        else:
            encoder = self._encoder().fingerprint
            require_encoder(encoder, places)
            vectors, encoded = self._encoded(opened.window, texts, version)
        counted = texts.select(_COUNTED).join(vectors, on="text_hash", how="semi")
        return _New(counted, vectors.select("text_hash", "vector"), encoder, accepted.height, rejected, encoded)

    def _encoded(self, window: Window, texts: pl.DataFrame, version: int) -> tuple[pl.DataFrame, int]:
        """The texts' vectors, and how many were made; these are kept at once, so that none is made twice."""
        encoder = self._encoder()
        wanted = texts.filter(pl.col("clean_text") != "").unique("text_hash").select("text_hash", "clean_text")
        known = self._lake.known_vectors(encoder.fingerprint, wanted["text_hash"], version=version)
        unknown = wanted.join(known, on="text_hash", how="anti").sort("text_hash")
        progress().encoding(unknown.height)
        made = embed_texts(encoder, unknown, progress().encoded)
        if made.height:
            kept = pl.concat([encoded_before(self._lake, window, version), made], how="vertical_relaxed")
            frame = PROVISIONAL_VECTORS.conform(kept.unique(["text_hash", "encoder"], keep="first"), window.start)
            self._lake.replace(window, {PROVISIONAL_VECTORS.name: frame}, self._stamp)
        return pl.concat([known.select("text_hash", "vector"), made.select("text_hash", "vector")]), made.height

    def _interests(self, opened: OpenWindow, new: _New, version: int) -> pl.DataFrame:
        """`user_interests` of the users with a text since the base, by the function that windows are made with."""
        config, wrote = self._config, new.texts["user_key"].unique()
        everybody = config.interests.per_user == "auto"
        told = f"provisional_segments of {opened.window.key}"
        columns = ["window_start", "user_key", "ts"]
        users = None if everybody else wrote
        behind = texts_behind(self._lake, opened.known, version, columns, told, users)
        if behind.encoder not in ("", new.encoder):
            raise LiveError(
                f"{told}: earlier texts are of {behind.encoder}, those since of {new.encoder}, which can't be "
                "compared: `interest restate` encodes the windows again"
            )
        found = user_interests(
            pl.concat([behind.texts.select(_COUNTED), new.texts]),
            pl.concat([behind.vectors.select("text_hash", "vector"), new.vectors]),
            opened.until_now,
            half_life_days=config.windows.half_life_days,
            min_texts=config.interests.min_texts,
            per_user=config.interests.per_user,
            most=config.interests.max,
            windows_present=behind.windows_present + len(opened.unread),
            encoder=new.encoder,
        )
        return found.join(wrote.to_frame("user_key"), on="user_key", how="semi", maintain_order="left")

    def _drop_vectors(self) -> None:
        """Of windows that are loaded: their texts' vectors are in `embeddings`."""
        for window in loaded_since(self._lake, self._lake.version()):
            self._lake.replace(window, {PROVISIONAL_VECTORS.name: PROVISIONAL_VECTORS.empty()}, self._stamp)
