"""Agreement with labels of people: every encoder and clusterer, beside BERTopic and Top2Vec on the same vectors.

    python benchmarks/quality.py                        a Markdown row for each setting, on all data sets
    python benchmarks/quality.py --sets amazon --encoders transformer --no-rivals

AMI and ARI are the adjusted mutual information (Vinh, Epps and Bailey 2010) and the adjusted Rand index (Hubert and
Arabie 1985) of clusters and labels over all texts; those left out (-1) count as one cluster. Each text is a user of its
own. Each method runs in a process of its own; `MiB` is its peak over what it held before (interpreter, libraries,
texts and vectors). Seconds of the rivals include their topic words. Encoding is not timed here.
"""

import argparse
import contextlib
import io
import multiprocessing
import resource
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from labelled import Labelled, common_options, encoded, load, vectors_of
from rivals import bertopic, installed, missing, top2vec, top2vec_words, warm_up

from interest_platform.configuration import ClusteringSettings

METHODS = ("kmeans", "minibatch-kmeans", "hierarchical", "hdbscan", "gaussian-mixture")
RULES = ("split_or_knee", "split_test", "silhouette", "elbow", "gap", "bic", "stability")
HEAD = ("data", "encoder", "method", "k", "found", "AMI", "ARI", "left out", "seconds", "MiB")


@dataclass(frozen=True)
class Task:
    """A method or rival on one data set's vectors, with each of the settings of k."""

    data: Labelled
    encoder: str
    method: str
    ks: tuple[str, ...]
    kept: Path


@dataclass(frozen=True)
class Cell:
    """What came out: labels (n,), seconds, and peak memory in MiB over what was held before."""

    how: str
    labels: np.ndarray
    seconds: float
    mib: float


def main() -> None:
    """Read the arguments, and print a row for each cell as it is done."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    common_options(parser, 2_000)
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=METHODS, help="default: all")
    parser.add_argument("--rules", nargs="*", choices=RULES, default=RULES, help="k rules (default: all)")
    parser.add_argument("--rules-of", nargs="*", choices=METHODS, default=["kmeans"], help="who gets them")
    parser.add_argument("--rivals", action=argparse.BooleanOptionalAction, default=True)
    given = parser.parse_args()
    kept = given.kept or Path(tempfile.gettempdir()) / "interest-labelled"
    rivals = installed() if given.rivals else []
    for line in missing() if given.rivals else []:
        print(line)
    print(f"| {' | '.join(HEAD)} |\n|{'---|' * len(HEAD)}")
    for name in given.sets:
        data = load(name, given.data, given.most)
        for encoder in given.encoders:
            vectors_of(data.texts, encoder, kept)
            for method in (*given.methods, *rivals):
                ks = given.rules if method in given.rules_of else ()
                print_cells(Task(data, encoder, method, tuple(ks), kept))


def print_cells(task: Task) -> None:
    """Run a task in a process of its own and print its rows."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn) as pool:
        for cell in pool.submit(measured, task).result():
            print(row(task, cell), flush=True)


def row(task: Task, cell: Cell) -> str:
    """A Markdown row."""
    from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score

    truth, left_out = task.data.labels, float(np.mean(cell.labels < 0))
    ami, ari = (score(truth, cell.labels) for score in (adjusted_mutual_info_score, adjusted_rand_score))
    told = [f"{task.data.name} ({len(truth)}, {task.data.k})", task.encoder, task.method, cell.how]
    found = [str(len(np.unique(cell.labels[cell.labels >= 0]))), f"{ami:.3f}", f"{ari:.3f}", f"{left_out:.0%}"]
    return f"| {' | '.join([*told, *found, f'{cell.seconds:.1f}', f'{cell.mib:.0f}'])} |"


def measured(task: Task) -> list[Cell]:
    """The cells of a task, in this process."""
    warnings.simplefilter("ignore")
    vectors = vectors_of(task.data.texts, task.encoder, task.kept)
    if task.method in METHODS:
        return [_timed(how, run) for how, run in _ours(task, vectors)]
    with contextlib.redirect_stderr(io.StringIO()):  # progress bars
        warm_up(task.method)
        return [_timed("found", _rival(task, vectors))]


def _ours(task: Task, vectors: np.ndarray) -> Iterator[tuple[str, Callable[[], np.ndarray]]]:
    from interest_platform.clustering import cluster

    _imported(task.method, vectors)
    for how, settings in _settings(task):
        yield how, lambda settings=settings: cluster(vectors, settings).labels  # type: ignore[misc]


def _settings(task: Task) -> Iterator[tuple[str, ClusteringSettings]]:
    if task.method == "hdbscan":
        yield "found", ClusteringSettings(method="hdbscan")
        yield "found, pca", ClusteringSettings(method="hdbscan", reduction="pca")
        return
    yield "known", ClusteringSettings(method=task.method, k=task.data.k)
    for rule in task.ks:
        if (rule, task.method) != ("bic", "hierarchical"):
            yield rule, ClusteringSettings(method=task.method, k_rule=rule)


def _imported(method: str, vectors: np.ndarray) -> None:
    """Load the libraries of a method by a run on a few rows."""
    from interest_platform.clustering import cluster

    cluster(vectors[:50], ClusteringSettings(method=method))


def _rival(task: Task, vectors: np.ndarray) -> Callable[[], np.ndarray]:
    texts = task.data.texts
    if task.method == "bertopic":
        return lambda: bertopic(texts, vectors)[1]
    words = top2vec_words(texts)
    known = dict(zip(words, encoded(words, texts, task.encoder, task.kept), strict=True))
    return lambda: top2vec(texts, vectors, lambda asked: np.stack([known[word] for word in asked]))


def _timed(how: str, run: Callable[[], np.ndarray]) -> Cell:
    held = _peak(reset=True)
    began = time.perf_counter()
    labels = run()
    seconds = time.perf_counter() - began
    return Cell(how, np.asarray(labels), seconds, (_peak() - held) / 2**20)


def _peak(reset: bool = False) -> int:
    """The process's largest resident memory in bytes; on Linux since the last reset, elsewhere since it began."""
    try:
        if reset:
            Path("/proc/self/clear_refs").write_text("5")
        told = Path("/proc/self/status").read_text()
        return int(told.split("VmHWM:")[1].split()[0]) * 1024
    except OSError:
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


if __name__ == "__main__":
    main()
