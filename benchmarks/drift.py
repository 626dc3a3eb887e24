"""Drift alarms: how often they are false, how often a new segment is noticed; Evidently beside, on the same pairs.

Pairs of windows are drawn from one population of blurred segments, each window clustered by itself (k-means), part of
the users returning with much of their old position. A false alarm is any on an identical pair; power is alarms on pairs
where a share of the second window's users belongs to a segment that the first has not.

Evidently is no dependency of the platform (it wants an older pandas). To have it beside, make an environment of its
own from the platform's, `pip install evidently==0.7.23 "pandas<3"` there, and run this script with that; else its rows
are left out.
"""

import argparse
import resource
import time
from collections import defaultdict
from collections.abc import Callable, Iterator

import numpy as np
import polars as pl
from scipy.optimize import linear_sum_assignment
from sklearn.cluster import KMeans

from interest_platform.configuration import DriftSettings
from interest_platform.dynamics.drift import Side, drift_metrics, judged
from interest_platform.dynamics.drift.alarms import KNOWN
from interest_platform.dynamics.drift.mixes import mix_statistics
from interest_platform.dynamics.drift.permutation import permutation_tests
from interest_platform.dynamics.drift.sides import interests_of

K = 6
SETTINGS = DriftSettings()
TEXTS = pl.Schema(
    {
        "user_key": pl.String(),
        "source": pl.String(),
        "lang": pl.String(),
        "n_tokens": pl.Int32(),
        "text_hash": pl.String(),
        "tokens": pl.List(pl.String()),
    }
)
HISTORY = pl.Schema(
    {"window": pl.Datetime("us"), **dict.fromkeys(("user_key", "source", "lang", "text_hash"), pl.String())}
)
Verdicts = dict[str, bool]


def main() -> None:
    """Print the rates of every alarm, and with --cost the seconds and memory of one large pair."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=400)
    parser.add_argument("--users", type=int, nargs="+", default=[200, 1000])
    parser.add_argument("--dimensions", type=int, nargs="+", default=[32, 64, 384])
    parser.add_argument("--returning", type=float, default=0.4, help="share of users in both windows")
    parser.add_argument("--blur", type=float, default=1.2, help="distance of users to their centre, in its own length")
    parser.add_argument("--new", type=float, default=0.15, help="share of users in the new segment")
    parser.add_argument("--rival-pairs", type=int, default=40, help="pairs that Evidently sees at most: it is slow")
    parser.add_argument("--cost", action="store_true", help="time one pair of 100,000 users x 384 instead")
    given = parser.parse_args()
    if given.cost:
        cost(100_000, 384)
        return
    for users in given.users:
        for dimensions in given.dimensions:
            for new in (0.0, given.new):
                started = time.time()
                draws = range(given.pairs if new == 0 else max(given.pairs // 4, 20))
                pairs = (pair(seed, users, dimensions, given.returning, given.blur, new) for seed in draws)
                told = rates(
                    verdicts(before, after) | (_evidently(before, after) if number < given.rival_pairs else {})
                    for number, (before, after) in enumerate(pairs)
                )
                kind = f"{new:.0%} new" if new else "identical"
                print(f"\n{kind}, {users} users x {dimensions}, {len(draws)} pairs, {time.time() - started:.0f} s")
                print("\n".join(f"  {name:<46} {rate:6.3f}" for name, rate in told.items()))


def rates(found: Iterator[Verdicts]) -> dict[str, float]:
    """Share of pairs on which each alarm went off."""
    seen: dict[str, list[bool]] = defaultdict(list)
    for verdict in found:
        for name, alarm in verdict.items():
            seen[name].append(alarm)
    return {name: float(np.mean(alarmed)) for name, alarmed in seen.items()}


def verdicts(before: Side, after: Side) -> Verdicts:
    """Every alarm's answer on a pair."""
    metrics = drift_metrics(before, after, SETTINGS)
    tests = metrics.filter((pl.col("scope") == "window") & pl.col("p_value").is_not_null())
    told = {f"p <= .05: {name}": p <= SETTINGS.alpha for name, p in tests.select("metric", "p_value").iter_rows()}
    loud = judged(metrics, pl.DataFrame(schema=KNOWN), SETTINGS).filter("alarm")
    told["alarm of the window"] = bool((loud["scope"] == "window").any())
    told["alarm of any segment"] = bool((loud["scope"] == "segment").any())
    told["p <= .05: js_shares by the windows' own labels"] = _own_labels(before, after)
    return told


def _own_labels(before: Side, after: Side) -> bool:
    """What the test of shares would say without one ruler for both windows."""
    interests = interests_of(before, after)
    number = np.unique(interests.own, return_inverse=True)[1]
    amounts = np.eye(number.max() + 1, dtype=np.float32)[number]
    tests = permutation_tests({"js": mix_statistics(amounts)["js"]}, interests.pool, SETTINGS.permutations, (0,))
    return tests["js"].p_value <= SETTINGS.alpha


def _evidently(before: Side, after: Side) -> Verdicts:
    methods = _evidently_methods()
    if not methods:
        return {}
    import pandas as pd

    old, new = (pd.DataFrame(np.stack(side.interests["vector"].to_list())).astype(float) for side in (before, after))
    old.columns = new.columns = [str(c) for c in old.columns]
    # the functions write into the frames they are given
    return {f"Evidently {name}": bool(of(new.copy(), old.copy())[1]) for name, of in methods.items()}


def _evidently_methods() -> dict[str, Callable[..., tuple[float, bool, str]]]:
    try:
        from evidently.legacy.metrics.data_drift.embedding_drift_methods import distance, mmd, model, ratio
    except ImportError:
        return {}
    # `model` is what EmbeddingsDriftMetric takes by default, with a bootstrap below 1,000 objects
    return {
        "model, bootstrap (default below 1,000)": model(bootstrap=True),
        "model, ROC AUC > .55 (default from 1,000)": model(),
        "mmd > .015": mmd(),
        "mmd, bootstrap": mmd(bootstrap=True),
        "distance > .2": distance(),
        "share of drifted components > .2": ratio(),
    }


def pair(seed: int, users: int, dimensions: int, returning: float, blur: float, new: float) -> tuple[Side, Side]:
    """Two windows of `users`, K segments; a share `new` of the second window's in a further segment."""
    rng = np.random.default_rng([seed, users, dimensions])
    centres = _unit(rng.standard_normal((K + 1, dimensions)))
    back = round(returning * users)
    names = [f"user {i:07d}" for i in rng.permutation(2 * users - back)]
    first, second = rng.integers(0, K, (2, users))
    noise = blur * rng.standard_normal((2, users, dimensions)) / np.sqrt(dimensions)
    second[:back], noise[1, :back] = first[:back], 0.7 * noise[0, :back] + 0.51**0.5 * noise[1, :back]
    second[users - round(new * users) :] = K
    before, after = _unit(centres[first] + noise[0]), _unit(centres[second] + noise[1])
    old, label = _clusters(before, K, seed), _clusters(after, K + (new > 0), seed + 1)
    segment = _matched(old[1], label[1])
    here = names[:back] + names[users:]
    return _side("before", names[:users], before, old[0]), _side("after", here, after, segment[label[0]])


def _clusters(vectors: np.ndarray, k: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    fitted = KMeans(k, n_init=2, random_state=seed).fit(vectors)
    return fitted.labels_, _unit(fitted.cluster_centers_)


def _matched(old: np.ndarray, new: np.ndarray) -> np.ndarray:
    """The old cluster each new one is (the nearest, one to one), or a number of its own."""
    rows, columns = linear_sum_assignment(-(old @ new.T))
    segment = np.arange(len(new)) + len(old)
    segment[columns] = rows
    return segment


def _side(window: str, names: list[str], vectors: np.ndarray, segment: np.ndarray) -> Side:
    interests = pl.DataFrame(
        {
            "user_key": names,
            "interest_no": np.zeros(len(names), np.int32),
            "weight": np.ones(len(names)),
            "vector": pl.Series(vectors, dtype=pl.Array(pl.Float32, vectors.shape[1])).cast(pl.List(pl.Float32)),
            "encoder": "planted",
            "segment_id": [f"s{number:04d}" for number in segment],
        }
    )
    return Side(window, interests, TEXTS.to_frame(), HISTORY.to_frame(), "kmeans")


def _unit(vectors: np.ndarray) -> np.ndarray:
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def cost(users: int, dimensions: int) -> None:
    """Print the seconds of one comparison of large windows, and the memory it adds to the vectors."""
    before, after = pair(0, users, dimensions, 0.4, 1.2, 0.05)
    held, started, worked = _peak(), time.time(), time.process_time()
    metrics = drift_metrics(before, after, SETTINGS)
    vectors = 2 * users * dimensions * 4 / 1e9
    spent = f"{time.time() - started:.1f} s, {time.process_time() - worked:.1f} of the processors"
    print(f"{users:,} users x {dimensions}: {spent}, {metrics.height} measures")
    print(f"peak {_peak():.2f} GB, {_peak() - held:.2f} above what held both windows; vectors {vectors:.2f} GB")


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


if __name__ == "__main__":
    main()
