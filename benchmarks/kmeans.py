"""k-means at scale beside scikit-learn and faiss: the same vectors, starts and steps, in one run.

    python benchmarks/kmeans.py                     1,000,000 users x 384, k = 50: seconds, inertia, memory
    python benchmarks/kmeans.py --growth            the exponent from 10,000 to --users
    python benchmarks/kmeans.py --whole             cluster() with its starts, and lake to labels: seconds, memory
    python benchmarks/kmeans.py --choose            choosing k over [2, 40] against a fit at k = 20, 100,000 users
    python benchmarks/kmeans.py --data flat         vectors without clusters: the worst case for bounds

`planted` are unit vectors around k random directions, sizes up to eight times another's, noise twice as long as the
centre, and one user in twenty in no cluster. `flat` have no cluster, and a spectrum that decays as embeddings' does.
Starts are k-means++ on 5,000 rows (scikit-learn's), given to all. A step is an assignment and new means; all end with
an assignment. Inertia is the sum of squared distances to the means of the labels. Every run is a process of its own,
rivals alternate with ours. Cores' seconds are its processor time, under load the fairer figure; memory (Linux) is its
peak above what it had before the vectors, over the vectors' size. faiss is spherical and takes all rows
(`max_points_per_centroid`); a rival that is not installed is said and left out.
"""

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

RULES = ["split_or_knee", "split_test", "silhouette", "elbow", "bic", "gap", "stability"]
WHOLE = ["cluster", "lake"]
DIMENSIONS = 384
RIVALS = {"scikit-learn": ("sklearn", "scikit-learn"), "faiss": ("faiss", "faiss-cpu")}
PART = 50_000


def drawn(kind: str, users: int, k: int, seed: int) -> np.ndarray:
    """Unit vectors (users, 384) float32, see above."""
    rng = np.random.default_rng(seed)
    share, centres = np.geomspace(1, 8, k), rng.normal(size=(k, DIMENSIONS))
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    spectrum = np.arange(1, DIMENSIONS + 1) ** -0.5
    vectors = np.empty((users, DIMENSIONS), np.float32)
    for start in range(0, users, PART):
        part = rng.standard_normal((min(PART, users - start), DIMENSIONS), np.float32)
        if kind == "flat":
            part *= spectrum
        else:
            part *= 2 / np.sqrt(DIMENSIONS)
            in_one = rng.random(len(part)) >= 0.05
            part[in_one] += centres[rng.choice(k, in_one.sum(), p=share / share.sum())]
        vectors[start : start + len(part)] = part / np.linalg.norm(part, axis=1, keepdims=True)
    return vectors


def start_of(vectors: np.ndarray, k: int) -> np.ndarray:
    """Rows (k, d) by k-means++ on the first 5,000, which are in no order."""
    from sklearn.cluster import kmeans_plusplus

    return kmeans_plusplus(vectors[:5_000], k, random_state=0)[0]


def ours(vectors: np.ndarray, start: np.ndarray, steps: int) -> np.ndarray:
    """Labels by the platform's steps, putting the rows in order included."""
    from threadpoolctl import threadpool_limits

    from interest_platform.clustering.lloyd import settle
    from interest_platform.clustering.rows import distinct_rows

    with threadpool_limits(limits=1):
        rows = distinct_rows(vectors, in_place=True)
        return settle(rows, start=start, steps=steps + 1)[rows.inverse]


def by_sklearn(vectors: np.ndarray, start: np.ndarray, steps: int) -> np.ndarray:
    """Labels by scikit-learn's KMeans, on all cores."""
    from sklearn.cluster import KMeans

    # without copy_x=False it would hold the vectors twice
    return KMeans(len(start), init=start, n_init=1, max_iter=steps, tol=0, copy_x=False).fit(vectors).labels_


def by_faiss(vectors: np.ndarray, start: np.ndarray, steps: int) -> np.ndarray:
    """Labels by faiss' Kmeans, on all cores."""
    import faiss

    n, d = vectors.shape
    model = faiss.Kmeans(d, len(start), niter=steps, spherical=True, max_points_per_centroid=n)
    model.train(vectors, init_centroids=start)
    return model.index.search(vectors, 1)[1].ravel()


METHODS: dict[str, Callable[[np.ndarray, np.ndarray, int], np.ndarray]] = {
    "ours": ours,
    "scikit-learn": by_sklearn,
    "faiss": by_faiss,
}


def inertia(vectors: np.ndarray, labels: np.ndarray) -> float:
    """Sum of squared distances to the means of the labels: |x|^2 summed less |sum|^2 / size."""
    from scipy.sparse import csr_array

    k, n = int(labels.max()) + 1, len(labels)
    sums, squares = np.zeros((k, vectors.shape[1])), 0.0
    for first in range(0, n, PART):
        part = vectors[first : first + PART].astype(np.float64)
        which = labels[first : first + PART]
        sums += csr_array((np.ones(len(part)), (which, np.arange(len(part)))), shape=(k, len(part))) @ part
        squares += float(np.einsum("ij,ij->", part, part))
    return squares - float((np.einsum("ij,ij->i", sums, sums) / np.maximum(np.bincount(labels, minlength=k), 1)).sum())


def _held(what: str) -> int:
    """Bytes this process holds (VmRSS), or has held at most since it was last asked for VmRSS (VmHWM). Linux."""
    if what == "VmRSS":
        Path("/proc/self/clear_refs").write_text("5")
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(what)).split()[1]) * 1024


def child(method: str, folder: Path, steps: int, k: int) -> dict[str, float]:
    """One run in this process: seconds, memory over the vectors' size, inertia, k."""
    import sklearn.cluster  # noqa: F401

    if method == "faiss":
        import faiss  # noqa: F401
    if method in WHOLE:
        return _whole(method, folder, k)
    start = np.load(folder / "start.npy")
    METHODS[method](np.load(folder / "vectors.npy", mmap_mode="r")[:2_000].copy(), start, 2)  # threads, buffers
    before = _held("VmRSS")
    vectors = np.load(folder / "vectors.npy")
    began, worked = time.perf_counter(), time.process_time()
    labels = METHODS[method](vectors, start, steps)
    seconds, worked, peak = time.perf_counter() - began, time.process_time() - worked, _held("VmHWM")
    vectors = np.load(folder / "vectors.npy", mmap_mode="r")
    return {
        "seconds": seconds,
        "worked": worked,
        "memory": (peak - before) / vectors.nbytes,
        "inertia": inertia(vectors, labels),
        "k": int(labels.max()) + 1,
    }


def _whole(method: str, folder: Path, k: int) -> dict[str, float]:
    """`cluster` of vectors in memory, or from the lake to cluster_members: the library's part of the asset."""
    import polars as pl

    from interest_platform.clustering import cluster
    from interest_platform.clustering.snapshot import cluster_members
    from interest_platform.configuration import ClusteringSettings
    from interest_platform.domain.tables import USER_INTERESTS

    settings = ClusteringSettings(k=k)
    cluster(np.load(folder / "vectors.npy", mmap_mode="r")[:2_000].copy(), settings)
    size = np.load(folder / "vectors.npy", mmap_mode="r").nbytes
    if method == "cluster":
        before = _held("VmRSS")
        vectors = np.load(folder / "vectors.npy")
        began = time.perf_counter()
        found = cluster(vectors, settings, in_place=True)
    else:
        lake, window = _lake(folder)
        lake.version()
        before = _held("VmRSS")
        began = time.perf_counter()
        names = [name for name in USER_INTERESTS.names if name != "vector"]
        interests = lake.read(USER_INTERESTS, [window], columns=names)
        vectors = lake.vectors(USER_INTERESTS, window, interests)
        read = time.perf_counter() - began
        print(f"reading from the lake: {read:.1f} s", file=sys.stderr)
        found = cluster(vectors, settings, in_place=True)
        assert isinstance(cluster_members(interests, found), pl.DataFrame)
    seconds, peak = time.perf_counter() - began, _held("VmHWM")
    vectors = np.load(folder / "vectors.npy", mmap_mode="r")
    value = float("nan") if method == "lake" else inertia(vectors, found.labels)
    return {"seconds": seconds, "memory": (peak - before) / size, "inertia": value, "k": found.k}


def _lake(folder: Path):  # noqa: ANN202
    """The lake in the folder and the window of the vectors."""
    from interest_platform.configuration import Configuration
    from interest_platform.lake import Lake
    from interest_platform.settings import Settings

    config = Configuration.model_validate(
        {"sources": [{"name": "a", "uri": "a.parquet"}], "windows": {"grain": "day", "start": "2024-01-01"}}
    )
    settings = Settings(config=config, config_path=folder / "interest.yaml", home=folder)
    return Lake(settings), config.windows.grid.window("2024-01-01")


def fill(folder: Path) -> None:
    """Write the vectors to the lake as user_interests of one window."""
    import polars as pl

    from interest_platform.domain.tables import USER_INTERESTS
    from interest_platform.interests.vectors import as_lists
    from interest_platform.lake import Stamp

    vectors = np.load(folder / "vectors.npy")
    keys = np.random.default_rng(0).permutation(len(vectors))
    frame = pl.DataFrame({"user_key": [f"u{key:07d}" for key in keys], "vector": as_lists(vectors)}).with_columns(
        interest_no=0, weight=1.0, n_texts=1, windows_present=1, encoder=pl.lit("planted")
    )
    missing = [pl.lit(None, c.type.polars).alias(c.name) for c in USER_INTERESTS.body if c.name not in frame.columns]
    lake, window = _lake(folder)
    lake.prepare()
    frame = USER_INTERESTS.conform(frame.with_columns(missing), window.start)
    lake.replace(window, {USER_INTERESTS.name: frame}, Stamp("benchmark", "none", "1"))


def run(method: str, folder: Path, steps: int, k: int) -> dict[str, float]:
    """`child` in a process of its own."""
    told = [sys.executable, __file__, "--child", method, str(folder), "--steps", str(steps), "--k", str(k)]
    done = subprocess.run(told, check=True, capture_output=True, text=True)
    sys.stderr.write("".join(f"  {line}\n" for line in done.stderr.splitlines() if line.startswith("reading")))
    return dict(json.loads(done.stdout.splitlines()[-1]))


def made(folder: Path, kind: str, users: int, k: int) -> Path:
    """The folder with vectors.npy and start.npy."""
    folder.mkdir(parents=True, exist_ok=True)
    vectors = drawn(kind, users, k, 0)
    np.save(folder / "vectors.npy", vectors)
    np.save(folder / "start.npy", start_of(vectors, k))
    return folder


def side_by_side(folder: Path, steps: int, k: int, rounds: int) -> None:
    """Seconds, memory, inertia of ours and the rivals, the least seconds of the rounds."""
    there = [name for name, (module, _) in RIVALS.items() if importlib.util.find_spec(module)]
    for name in RIVALS.keys() - set(there):
        print(f"{name} is not installed: `pip install {RIVALS[name][1]}` in an environment of its own; left out")
    found: dict[str, list[dict[str, float]]] = {name: [] for name in ("ours", *there)}
    for _ in range(rounds):
        for name, runs in found.items():
            runs.append(run(name, folder, steps, k))
            told = f"{runs[-1]['seconds']:.1f} s, of cores {runs[-1]['worked']:.1f} s, load {os.getloadavg()[0]:.1f}"
            print(f"  {name}: {told}", flush=True)
    least = {name: min(r["seconds"] for r in runs) for name, runs in found.items()}
    worked = {name: min(r["worked"] for r in runs) for name, runs in found.items()}
    for name, runs in found.items():
        told = f"{least[name]:.2f} s, {least[name] / least['ours']:.2f} times ours (of cores' seconds "
        told += f"{worked[name] / worked['ours']:.2f} times), memory {runs[0]['memory']:.2f} times the vectors"
        print(f"{name}: {told}, inertia {runs[0]['inertia'] / found['ours'][0]['inertia']:.4f} of ours")


def growth(folder: Path, kind: str, users: int, k: int, steps: int) -> None:
    """Seconds for 10,000 users, 100,000 ..., and the slope of their logarithms."""
    sizes = [10**power for power in range(4, 10) if 10**power <= users]
    seconds = []
    for size in sizes:
        made(folder, kind, size, k)
        seconds.append(min(run("ours", folder, steps, k)["seconds"] for _ in range(2)))
        print(f"{size:,} users, {steps} steps: {seconds[-1]:.2f} s", flush=True)
    print(f"exponent: {np.polyfit(np.log(sizes), np.log(seconds), 1)[0]:.2f}")


def whole(folder: Path, k: int, methods: list[str]) -> None:
    """`cluster` with the defaults and the k given, and from the lake to the rows of cluster_members."""
    for method in methods:
        if method == "lake":
            subprocess.run([sys.executable, __file__, "--child", "fill", str(folder)], check=True)
        found = run(method, folder, 0, k)
        told = f"{found['seconds']:.1f} s, memory {found['memory']:.2f} times the vectors, k = {found['k']}"
        print(f"{method}: {told}, load {os.getloadavg()[0]:.1f}", flush=True)


def choose(users: int, rules: list[str]) -> None:
    """Seconds of `cluster` with k chosen over [2, 40] by each rule, over those with k = 20 given."""
    from interest_platform.clustering import cluster
    from interest_platform.configuration import ClusteringSettings

    vectors = drawn("planted", users, 20, 0)

    def seconds(**chosen: object) -> tuple[float, int]:
        began = time.perf_counter()
        found = cluster(vectors, ClusteringSettings.model_validate(chosen))
        return time.perf_counter() - began, found.k

    fit, one = seconds(k=20)[0], seconds(k=20, n_init=1)[0]
    print(f"k = 20 given: {fit:.1f} s with 10 starts, {one:.1f} s with one; load {os.getloadavg()[0]:.1f}", flush=True)
    for rule in rules:
        took, k = seconds(k_rule=rule, k_range=(2, 40))
        again = seconds(k=20)[0]
        told = f"{took / again:.1f} times a fit of ten starts beside it, {took / one:.1f} times one of one start"
        print(f"{rule}: k = {k}, {took:.1f} s, {told}", flush=True)


def main() -> None:
    """Read the options, run what they name."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, help="1,000,000; with --choose 100,000")
    parser.add_argument("--k", type=int, default=50)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--data", choices=["planted", "flat"], default="planted")
    parser.add_argument("--growth", action="store_true")
    parser.add_argument("--whole", nargs="*", choices=WHOLE, help="default: both")
    parser.add_argument("--choose", action="store_true")
    parser.add_argument("--rules", nargs="*", choices=RULES, default=RULES)
    parser.add_argument("--child", nargs=2, metavar=("METHOD", "FOLDER"), help=argparse.SUPPRESS)
    told = parser.parse_args()
    if told.child:
        method, folder = told.child[0], Path(told.child[1])
        if method == "fill":
            fill(folder)
        else:
            print(json.dumps(child(method, folder, told.steps, told.k)))
        return
    if told.choose:
        choose(told.users or 100_000, told.rules)
        return
    users = told.users or 1_000_000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if told.growth:
            growth(folder, told.data, users, told.k, told.steps)
            return
        made(folder, told.data, users, told.k)
        if told.whole is not None:
            whole(folder, told.k, told.whole or WHOLE)
        else:
            side_by_side(folder, told.steps, told.k, told.rounds)


if __name__ == "__main__":
    main()
