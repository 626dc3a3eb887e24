"""user_moves: every user whose segment changed into the window, and why: new texts, faded ones, or the clustering."""

from collections import Counter

import dagster as dg
import polars as pl

from interest_platform.assets.facts import Family, asset_facts, check_specs_of
from interest_platform.assets.loading import Loaded, Outcome, Write, load_windows
from interest_platform.checks import Check, conservation
from interest_platform.domain.dynamics_tables import SEGMENT_IDENTITIES, USER_MOVES
from interest_platform.domain.steps import USER_MOVES_STEP
from interest_platform.domain.tables import (
    CLEANED_TOKENS,
    CLUSTER_MEMBERS,
    CLUSTER_SNAPSHOTS,
    EMBEDDINGS,
    RAW_TEXTS,
    USER_INTERESTS,
)
from interest_platform.domain.unassigned import UNASSIGNED
from interest_platform.domain.windows import Window, WindowGrid
from interest_platform.dynamics.moves import broken_move_laws, moves_off
from interest_platform.dynamics.moves import user_moves as moves_of
from interest_platform.dynamics.sides import Side, moved_users
from interest_platform.interests.texts import texts_elsewhere
from interest_platform.lake import Lake
from interest_platform.lake.vectors import vectors_of
from interest_platform.resources import LakeResource, SettingsResource
from interest_platform.segments import Segmentation

FAMILY = Family("segments", frozenset({"polars", "numpy"}), code_version="1")

MOVES_ADD_UP = conservation(
    USER_MOVES.name, "A move for every user whose segment changed, and a move's parts add up to its margin."
)
SAME_TEXTS = Check(
    USER_MOVES.name, "same_texts", "The movers' texts give back the vectors that were clustered; else restate those."
)
SAME_ENCODER = Check(
    USER_MOVES.name, "same_encoder", "Both windows have vectors of one encoder; without that no move can be explained."
)


@dg.asset(
    **asset_facts(USER_MOVES, FAMILY),
    deps=USER_MOVES_STEP.inputs,
    check_specs=check_specs_of(USER_MOVES_STEP, MOVES_ADD_UP, SAME_TEXTS, SAME_ENCODER),
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def user_moves(
    context: dg.AssetExecutionContext, settings: SettingsResource, lake: LakeResource
) -> dg.MaterializeResult:
    """Explain the moves from the last window into this one; a first window, or one of another encoder, has none."""

    def work(window: Window, write: Write) -> Loaded:
        reading = _Reading(lake.lake, settings.grid, settings.config.windows.lookback, lake.lake.version())
        last = settings.grid.shift(window, -1)
        encoders = reading.encoders([last, window])
        if len(encoders) > 1 or not reading.known([last, window]):
            return write(_outcome(USER_MOVES.empty().drop("window_start"), reading.version, encoders, [], 0))
        before, after = reading.side(last), reading.side(window)
        texts, vectors = reading.texts_of(moved_users(before, after)["user_key"], [*before.lookback, *after.lookback])
        moves = moves_of(before, after, texts, vectors, settings.config.windows.half_life_days)
        broken, off = broken_move_laws(moves, before, after), moves_off(moves, before, after)
        return write(_outcome(moves, reading.version, encoders, broken, off))

    (result,) = load_windows(context, lake, work)
    return result


def _outcome(moves: pl.DataFrame, version: int, encoders: list[str], broken: list[str], off: int) -> Outcome:
    causes = Counter(moves["cause"].to_list())
    return Outcome(
        frames={USER_MOVES.name: moves},
        version=version,
        metadata={"users_moved": moves.height, "causes": {cause: causes[cause] for cause in sorted(causes)}},
        findings=[
            MOVES_ADD_UP.found(not broken, broken="; ".join(broken) or "none"),
            SAME_TEXTS.found(off == 0, users_off=off),
            SAME_ENCODER.found(len(encoders) <= 1, encoders=", ".join(encoders) or "none: no user"),
        ],
    )


def _placed(segmentation: Segmentation) -> pl.DataFrame:
    """The users that are in a segment: to be in none has no place that one could have moved from or to."""
    return segmentation.users().filter(pl.col("segment_id") != UNASSIGNED)


class _Reading:
    """What the lake has of two windows, at one version."""

    def __init__(self, lake: Lake, grid: WindowGrid, lookback: int, version: int) -> None:
        self.lake, self.grid, self.lookback, self.version = lake, grid, lookback, version

    def encoders(self, windows: list[Window]) -> list[str]:
        found = self.lake.read(USER_INTERESTS, windows, columns=["encoder"], version=self.version)
        return sorted(found["encoder"].unique())

    def known(self, windows: list[Window]) -> bool:
        """Whether each window has segments."""
        found = self.lake.read(SEGMENT_IDENTITIES, windows, columns=["window_start"], version=self.version)
        return found["window_start"].n_unique() == len(windows)

    def side(self, window: Window) -> Side:
        members = self.lake.read(CLUSTER_MEMBERS, [window], version=self.version)
        identities = self.lake.read(SEGMENT_IDENTITIES, [window], version=self.version)
        clusters = self.lake.read(CLUSTER_SNAPSHOTS, [window], columns=["cluster_id", "centroid"], version=self.version)
        interests = self.lake.read(
            USER_INTERESTS,
            [window],
            columns=["user_key", "interest_no", "vector", "text_hashes"],
            version=self.version,
        )
        strongest = interests.filter(pl.col("interest_no") == 0).select("user_key", "vector")
        back = self.grid.lookback(window, self.lookback)
        return Side(
            window=window,
            users=_placed(Segmentation(window, members, identities)).join(strongest, on="user_key", how="left"),
            centroids=clusters.join(identities, on="cluster_id").select("segment_id", "centroid"),
            lookback=self.lake.loaded_windows(EMBEDDINGS.name, back, version=self.version),
            elsewhere=texts_elsewhere(interests).select("user_key", "text_hash"),
        )

    def texts_of(self, users: pl.Series, windows: list[Window]) -> tuple[pl.DataFrame, pl.DataFrame]:
        """The users' texts in the windows (user_key, window_start, text_id, text_hash, ts), and their vectors."""
        wanted = sorted(set(windows)) if len(users) else []
        columns = ["window_start", "text_id", "user_key", "ts"]
        texts = self.lake.read(RAW_TEXTS, wanted, columns=columns, version=self.version)
        texts = texts.join(users.to_frame(), on="user_key", how="semi")
        cleaned = self.lake.read(CLEANED_TOKENS, wanted, columns=["text_id", "text_hash"], version=self.version)
        told = texts.join(cleaned, on="text_id")
        hashes = told.select("text_hash").unique()
        return told, vectors_of(self.lake, wanted, self.version, hashes).select("text_hash", "vector")
