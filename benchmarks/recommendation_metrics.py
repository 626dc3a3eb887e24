"""Metrics at k against ranx's and RecTools' on the same lists: the largest difference of a user's value, and seconds.

    python benchmarks/recommendation_metrics.py --users 20000 --items 5000

ranx and RecTools are no dependency of the project: `pip install ranx rectools polars` in an environment of its own, and
run the benchmark there. Each library starts from its own form of the same lists (ranx: `Qrels` and `Run`; RecTools:
frames); making that form is timed apart. The fastest of three runs, after one to compile.
"""

import argparse
import time
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from interest_platform.recommendation.evaluation.metrics import METRICS, metrics_at_k

Values = Mapping[str, np.ndarray]
RIVALS = ("ranx", "rectools")


def main() -> None:
    """Print a Markdown row for each library."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=20_000)
    parser.add_argument("--items", type=int, default=5_000)
    parser.add_argument("-k", type=int, default=10)
    given = parser.parse_args()
    ranked, relevant = made(given.users, given.items, given.k)
    ours, seconds = timed(lambda: metrics_at_k(ranked, relevant, given.k))
    print(
        f"{given.users} users, {given.items} items, k={given.k}, {relevant.nnz} relevant, "
        f"mean NDCG {ours['ndcg'].mean():.4f}"
    )
    print("| library | seconds | seconds to its form | largest difference |\n|---|---|---|---|")
    print(f"| interest_platform | {seconds:.3f} | | |")
    for name, rival in (("ranx", of_ranx), ("rectools", of_rectools)):
        if find_spec(name) is None:
            print(f"{name}: not installed, left out; `pip install {name}` in an environment of its own")
            continue
        began = time.perf_counter()
        measure = rival(ranked, relevant, given.k)
        prepared = time.perf_counter() - began
        theirs, seconds = timed(measure)
        apart = max(float(np.abs(ours[metric] - theirs[metric]).max()) for metric in METRICS)
        print(f"| {name} | {seconds:.3f} | {prepared:.3f} | {apart:.1e} |", flush=True)


def made(users: int, items: int, k: int) -> tuple[np.ndarray, csr_array]:
    """Lists of k and 1 to 30 relevant items a user, both of popular items mostly, so that there are hits."""
    rng = np.random.default_rng(0)
    popular = 1 / np.arange(1, items + 1)

    def drawn(width: int) -> np.ndarray:
        keys = np.stack([rng.random(items) ** (1 / popular) for _ in range(users)])
        best = np.argpartition(-keys, width, axis=1)[:, :width]
        return np.take_along_axis(best, np.argsort(-np.take_along_axis(keys, best, 1), axis=1), 1)

    number = rng.integers(1, 31, users)
    kept = np.arange(30) < number[:, None]
    cells = (np.repeat(np.arange(users), number), drawn(30)[kept])
    return drawn(k), csr_array((np.ones(len(cells[0]), np.float32), cells), shape=(users, items))


def timed(measure: Callable[[], Values]) -> tuple[Values, float]:
    """The values and the seconds of the fastest of three runs, after one more."""
    values = measure()
    seconds = []
    for _ in range(3):
        began = time.perf_counter()
        measure()
        seconds.append(time.perf_counter() - began)
    return values, min(seconds)


def of_ranx(ranked: np.ndarray, relevant: csr_array, k: int) -> Callable[[], Values]:
    """`ranx.evaluate` with a value a user."""
    from ranx import Qrels, Run, evaluate

    names = {"f1": "f1", "hit_rate": "hit_rate", "precision": "precision", "recall": "recall"}
    names |= {"ndcg": "ndcg", "map": "map", "mrr": "mrr"}
    # names of equal length, so that their order is that of the rows
    users = [f"{row:09d}" for row in range(len(ranked))]
    own = np.split(relevant.indices, relevant.indptr[1:-1])
    qrels = Qrels({user: {str(item): 1 for item in items} for user, items in zip(users, own, strict=True)})
    run = Run(
        {
            user: {str(item): float(k - at) for at, item in enumerate(row)}
            for user, row in zip(users, ranked, strict=True)
        }
    )
    asked = [f"{name}@{k}" for name in names.values()]

    def measure() -> Values:
        found: Any = evaluate(qrels, run, asked, return_mean=False)
        return {name: found[f"{theirs}@{k}"] for name, theirs in names.items()}

    return measure


def of_rectools(ranked: np.ndarray, relevant: csr_array, k: int) -> Callable[[], Values]:
    """Each metric's `calc_per_user`."""
    import pandas as pd
    from rectools import Columns
    from rectools.metrics import MAP, MRR, NDCG, F1Beta, HitRate, Precision, Recall

    metrics = {"precision": Precision(k=k), "recall": Recall(k=k), "f1": F1Beta(k=k), "hit_rate": HitRate(k=k)}
    metrics |= {"ndcg": NDCG(k=k, divide_by_achievable=True), "map": MAP(k=k), "mrr": MRR(k=k)}
    users = np.repeat(np.arange(len(ranked)), ranked.shape[1])
    ranks = np.tile(np.arange(1, ranked.shape[1] + 1), len(ranked))
    reco = pd.DataFrame({Columns.User: users, Columns.Item: ranked.ravel(), Columns.Rank: ranks})
    own = np.repeat(np.arange(len(ranked)), np.diff(relevant.indptr))
    happened = pd.DataFrame({Columns.User: own, Columns.Item: relevant.indices})

    def measure() -> Values:
        return {name: metric.calc_per_user(reco, happened).sort_index().values for name, metric in metrics.items()}

    return measure


if __name__ == "__main__":
    main()
