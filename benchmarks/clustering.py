"""Clusterers and k rules side by side: agreement with known clusters, and seconds.

    python benchmarks/clustering.py                  planted vectors: every method with k known, every rule
    python benchmarks/clustering.py --speed          the curve over k of 2..40 on 100,000 users against one fit, k = 20
    python benchmarks/clustering.py --texts PARQUET LABEL   texts with a label: vectors of the bundled encoder

Planted vectors are unit, in 384 dimensions, with clusters of unequal size and noise that makes them overlap; the same
seeds for all. AMI is the adjusted mutual information (Vinh, Epps and Bailey 2010) with the true clusters, of users left
unassigned too (as one cluster of their own).
"""

import argparse
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from sklearn.metrics import adjusted_mutual_info_score

from interest_platform.clustering import Clustering, cluster
from interest_platform.configuration import ClusteringSettings

METHODS = ["kmeans", "minibatch-kmeans", "hierarchical", "gaussian-mixture"]
RULES = ["split_or_knee", "split_test", "silhouette", "elbow", "gap", "bic", "stability"]
SEEDS = range(3)
SHAPES = {"apart": (8, 1_000, 1.0), "near": (12, 1_000, 2.0), "none": (1, 1_000, 1.5)}
"""Clusters, users, noise (length of the noise over that of the centre)."""


def planted(clusters: int, users: int, noise: float, seed: int, dimensions: int = 384) -> tuple[np.ndarray, np.ndarray]:
    """Unit vectors (users, dimensions) and their clusters (users,), whose sizes differ by up to eight."""
    rng = np.random.default_rng(seed)
    share = np.geomspace(1, 8, clusters) if clusters > 1 else np.ones(1)
    truth = rng.choice(clusters, users, p=share / share.sum())
    centres = rng.normal(size=(clusters, dimensions))
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    vectors = centres[truth] + noise * rng.normal(size=(users, dimensions)) / np.sqrt(dimensions)
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32), truth


def timed(vectors: np.ndarray, settings: ClusteringSettings) -> tuple[Clustering, float]:
    """A clustering and its seconds."""
    began = time.perf_counter()
    return cluster(vectors, settings), time.perf_counter() - began


def on_planted(shapes: list[str]) -> None:
    """A line a shape and setting: AMI, k found, seconds, each the mean over the seeds."""
    print(f"{'vectors':8} {'true k':>6} {'settings':42} {'AMI':>6} {'k':>6} {'unassigned':>10} {'seconds':>8}")
    for name in shapes:
        clusters, users, noise = SHAPES[name]
        drawn = [planted(clusters, users, noise, seed) for seed in SEEDS]
        for label, settings in _settings(clusters):
            found = [(*timed(vectors, settings), truth) for vectors, truth in drawn]
            _line(name, clusters, label, found)


def on_texts(path: Path, label: str, most: int) -> None:
    """The same on texts that a person has labelled, each a user of its own."""
    import polars as pl

    from interest_platform.configuration import EncoderSettings
    from interest_platform.embedding.encoder import load_encoder

    frame = pl.read_parquet(path).drop_nulls(["text", label]).sample(most, seed=0, shuffle=True)
    truth = frame[label].rank("dense").to_numpy().astype(int) - 1
    vectors = load_encoder(EncoderSettings(), Path()).encode(frame["text"].to_list()).vectors
    print(f"{'vectors':8} {'true k':>6} {'settings':42} {'AMI':>6} {'k':>6} {'unassigned':>10} {'seconds':>8}")
    for told, settings in _settings(int(truth.max()) + 1):
        _line(path.stem[:8], int(truth.max()) + 1, told, [(*timed(vectors, settings), truth)])


def _settings(clusters: int) -> Iterator[tuple[str, ClusteringSettings]]:
    for method in METHODS:
        yield f"{method}, k known", ClusteringSettings(method=method, k=clusters)
    for reduction in ("none", "pca", "umap"):
        yield f"hdbscan, {reduction}", ClusteringSettings(method="hdbscan", reduction=reduction)
    for rule in RULES:
        yield f"kmeans, {rule}", ClusteringSettings(k_rule=rule, k_range=(1, 40))
    yield "gaussian-mixture, bic", ClusteringSettings(method="gaussian-mixture", k_rule="bic")
    yield "hierarchical, stability", ClusteringSettings(method="hierarchical", k_rule="stability")


def _line(name: str, clusters: int, label: str, found: list[tuple[Clustering, float, np.ndarray]]) -> None:
    agreed = np.mean([adjusted_mutual_info_score(truth, c.labels) for c, _, truth in found])
    ks = np.mean([c.k for c, _, _ in found])
    left = np.mean([np.mean(c.labels < 0) for c, _, _ in found])
    seconds = np.mean([s for _, s, _ in found])
    print(f"{name:8} {clusters:6} {label:42} {agreed:6.3f} {ks:6.1f} {left:10.0%} {seconds:8.2f}", flush=True)


def speed(users: int, rules: list[str]) -> None:
    """Choosing k over [2, 40] against one fit at k = 20, both on all users; a line a rule."""
    from threadpoolctl import threadpool_limits

    from interest_platform.clustering.choose_k import k_curve
    from interest_platform.clustering.kmeans import _fit, kmeans_labels
    from interest_platform.clustering.rows import distinct_rows

    vectors, _ = planted(20, users, 2.0, 0)
    began = time.perf_counter()
    rows = distinct_rows(vectors)
    print(f"distinct rows of {users:,} users: {time.perf_counter() - began:.1f} s", flush=True)
    first = float("inf")
    with threadpool_limits(limits=1):
        for starts in (1, 10):
            began = time.perf_counter()
            kmeans_labels(rows, 20, 0, starts)
            one = time.perf_counter() - began
            print(f"one fit, k = 20, n_init {starts}: {one:.1f} s", flush=True)
            first = min(first, one)
        for rule in (r for r in rules if not r.startswith("split")):
            began = time.perf_counter()
            curve = k_curve(rows, ClusteringSettings(k_rule=rule, k_range=(2, 40)), _fit, {rule})
            seconds = time.perf_counter() - began
            told = f"{len(curve)} k in {seconds:.1f} s: {seconds / first:.1f} fits of one start, "
            print(f"choosing k by {rule}: {told}{seconds / one:.1f} of ten", flush=True)
        found, seconds = timed(vectors, ClusteringSettings(k_range=(2, 40)))
        print(f"cluster() by split_test: k = {found.k} in {seconds:.1f} s: {seconds / one:.1f} fits of ten starts")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--speed", action="store_true")
    parser.add_argument("--users", type=int, default=100_000)
    parser.add_argument("--texts", nargs=2, metavar=("PARQUET", "LABEL"))
    parser.add_argument("--shapes", nargs="*", choices=list(SHAPES), default=list(SHAPES))
    parser.add_argument("--rules", nargs="*", choices=RULES, default=RULES)
    parser.add_argument("--most", type=int, default=2_000)
    told = parser.parse_args()
    if told.speed:
        speed(told.users, told.rules)
    elif told.texts:
        on_texts(Path(told.texts[0]), told.texts[1], told.most)
    else:
        on_planted(told.shapes)
