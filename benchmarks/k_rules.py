"""Which rule should choose k: agreement with labels, on texts and on users; one curve serves all rules.

    python benchmarks/k_rules.py
    python benchmarks/k_rules.py --sets amazon --encoders static --rules split_or_knee silhouette gap stability

`texts`: each text is a user of its own. `users`: a user's texts of one label are one vector, their unit mean (authors
of the data; where there are none, three texts drawn together). k-means with 3 starts, k from 1 to 40; AMI is the
adjusted mutual information (Vinh, Epps and Bailey 2010). gap and stability take ten times as long and are left out
unless named. The last row is the mean over all rows.
"""

import argparse
import tempfile
import time
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from labelled import Labelled, common_options, load, vectors_of
from sklearn.metrics import adjusted_mutual_info_score
from threadpoolctl import threadpool_limits

from interest_platform.clustering import cluster
from interest_platform.clustering.choose_k import k_curve
from interest_platform.clustering.kmeans import _fit, kmeans_labels
from interest_platform.clustering.rows import Rows, distinct_rows
from interest_platform.clustering.rules import RULES
from interest_platform.configuration import ClusteringSettings

SETTINGS = ClusteringSettings(n_init=3)
QUICK = ("split_or_knee", "split_test", "silhouette", "elbow", "bic")
TOGETHER = 3
"""Texts of one label that are taken for a user's where authors are not known."""


def main() -> None:
    """Read the arguments and print a Markdown row for each set, encoder and level."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    common_options(parser, 2_000)
    parser.add_argument("--rules", nargs="+", choices=[*QUICK, "gap", "stability"], default=QUICK)
    given = parser.parse_args()
    kept = given.kept or Path(tempfile.gettempdir()) / "interest-labelled"
    columns = ["data", "encoder", "of", "k known", *given.rules]
    print(f"| {' | '.join(columns)} | seconds |\n|{'---|' * (len(columns) + 1)}")
    all_of = []
    for name in given.sets:
        data = load(name, given.data, given.most)
        for encoder in given.encoders:
            vectors = vectors_of(data.texts, encoder, kept)
            for level, (rows, labels) in {"texts": (vectors, data.labels), "users": users(data, vectors)}.items():
                began = time.perf_counter()
                with threadpool_limits(limits=1):
                    found = list(measured(rows, labels, given.rules))
                all_of.append([ami for _, ami in found])
                told = " | ".join(f"{ami:.3f} ({k})" for k, ami in found)
                print(f"| {name} | {encoder} | {level} | {told} | {time.perf_counter() - began:.0f} |", flush=True)
    print(f"| mean | | | {' | '.join(f'{ami:.3f}' for ami in np.mean(all_of, axis=0))} | |")


def users(data: Labelled, vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The unit mean of each user's texts of one label, and the label."""
    drawn = np.random.default_rng(0).integers(0, max(1, len(vectors) // TOGETHER), len(vectors))
    authors = data.users if data.users.max() > 0 else drawn
    pairs, whose = np.unique(np.stack([authors, data.labels], axis=1), axis=0, return_inverse=True)
    sums = np.zeros((len(pairs), vectors.shape[1]))
    np.add.at(sums, whose.ravel(), vectors)
    return (sums / np.linalg.norm(sums, axis=1, keepdims=True)).astype(np.float32), pairs[:, 1]


def measured(vectors: np.ndarray, labels: np.ndarray, rules: Sequence[str]) -> Iterator[tuple[int, float]]:
    """k and AMI with k known, then by each rule."""
    rows, k = distinct_rows(vectors), len(np.unique(labels))
    yield k, _agreement(rows, k, labels)
    curve = k_curve(rows, SETTINGS, _fit, set(rules)) if set(rules) & set(RULES) else ()
    for rule in rules:
        if rule in RULES:
            # silhouette is not defined for one cluster: its point there is None, and never the best
            k = RULES[rule](curve)
            yield k, _agreement(rows, k, labels)
        else:
            found = cluster(vectors, SETTINGS.model_copy(update={"k_rule": rule}))
            yield found.k, float(adjusted_mutual_info_score(labels, found.labels))


def _agreement(rows: Rows, k: int, labels: np.ndarray) -> float:
    return float(adjusted_mutual_info_score(labels, kmeans_labels(rows, k, 0, 3)[rows.inverse]))


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
