"""MovieLens-100K: does the harness find the known figures?

    python benchmarks/movielens.py

NDCG@10 of warm users (5 ratings to learn from) on the ranking of all films not yet rated, every rating
counting; beside each figure what it is less the one that was measured before with other code. ALS is the mean over
`--starts` random starts, with their standard deviation: of about 100 users a start alone moves it by .005.
benchmarks/rolling.py judges the hybrid.
"""

import argparse
import statistics
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import polars as pl

from interest_platform.recommendation.als import Als
from interest_platform.recommendation.context import Context
from interest_platform.recommendation.ease import Ease
from interest_platform.recommendation.evaluation.metrics import metrics_at_k
from interest_platform.recommendation.evaluation.outcomes import outcomes
from interest_platform.recommendation.evaluation.splits import (
    Split,
    global_time_split,
    leave_last_out,
    per_user_time_split,
    random_split,
)
from interest_platform.recommendation.interactions import Interactions
from interest_platform.recommendation.item_knn import ItemKnn
from interest_platform.recommendation.popular import Popular, RecentlyPopular
from interest_platform.recommendation.strategy import Strategy
from interest_platform.recommendation.top import top

SPLITS: dict[str, Callable[[pl.DataFrame], Split]] = {
    "random": random_split,
    "per user": per_user_time_split,
    "global 80/20": global_time_split,
    "global 90/10": lambda frame: global_time_split(frame, 0.1),
    "last out": leave_last_out,
}
KNOWN = {
    "popular": (0.215, 0.122, 0.142, 0.146, 0.044),
    "popular in the last 10 %": (0.159, 0.095, 0.219, 0.220, 0.040),
    "item-knn": (0.386, 0.190, 0.152, 0.211, 0.062),
    "ease": (0.442, 0.207, 0.179, 0.217, 0.072),
    "als": (0.338, 0.184, 0.135, 0.193, 0.073),
}


def main() -> None:
    """Print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parquet", type=Path, help="the fetched sample (default: fetches it)")
    parser.add_argument("--starts", type=int, default=4)
    given = parser.parse_args()
    protocols(ratings(given.parquet), given.starts)


def ratings(parquet: Path | None) -> pl.DataFrame:
    """user_key, item_id, ts of all ratings in the order of the file."""
    if parquet is None:
        from interest_platform.settings import SAMPLES_NAME, home_folder
        from interest_platform.sources.samples import fetch

        parquet = fetch("movielens-100k", home_folder() / SAMPLES_NAME)
    times = pl.from_epoch("ts").cast(pl.Datetime("us"))
    return pl.read_parquet(parquet).select(user_key="user_id", item_id="item_id", ts=times)


def protocols(frame: pl.DataFrame, starts: int) -> None:
    """A row a strategy, a column a split."""
    columns = [found(split(frame), starts) for split in SPLITS.values()]
    heads = [f"{name} (n={n})" for name, (n, _) in zip(SPLITS, columns, strict=True)]
    print(f"| NDCG@10 | {' | '.join(heads)} |\n|{'---|' * (len(heads) + 1)}")
    for name, known in KNOWN.items():
        cells = []
        for (_, values), before in zip(columns, known, strict=True):
            mean, spread = statistics.mean(values[name]), statistics.pstdev(values[name])
            told = f" ±{spread:.4f}" if spread else ""
            cells.append(f"{mean:.4f}{told} ({mean - before:+.4f})")
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


def found(split: Split, starts: int) -> tuple[int, dict[str, list[float]]]:
    """How many warm users there are, and each strategy's NDCG@10."""
    context = Context(split.until, Interactions.of(split.train, split.until), 7)
    done = outcomes(context, split.test)
    rows, relevant = done.rows[done.warm], done.relevant[done.warm]
    tenth = split.until - split.train["ts"].sort()[int(0.9 * split.train.height)]

    def ndcg(strategy: Strategy) -> float:
        lists = top(strategy.fit(context), rows, 10, [context.interactions.counts]).items
        return float(metrics_at_k(lists, relevant, 10)["ndcg"].mean())

    return len(rows), {
        "popular": [ndcg(Popular())],
        "popular in the last 10 %": [ndcg(RecentlyPopular(tenth / timedelta(days=1)))],
        "item-knn": [ndcg(ItemKnn(neighbours=100, shrinkage=50))],
        "ease": [ndcg(Ease(l2=300))],
        "als": [ndcg(replace(ALS, seed=seed)) for seed in range(starts)],
    }


ALS = Als(factors=64, regularization=0.05, alpha=5, iterations=30)


if __name__ == "__main__":
    main()
