"""Segments through the whole line on what people really wrote, beside plain rivals and BERTopic on the same vectors.

    python benchmarks/real_segments.py --sets demo amazon stackexchange
    python benchmarks/real_segments.py --streams small noisy churn "one text" still many --seeds 1 2 3 4 5
    python benchmarks/real_segments.py --sets --streams small still --language zh --seeds 1 2
    python benchmarks/real_segments.py ... --bertopic       with topics_over_time and the online mode, where installed

Real sets have a label a text (list, category, site). Streams are those of ../shared/real_streams.py: labelled texts
given to invented users, with planted births, splits, merges and deaths. Every set is a home of its own, run by
`interest run` with default settings. Pooled AMI compares segment ids with the labels over all windows at once.

Rivals are told the best of eight numbers of clusters: one spherical k-means over all windows, which sees the future,
and centroids carried from window to window. BERTopic labels texts: a user-window has the topic of most of its texts.
"""

import argparse
import datetime as dt
import importlib.util
import itertools
import json
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

for folder in (Path(__file__).parent, Path(__file__).parent.parent / "tests"):
    sys.path.insert(0, str(folder))


import numpy as np  # noqa: E402
import polars as pl  # noqa: E402
from dynamics_line import KEY, _interest, _queried  # noqa: E402
from sklearn.cluster import KMeans  # noqa: E402
from sklearn.metrics import adjusted_mutual_info_score as ami  # noqa: E402

from interest_platform.domain.pseudonyms import user_key  # noqa: E402

SHARED = Path(__file__).parent.parent.parent / "shared"
KS = (2, 3, 4, 6, 9, 12, 16, 24)
FIRST, STEPS, PRIOR = 4, 4, 2.0
"""The carried rival: k-means on the first windows, then steps a window with the last centroids as so many shares."""

SOURCE = "texts"
CONFIG = """
sources: [{{name: {source}, uri: {uri}}}]
windows: {{grain: {grain}, start: {start}, end: {end}{more}}}
{encoder}drift: {{permutations: 19}}
planted: {{repeats: 0}}
"""
"""Clustering and dynamics are the defaults; what segments do not depend on is kept short."""

INTERESTS = "SELECT window_start w, user_key u, vector FROM user_interests WHERE interest_no = 0"
PLACES = """
SELECT m.window_start w, m.user_key u, i.segment_id s, i.name FROM cluster_members m
LEFT JOIN segment_identities i USING (window_start, cluster_id) WHERE m.interest_no = 0
"""
HERE = "SELECT window_start w, user_key u, mode(category) a FROM raw_texts WHERE category IS NOT NULL GROUP BY ALL"
EVER = "SELECT user_key u, mode(category) b FROM raw_texts WHERE category IS NOT NULL GROUP BY ALL"
EVENTS = """
SELECT window_start w, kind, parents, children FROM segment_events WHERE kind <> 'survive' ORDER BY ALL
"""
TEXTS = """
SELECT r.window_start w, r.user_key u, c.clean_text, e.vector FROM raw_texts r
JOIN cleaned_tokens c USING (window_start, text_id) JOIN embeddings e USING (window_start, text_hash)
WHERE c.clean_text <> '' ORDER BY ALL
"""


@dataclass(frozen=True)
class Task:
    """A set of texts: its rows (None: the sample of the demo), windows and encoder, and the truth of a stream."""

    name: str
    rows: pl.DataFrame | None
    grain: str
    start: dt.date
    end: dt.date
    more: str = ""
    encoder: str = ""
    truth: list[dict[str, Any]] | None = None


@dataclass(frozen=True)
class Seen:
    """A home's user-windows: vectors (n, d), true labels, windows and segment ids (n,), and segments a window."""

    vectors: np.ndarray
    truth: np.ndarray
    windows: np.ndarray
    segments: np.ndarray


def main() -> None:
    """Read the arguments, then a line a set, and the means at the end."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", nargs="*", choices=list(SETS), default=list(SETS))
    parser.add_argument("--streams", nargs="*", default=[], help="names of streams of real_streams.py")
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2, 3, 4, 5])
    parser.add_argument("--language", choices=["en", "zh"], default="en", help="zh: the shop reviews, multilingual")
    parser.add_argument("--bertopic", action="store_true")
    parser.add_argument("--curve", action="store_true", help="both rivals at every number of clusters")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    if not SHARED.is_dir():
        raise SystemExit("the data sets are not there: benchmarks of real texts need ../shared")
    print("AMI pooled over windows: ours | one k-means, best k | carried centroids, best k | ratio to the better")
    ratios: dict[str, list[float]] = {}
    events = np.zeros(3, int)
    windows = 0
    for task in _tasks(given):
        line, ratio, counted, count = _measured(task, given)
        print(line, flush=True)
        ratios.setdefault(task.name.split(" seed ")[0], []).append(ratio)
        events += counted
        windows += count if task.truth is not None else 0
    means = {name: float(np.mean(values)) for name, values in ratios.items()}
    print("mean ratio a set: " + ", ".join(f"{name} {value:.2f}" for name, value in means.items()))
    print(f"mean over sets {np.mean(list(means.values())):.3f}, least {min(means.values()):.2f}")
    if windows:
        right, false, missed = (int(each) for each in events)
        f1 = 2 * right / max(2 * right + false + missed, 1)
        print(f"events: F1 {f1:.2f}: {right} right, {false} false, {missed} missed in {windows} windows")


def _tasks(given: argparse.Namespace) -> Iterator[Task]:
    for name in given.sets:
        yield SETS[name]()
    streams = _streams()
    texts = streams.labelled() if given.language == "en" else _chinese()
    for stream in given.streams:
        for seed in given.seeds:
            rows, truth = streams.make(texts, seed, **streams.STREAMS[stream])
            start = dt.date(2024, 1, 1)
            end = start + dt.timedelta(weeks=len(truth))
            encoder = "" if given.language == "en" else "encoder: {kind: multilingual}\n"
            more = ", lookback: 1"
            yield Task(f"{stream} {given.language} seed {seed}", rows, "week", start, end, more, encoder, truth)


def _streams() -> Any:
    spec = importlib.util.spec_from_file_location("real_streams", SHARED / "real_streams.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _chinese(each: int = 500) -> dict[str, list[str]]:
    frame = pl.read_parquet(SHARED / "data" / "zh_online_shopping_10cat.parquet")
    frame = frame.filter(pl.col("text").str.len_chars() > 8).unique("text", maintain_order=True)
    return {
        str(name): of.head(each)["text"].to_list() for (name,), of in frame.group_by("category", maintain_order=True)
    }


def _demo() -> Task:
    return Task("demo", None, "week", dt.date(2002, 7, 8), dt.date(2002, 10, 14), ", lookback: 2, half_life_days: 10")


def _amazon() -> Task:
    rows = pl.read_parquet(SHARED / "data" / "amazon_reviews_6cat.parquet")
    return Task("amazon", rows, "month", *_months(rows, 1), ", lookback: 1, half_life_days: 30")


def _stackexchange() -> Task:
    rows = pl.read_parquet(SHARED / "data" / "stackexchange_coffee_dsmeta.parquet")
    rows = rows.with_columns(pl.col("category").str.split(":").list.first())
    return Task("stackexchange", rows, "quarter", *_months(rows, 3), ", lookback: 1, half_life_days: 90")


def _months(rows: pl.DataFrame, months: int) -> tuple[dt.date, dt.date]:
    """The first day of the window of the first text, and the day after the window of the last."""
    low, high = (rows["ts"].min(), rows["ts"].max())
    assert isinstance(low, dt.datetime) and isinstance(high, dt.datetime)
    first = (low.year * 12 + low.month - 1) // months * months
    after = ((high.year * 12 + high.month - 1) // months + 1) * months
    return dt.date(first // 12, first % 12 + 1, 1), dt.date(after // 12, after % 12 + 1, 1)


SETS = {"demo": _demo, "amazon": _amazon, "stackexchange": _stackexchange}


def _measured(task: Task, given: argparse.Namespace) -> tuple[str, float, np.ndarray, int]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        configured(task, folder)
        began = time.perf_counter()
        _interest(folder, "run", "--no-publish")
        seconds = time.perf_counter() - began
        seen = _seen(folder)
        counted, count = np.zeros(3, int), len(set(seen.windows))
        extra = ""
        if task.truth is not None:
            counted, f1 = _scored(folder, task.truth)
            right, false, missed = (int(each) for each in counted)
            extra = f"  events F1 {f1:.2f} ({right} right, {false} false, {missed} missed)"
        topics = _bertopic(folder, seen) if given.bertopic else ""
    ours, whole, carried = ami(seen.truth, seen.segments), _whole(seen), _carried(seen)
    best = max(max(whole.values()), max(carried.values()))
    k = [len(set(seen.segments[seen.windows == w])) for w in sorted(set(seen.windows))]
    jumps = sum(b < a / 2 or b > 2 * a for a, b in itertools.pairwise(k))
    curve = f"\n    k-means {_told(whole)}\n    carried {_told(carried)}" if given.curve else ""
    line = (
        f"{task.name:22} {ours:.3f} | {max(whole.values()):.3f} | {max(carried.values()):.3f} | {ours / best:.2f}   "
        f"{len(set(seen.segments))} ids, {min(k)}-{max(k)} a window, halved or doubled {jumps} times, {seconds:.0f} s"
    )
    return line + extra + topics + curve, ours / best, counted, count


def configured(task: Task, folder: Path) -> None:
    """Leave the task's source and interest.yaml in the folder."""
    uri = "sample:mailing-lists"
    if task.rows is not None:
        task.rows.write_parquet(folder / "texts.parquet")
        uri = "texts.parquet"
    else:
        _interest(folder, "samples", "fetch", "mailing-lists")
    told = {"grain": task.grain, "start": task.start, "end": task.end, "more": task.more, "encoder": task.encoder}
    (folder / "interest.yaml").write_text(CONFIG.format(source=SOURCE, uri=uri, **told))


def _told(values: dict[int, float]) -> str:
    return " ".join(f"{k}:{value:.3f}" for k, value in values.items())


def _seen(folder: Path) -> Seen:
    rows = _queried(folder, INTERESTS).join(_queried(folder, PLACES), on=["w", "u"], how="left")
    rows = rows.join(_queried(folder, HERE), on=["w", "u"], how="left").join(_queried(folder, EVER), on="u", how="left")
    rows = rows.with_columns(t=pl.coalesce("a", "b"), s=pl.col("s").fill_null("none")).drop_nulls("t").sort("w", "u")
    vectors = np.array(rows["vector"].to_list(), np.float32)
    return Seen(vectors, rows["t"].to_numpy(), rows["w"].to_numpy(), rows["s"].to_numpy())


def _whole(seen: Seen) -> dict[int, float]:
    """One k-means over all windows, by number of clusters."""
    found = {}
    for k in (k for k in KS if k < len(seen.vectors)):
        found[k] = float(ami(seen.truth, KMeans(k, n_init=4, random_state=0).fit_predict(seen.vectors)))
    return found


def _carried(seen: Seen) -> dict[int, float]:
    """Centroids that begin with the first windows' k-means and take some steps in every window, by their number."""
    order, found = sorted(set(seen.windows)), {}
    for k in KS:
        begin = seen.vectors[np.isin(seen.windows, order[:FIRST])]
        many = min(k, len(begin))
        centroids = _unit(KMeans(many, n_init=6, random_state=0).fit(begin).cluster_centers_)
        labels = np.zeros(len(seen.vectors), int)
        for window in order:
            here = np.flatnonzero(seen.windows == window)
            rows, anchor = seen.vectors[here], PRIOR * len(here) / many * centroids
            for _ in range(STEPS):
                near = (rows @ centroids.T).argmax(axis=1)
                total = np.zeros_like(centroids)
                np.add.at(total, near, rows)
                centroids = _unit(anchor + total)
            labels[here] = (rows @ centroids.T).argmax(axis=1)
        found[k] = float(ami(seen.truth, labels))
    return found


def _unit(rows: np.ndarray) -> np.ndarray:
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9))


def _scored(folder: Path, truth: Sequence[dict[str, Any]]) -> tuple[np.ndarray, float]:
    """(right, false, missed) change events after the first window, and their F1, by real_streams.score."""
    keys = {user_key(KEY.encode(), SOURCE, user): user for window in truth for user in window["users"]}
    weeks = lambda moment: (moment.date() - dt.date(2024, 1, 1)).days // 7  # noqa: E731
    events = [
        (weeks(row["w"]), row["kind"], row["parents"] or [], row["children"] or [])
        for row in _queried(folder, EVENTS).iter_rows(named=True)
        if weeks(row["w"]) > 0
    ]
    places = _queried(folder, PLACES).drop_nulls("s")
    members = [(weeks(row["w"]), row["s"], keys[row["u"]]) for row in places.iter_rows(named=True)]
    told = json.loads(json.dumps(list(truth)))
    right, false, missed = _streams().score(events, members, told)
    return np.array([right, false, missed]), 2 * right / max(2 * right + false + missed, 1)


def _bertopic(folder: Path, seen: Seen) -> str:
    """BERTopic on the texts of all windows, as its topics_over_time takes them, and its online mode by window."""
    from rivals import installed

    if "bertopic" not in installed():
        return "  BERTopic is not installed"
    texts = _queried(folder, TEXTS)
    vectors = np.array(texts["vector"].to_list(), np.float32)
    told = []
    for name, label in (("over time", _over_time), ("online", _online)):
        topics = label(texts, vectors)
        of = texts.select("w", "u").with_columns(topic=pl.Series(topics))
        most = of.group_by("w", "u").agg(pl.col("topic").mode().sort().first())
        rows = _queried(folder, INTERESTS).select("w", "u").join(most, on=["w", "u"], how="left")
        rows = rows.join(_queried(folder, HERE), on=["w", "u"], how="left").join(
            _queried(folder, EVER), on="u", how="left"
        )
        rows = rows.with_columns(t=pl.coalesce("a", "b")).drop_nulls("t")
        told.append(f"{name} {ami(rows['t'].to_numpy(), rows['topic'].fill_null(-2).to_numpy()):.3f}")
    return f"\n    BERTopic: {', '.join(told)}"


def _over_time(texts: pl.DataFrame, vectors: np.ndarray) -> np.ndarray:
    """The topics of `fit_transform` on all windows: topics_over_time counts these by window."""
    from rivals import bertopic

    return bertopic(texts["clean_text"].to_list(), vectors)[1]


def _online(texts: pl.DataFrame, vectors: np.ndarray) -> np.ndarray:
    from bertopic import BERTopic
    from bertopic.vectorizers import OnlineCountVectorizer
    from sklearn.cluster import MiniBatchKMeans
    from sklearn.decomposition import IncrementalPCA

    model = BERTopic(
        embedding_model=None,
        umap_model=IncrementalPCA(n_components=5),
        hdbscan_model=MiniBatchKMeans(n_clusters=8, random_state=0),
        vectorizer_model=OnlineCountVectorizer(),
    )
    labels = np.full(texts.height, -1)
    windows = texts["w"].to_numpy()
    for window in sorted(set(windows)):
        at = np.flatnonzero(windows == window)
        if len(at) >= 8:  # as many as it has clusters: it takes no fewer
            # in double precision, which its first fit leaves in the clusterer
            model.partial_fit([texts["clean_text"][int(i)] for i in at], vectors[at].astype(np.float64))
            labels[at] = model.topics_
    return labels


if __name__ == "__main__":
    main()
