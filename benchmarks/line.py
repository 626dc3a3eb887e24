"""The line after encoding beside BERTopic's `fit_transform` and `topics_over_time`, on the same texts and vectors.

    python benchmarks/line.py --set hackernews            20,000 titles by month: no labels, so seconds alone
    python benchmarks/line.py --set chinese-shopping      20,000 labelled reviews, given a week at random each
    python benchmarks/line.py --set mailing-lists         the demo's posts by week, by list
    python benchmarks/line.py --set ... --dagster         the same texts by `interest run` on a `vector` column

Ours, in library calls, window by window: interests, clusters from the last window's, terms and example texts,
identities and events, drift. BERTopic knows one space of topics for all times; ours is a segment that is followed, and
a text has that of its user in its window. AMI is over all texts; those left out (-1) count as one cluster. Both start
from clean texts and vectors; cleaning, which ours reads tokens of, is told beside. Rounds alternate.
"""

import argparse
import datetime as dt
import os
import subprocess
import sys
import tempfile
import time
import warnings
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests"))

import numpy as np  # noqa: E402
import polars as pl  # noqa: E402
from following import Following  # noqa: E402
from labelled import DATA, ENCODERS, vectors_of  # noqa: E402
from rivals import bertopic, installed, missing, warm_up  # noqa: E402

from interest_platform.clustering import cluster, snapshot  # noqa: E402
from interest_platform.configuration import ClusteringSettings, DriftSettings, TextSettings  # noqa: E402
from interest_platform.domain.windows import Grain, Window, WindowGrid  # noqa: E402
from interest_platform.dynamics.drift import Side, drift_metrics, with_segments  # noqa: E402
from interest_platform.dynamics.sightings import Sighting  # noqa: E402
from interest_platform.dynamics.warm_start import warm_start  # noqa: E402
from interest_platform.interests import as_lists, as_matrix, user_interests  # noqa: E402
from interest_platform.text.cleaning import clean  # noqa: E402

GRACE, WEEKS = 2, 14
HALF_LIFE_DAYS = 14.0
START = dt.datetime(2024, 1, 1)
ENCODER_OF = {"hackernews": "transformer", "chinese-shopping": "multilingual", "mailing-lists": "transformer"}


@dataclass(frozen=True)
class Texts:
    """Clean texts in order of time, with their vectors (n, d), on a grid of windows; `cleaning` in seconds."""

    frame: pl.DataFrame
    vectors: np.ndarray
    grid: WindowGrid
    cleaning: float


def main() -> None:
    """Read the arguments, then measure in rounds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--set", choices=list(ENCODER_OF), default="hackernews")
    parser.add_argument("--encoder", choices=list(ENCODERS), help="default: transformer, Chinese: multilingual")
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the data sets (default: ../shared/data)")
    parser.add_argument("--most", type=int, default=20_000, help="texts at most (default: 20000)")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--kept", type=Path, help="folder that keeps vectors (default: one in the temporary folder)")
    parser.add_argument("--rivals", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--dagster", action="store_true", help="`interest run` instead, and seconds an asset")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    kept = given.kept or Path(tempfile.gettempdir()) / "interest-labelled"
    texts = prepared(given.set, given.data, given.most, given.encoder or ENCODER_OF[given.set], kept)
    windows = texts.frame["window_start"].n_unique()
    print(
        f"{given.set}: {texts.frame.height:,} texts of {texts.frame['user_key'].n_unique():,} users, {windows} windows"
    )
    if given.dagster:
        dagster(texts)
        return
    print(f"cleaning and tokens, before: {texts.cleaning:.1f} s")
    rival = given.rivals and "bertopic" in installed()
    for line in missing()[:1] if given.rivals and not rival else []:
        print(line)
    if rival:
        warm_up("bertopic")
    for _ in range(given.rounds):
        ours(texts)
        if rival:
            theirs(texts)


def prepared(name: str, data: Path, most: int, encoder: str, kept: Path) -> Texts:
    """The texts of a set as the line has them after `embeddings`."""
    grain = Grain.MONTH if name == "hackernews" else Grain.WEEK
    raw = _raw(name, data, most).with_columns(text_id=pl.int_range(pl.len()).cast(pl.String).str.zfill(7))
    began = time.perf_counter()
    cleaned = clean(raw.select("text_id", "text"), TextSettings())
    seconds = time.perf_counter() - began
    frame = raw.drop("text").join(cleaned, on="text_id").filter(pl.col("clean_text") != "")
    first, last = (frame["ts"].min(), frame["ts"].max())
    unit = "1mo" if grain is Grain.MONTH else "1w"
    frame = frame.with_columns(window_start=pl.col("ts").dt.truncate(unit), source=pl.lit("s")).sort("ts", "text_id")
    edges = pl.Series([first, last]).dt.truncate(unit).dt.offset_by("0d").to_list()
    end = pl.Series([edges[1]]).dt.offset_by(unit)[0]
    return Texts(frame, vectors_of(frame["clean_text"].to_list(), encoder, kept), _grid(grain, edges[0], end), seconds)


def _grid(grain: Grain, start: dt.datetime, end: dt.datetime) -> WindowGrid:
    return WindowGrid(grain, start.date(), end.date())


def _raw(name: str, data: Path, most: int) -> pl.DataFrame:
    """user_key, text, ts, category (null: no label)."""
    if name == "mailing-lists":
        from interest_platform.settings import SAMPLES_NAME, home_folder
        from interest_platform.sources.samples import fetch

        found = pl.read_parquet(fetch(name, home_folder() / SAMPLES_NAME)).with_columns(
            pl.col("ts").str.to_datetime("%Y-%m-%dT%H:%M:%SZ", strict=False)
        )
        span = (dt.datetime(2002, 7, 8), dt.datetime(2002, 10, 14))
        found = found.filter(pl.col("ts").is_between(*span, closed="left"))
    elif name == "chinese-shopping":
        from labelled import load

        drawn = load(name, data, most)
        weeks = np.random.default_rng(0).integers(0, WEEKS, len(drawn.texts)).tolist()
        told = {"text": drawn.texts, "category": drawn.labels, "ts": [START + dt.timedelta(weeks=w) for w in weeks]}
        found = pl.DataFrame(told).with_row_index("user_id")
    else:
        found = pl.read_parquet(data / "hackernews_titles_20k.parquet").with_columns(category=pl.lit(None, pl.String))
    naive = found["ts"].dt.replace_time_zone(None).cast(pl.Datetime("us"))
    return found.select(pl.col("user_id").cast(pl.String).alias("user_key"), "text", naive, "category").head(most)


def ours(texts: Texts) -> None:
    """The line in library calls, and the seconds of each stage."""
    stages: dict[str, float] = defaultdict(float)
    frame, following, ks = texts.frame, Following(GRACE), []
    vectors = frame.select("text_hash").with_columns(as_lists(texts.vectors).alias("vector")).unique("text_hash")
    last: tuple[pl.DataFrame, pl.DataFrame] | None = None
    before: Side | None = None
    segments = []
    for window in texts.grid:
        of = frame.filter(pl.col("window_start") == window.start)
        if of.is_empty():
            continue
        with _timed(stages, "interests"):
            interests = _interests(of, vectors.join(of, on="text_hash", how="semi"), window)
        with _timed(stages, "clusters"):
            start = None if last is None else warm_start(interests, *last, "e")
            found = cluster(as_matrix(interests["vector"]), ClusteringSettings(), start=start)
        ks.append(found.k)
        with _timed(stages, "terms, examples"):
            told = of.join(vectors, on="text_hash", how="left")
            shot = snapshot(
                interests, found, told.select("user_key", "clean_text", "tokens", "text_hash", "ts", "vector")
            )
            last = shot.clusters, shot.members
        with _timed(stages, "identities"):
            weighed = shot.members.join(
                interests.select("user_key", "interest_no", "weight"), on=["user_key", "interest_no"]
            )
            step = following.step(Sighting(shot.clusters, weighed.drop("memberships", "leaf"), "e"))
        names = pl.DataFrame(
            {
                "cluster_id": [i.cluster_id for i in step.identities],
                "segment_id": [i.segment_id for i in step.identities],
            }
        )
        names = names.cast({"cluster_id": pl.Int32})
        with _timed(stages, "drift"):
            side = _side(window, interests, shot.members, names, of)
            if before is not None:
                drift_metrics(before, side, DriftSettings())
            before = side
        users = shot.members.filter(pl.col("interest_no") == 0).join(names, on="cluster_id", how="left")
        segments.append(
            of.select("text_id", "user_key").join(users.select("user_key", "segment_id"), on="user_key", how="left")
        )
    placed = frame.select("text_id", "category").join(pl.concat(segments), on="text_id", how="left")
    labels = placed["segment_id"].fill_null("none").to_numpy()
    shown = ", ".join(f"{stage} {seconds:.1f}" for stage, seconds in stages.items())
    found = f"k {min(ks)} to {max(ks)}, left out {np.mean(labels == 'none'):.0%}{_ami(texts, labels)}"
    print(f"  ours      {sum(stages.values()):6.1f} s ({shown})  {found}", flush=True)


def _interests(texts: pl.DataFrame, vectors: pl.DataFrame, window: Window) -> pl.DataFrame:
    told = texts.select("user_key", "text_hash", "window_start", "ts")
    return user_interests(
        told, vectors, window, half_life_days=HALF_LIFE_DAYS, min_texts=1, windows_present=1, encoder="e", per_user=1
    )


def _side(
    window: Window, interests: pl.DataFrame, members: pl.DataFrame, names: pl.DataFrame, of: pl.DataFrame
) -> Side:
    history = of.select(pl.col("window_start").alias("window"), "user_key", "source", "lang", "text_hash")
    told = of.select("user_key", "source", "lang", "n_tokens", "text_hash", "tokens")
    return Side(window.key, with_segments(interests, members, names), told, history, "kmeans")


def theirs(texts: Texts) -> None:
    """BERTopic on the same texts and vectors, one topic a text for all windows."""
    docs = texts.frame["clean_text"].to_list()
    began = time.perf_counter()
    model, labels = bertopic(docs, texts.vectors)
    fitted = time.perf_counter()
    model.topics_over_time(docs, texts.frame["window_start"].to_list())
    done = time.perf_counter()
    told = f"fit_transform {fitted - began:.1f}, topics_over_time {done - fitted:.1f}"
    topics, left_out = len(np.unique(labels[labels >= 0])), np.mean(labels < 0)
    print(
        f"  BERTopic  {done - began:6.1f} s ({told})  {topics} topics, left out {left_out:.0%}{_ami(texts, labels)}",
        flush=True,
    )


def _ami(texts: Texts, labels: np.ndarray) -> str:
    from sklearn.metrics import adjusted_mutual_info_score

    known = texts.frame["category"].is_not_null().to_numpy()
    if not known.any():
        return ""
    truth = texts.frame["category"].cast(pl.String).fill_null("").to_numpy()
    return f", AMI {adjusted_mutual_info_score(truth[known], labels[known]):.3f}"


@contextmanager
def _timed(stages: dict[str, float], stage: str) -> Iterator[None]:
    began = time.perf_counter()
    yield
    stages[stage] += time.perf_counter() - began


CONFIG = """
sources: [{{name: line, uri: line.parquet, columns: {{vector: vector}}}}]
windows: {{grain: {grid.grain}, start: {grid.start}, end: {grid.end}, lookback: 1, half_life_days: 14}}
planted: {{repeats: 0}}
"""


def dagster(texts: Texts) -> None:
    """`interest run` in a new home: seconds in all, and of each asset's step by Dagster's own event log."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        columns = [pl.col("user_key").alias("user_id"), pl.col("clean_text").alias("text"), "ts"]
        texts.frame.select(columns).with_columns(as_lists(texts.vectors).alias("vector")).write_parquet(
            Path(folder) / "line.parquet"
        )
        (Path(folder) / "interest.yaml").write_text(CONFIG.format(grid=texts.grid))
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("INTEREST_", "DAGSTER_"))}
        began = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "interest_platform", "run", "--no-publish"],
            cwd=folder,
            env=kept | {"INTEREST_HOME": str(home)},
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise SystemExit(f"interest run failed: {done.stderr.strip()[-2000:]}")
        print(f"  interest run, from the file to the lake: {time.perf_counter() - began:.1f} s")
        steps = _steps(home / "dagster")
        for step, seconds in sorted(steps.items(), key=lambda item: -item[1]):
            print(f"    {step:22} {seconds:6.1f} s")


def _steps(folder: Path) -> dict[str, float]:
    """Seconds of every step over all runs."""
    import dagster as dg

    os.environ["DAGSTER_HOME"] = str(folder)
    seconds: dict[str, float] = defaultdict(float)
    with dg.DagsterInstance.get() as instance:
        for run in instance.get_runs():
            for step in instance.get_run_step_stats(run.run_id):
                seconds[step.step_key] += (step.end_time or 0) - (step.start_time or 0)
    return dict(seconds)


if __name__ == "__main__":
    main()
