"""Several interests a user beside one vector a user, on the mailing-lists sample that `interest demo` has loaded.

    INTEREST_HOME=... python benchmarks/interests.py

Prints, window by window, the share of users with two interests or more, of these the share whose interests are in two
segments or more; the agreement (AMI) of the texts' segments with the lists they were posted to; and, of pairs of one
user's texts, how many of two lists are in two segments (`apart`) and how many of one list in one (`together`). First
with the demo's settings, then with 12 clusters. Last, of 100,000 planted texts of 10,000 users, the seconds taken.
"""

import os
import sys
import time
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl

from interest_platform.clustering import cluster
from interest_platform.configuration import ClusteringSettings
from interest_platform.domain.tables import CLEANED_TOKENS, EMBEDDINGS, RAW_TEXTS
from interest_platform.domain.windows import Window
from interest_platform.dynamics.warm_start import warm_start
from interest_platform.interests import as_lists, as_matrix, user_interests
from interest_platform.interests.texts import texts_elsewhere, with_interest_no
from interest_platform.lake import Lake
from interest_platform.settings import Settings, load_settings

KINDS = {"one": 1, "auto": "auto", "two": 2}


@dataclass
class Line:
    """The clusterings of one kind, each started from the last."""

    per_user: int | str
    clusters: pl.DataFrame | None = None
    members: pl.DataFrame | None = None

    def window(
        self, texts: pl.DataFrame, vectors: pl.DataFrame, window: Window, settings: ClusteringSettings
    ) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Interests with cluster_id, and texts (user_key, text_hash, category) with theirs."""
        interests = user_interests(
            texts,
            vectors,
            window,
            half_life_days=10,
            min_texts=1,
            windows_present=2,
            encoder="e",
            per_user=self.per_user,
        )
        start = None if self.clusters is None else warm_start(interests, self.clusters, self.members, "e")
        found = cluster(as_matrix(interests["vector"]), settings, start=start)
        self.members = interests.with_columns(cluster_id=pl.Series(found.labels))
        self.clusters = pl.DataFrame({"cluster_id": pl.Series(range(found.k), dtype=pl.Int32)}).with_columns(
            as_lists(found.centroids).alias("centroid")
        )
        told = texts.unique(["user_key", "text_hash"]).drop_nulls("category")
        placed = self.members.select("user_key", "interest_no", "cluster_id")
        told = with_interest_no(told, texts_elsewhere(interests)).join(placed, on=["user_key", "interest_no"])
        return self.members, told.sort("user_key", "text_hash")


def main() -> None:
    """The sample's windows, then the planted texts."""
    settings = load_settings(os.environ)
    lake = Lake(settings)
    for clustering in (settings.config.clustering, ClusteringSettings(k=12)):
        sys.stdout.write(f"k {clustering.k}, k_range {clustering.k_range}\n")
        _windows(lake, settings, clustering)
    _speed()


def _windows(lake: Lake, settings: Settings, clustering: ClusteringSettings) -> None:
    lines = {name: Line(per_user) for name, per_user in KINDS.items()}
    rows = []
    for window in lake.loaded_windows(EMBEDDINGS.name, list(settings.grid)):
        back = settings.grid.lookback(window, settings.config.windows.lookback)
        raw = lake.read(RAW_TEXTS, back, columns=["window_start", "text_id", "user_key", "ts", "category"])
        texts = raw.join(lake.read(CLEANED_TOKENS, back, columns=["text_id", "text_hash"]), on="text_id")
        vectors = lake.read(EMBEDDINGS, back, columns=["text_hash", "vector"])
        row = {"window": window.key, "users": texts["user_key"].n_unique()}
        for name, line in lines.items():
            row |= {f"{name}_{k}": v for k, v in _measured(*line.window(texts, vectors, window, clustering)).items()}
        rows.append(row)
    frame = pl.DataFrame(rows)
    with pl.Config(tbl_cols=-1, tbl_rows=-1, tbl_width_chars=220, float_precision=2, tbl_hide_column_data_types=True):
        sys.stdout.write(f"{frame}\nmeans\n{frame.drop('window').mean()}\n")


def _measured(members: pl.DataFrame, texts: pl.DataFrame) -> dict[str, float | None]:
    from sklearn.metrics import adjusted_mutual_info_score

    by_user = members.group_by("user_key").agg(pl.len().alias("interests"), pl.col("cluster_id").n_unique())
    several = by_user.filter(pl.col("interests") > 1)
    found = {"ami": adjusted_mutual_info_score(texts["category"], texts["cluster_id"])} | _pairs(texts)
    if several.height:
        found |= {"several": several.height / by_user.height, "landed": (several["cluster_id"] > 1).mean()}
    return {name: found.get(name) for name in ("several", "landed", "ami", "apart", "together")}


def _pairs(texts: pl.DataFrame) -> dict[str, float | None]:
    numbered = texts.with_row_index("n")
    pairs = numbered.join(numbered, on="user_key", suffix="_other").filter(pl.col("n") < pl.col("n_other"))
    same_list, same_segment = (pairs[c] == pairs[f"{c}_other"] for c in ("category", "cluster_id"))
    return {"apart": (~same_segment).filter(~same_list).mean(), "together": same_segment.filter(same_list).mean()}


def _speed(users: int = 10_000, each: int = 10, d: int = 384) -> None:
    rng = np.random.default_rng(0)
    topics = rng.standard_normal((20, d))
    own = rng.integers(0, 20, (users, 2)).repeat(each // 2, axis=1).ravel()
    vectors = topics[own] + 1.2 * rng.standard_normal((users * each, d))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    window = Window(datetime(2024, 1, 1), datetime(2024, 1, 8))
    frame = (
        pl.DataFrame({"user": np.arange(users).repeat(each)})
        .with_row_index("n")
        .select(
            pl.col("user").cast(pl.String).str.zfill(6).alias("user_key"),
            pl.col("n").cast(pl.String).str.zfill(7).alias("text_hash"),
            pl.lit(window.start, pl.Datetime("us")).alias("window_start"),
            pl.lit(datetime(2024, 1, 5), pl.Datetime("us")).alias("ts"),
        )
    )
    known = frame.select("text_hash").with_columns(as_lists(vectors).alias("vector"))
    for name, per_user in KINDS.items():
        started = time.perf_counter()
        found = user_interests(
            frame, known, window, half_life_days=10, min_texts=1, windows_present=1, encoder="e", per_user=per_user
        )
        seconds = time.perf_counter() - started
        told = f"{users * each:,} texts of {users:,} users, d = {d}: {found.height:,} interests in {seconds:.1f} s"
        sys.stdout.write(f"{name:>5}: {told}\n")


if __name__ == "__main__":
    main()
