"""MovieLens-100K: does the harness find the known figures, and does the hybrid beat its rivals by rolling global time?

    python benchmarks/movielens.py
    python benchmarks/movielens.py --part rolling --horizon 2

`protocols`: NDCG@10 of warm users (5 ratings to learn from) on the ranking of all films not yet rated, every rating
counting; beside each figure what it is less the one that was measured before with other code. ALS is the mean over
`--starts` random starts, with their standard deviation: of about 100 users a start alone moves it by .005.
`rolling`: weekly windows, each judged by the next `--horizon`, all users of whom anything is known; differences are
paired and pooled over windows, users are drawn. `hybrid-learned` has weights from the last windows that are over.
"""

import argparse
import statistics
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
from scipy.sparse import csr_array

from interest_platform.domain.windows import Window
from interest_platform.recommendation.als import Als
from interest_platform.recommendation.context import Context
from interest_platform.recommendation.ease import Ease
from interest_platform.recommendation.evaluation.gate import gate
from interest_platform.recommendation.evaluation.metrics import metrics_at_k
from interest_platform.recommendation.evaluation.outcomes import outcomes
from interest_platform.recommendation.evaluation.paired import difference
from interest_platform.recommendation.evaluation.rolling import rolling
from interest_platform.recommendation.evaluation.splits import (
    Split,
    global_time_split,
    leave_last_out,
    per_user_time_split,
    random_split,
)
from interest_platform.recommendation.hybrid import Hybrid
from interest_platform.recommendation.interactions import Interactions
from interest_platform.recommendation.item_knn import ItemKnn
from interest_platform.recommendation.learning import Past, learn_weights
from interest_platform.recommendation.popular import Popular, RecentlyPopular
from interest_platform.recommendation.strategy import Fitted, Strategy
from interest_platform.recommendation.top import top

WEEK = timedelta(days=7)
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
BLENDED = ("ease", "recently-popular", "item-knn")
PAST_WINDOWS = 4
LEARNED_ON = 200
"""(user, window) pairs that weights are learned on: twice as many take twice as long."""


class LearnedHybrid:
    """A hybrid whose weights are learned on the windows before the context's end."""

    name = "hybrid-learned"

    def __init__(self, frame: pl.DataFrame) -> None:
        self.frame = frame

    def fit(self, context: Context) -> Fitted:
        """Learn weights, then all of them on the context."""
        ends = [context.end - n * WEEK for n in range(PAST_WINDOWS, 0, -1)]
        learned = learn_weights(BLENDED, [self._past(end) for end in ends], before=context.end, users=LEARNED_ON)
        return Hybrid(learned.weights).fit(context)

    def _past(self, end: datetime) -> Past:
        context = known_at(self.frame, end)
        done = outcomes(context, self.frame.filter(pl.col("ts").is_between(end, end + WEEK, closed="left")))
        n, m = context.interactions.counts.shape
        told = done.relevant[:, :m].tocoo()
        cells = (done.rows[told.coords[0]], told.coords[1])
        return Past(context, csr_array((told.data, cells), shape=(n, m)), end + WEEK)


def main() -> None:
    """Print Markdown tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", choices=["protocols", "rolling"], nargs="+", default=["protocols", "rolling"])
    parser.add_argument("--parquet", type=Path, help="the fetched sample (default: fetches it)")
    parser.add_argument("--starts", type=int, default=4)
    parser.add_argument("--horizon", type=int, default=1)
    parser.add_argument("--learned", action="store_true", help="judge the hybrid with learned weights too (minutes)")
    parser.add_argument("--first", type=int, default=6, help="weeks that are only learned from")
    given = parser.parse_args()
    frame = ratings(given.parquet)
    if "protocols" in given.part:
        protocols(frame, given.starts)
    if "rolling" in given.part:
        weeks(frame, given.horizon, given.first, given.learned)


def ratings(parquet: Path | None) -> pl.DataFrame:
    """user_key, item_id, ts of all ratings in the order of the file."""
    if parquet is None:
        from interest_platform.settings import SAMPLES_NAME, home_folder
        from interest_platform.sources.samples import fetch

        parquet = fetch("movielens-100k", home_folder() / SAMPLES_NAME)
    times = pl.from_epoch("ts").cast(pl.Datetime("us"))
    return pl.read_parquet(parquet).select(user_key="user_id", item_id="item_id", ts=times)


def known_at(frame: pl.DataFrame, end: datetime) -> Context:
    """All ratings before this moment."""
    return Context(end, Interactions.of(frame.filter(pl.col("ts") < end), end), 7)


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


def weeks(frame: pl.DataFrame, horizon: int, first: int, learned: bool) -> None:
    """Means of each strategy, then the paired differences and the gate."""
    start = frame["ts"].min()
    monday = (start - timedelta(days=start.weekday())).replace(hour=0, minute=0, second=0, microsecond=0)
    number = (frame["ts"].max() - monday) // WEEK + 1
    windows = [Window(monday + n * WEEK, monday + (n + 1) * WEEK) for n in range(number)][first:]
    hybrids: list[Strategy] = [Hybrid(), *([LearnedHybrid(frame)] if learned else [])]
    strategies = [Popular(), RecentlyPopular(), ItemKnn(), Ease(), *hybrids]
    judged = list(rolling(windows, lambda w: known_at(frame, w.end), strategies, frame, horizon))
    rows = pl.concat(each.rows for each in judged)
    print(f"\n{len(windows) - horizon} windows, {rows['user_key'].n_unique()} users, horizon {horizon}")
    shown = ("ndcg", "recall", "hit_rate", "mrr", "debiased_ndcg", "novelty", "popularity")
    print(f"\n| strategy | {' | '.join(shown)} | warm NDCG | cold NDCG |\n|{'---|' * (len(shown) + 3)}")
    for (name,), of in rows.group_by("strategy", maintain_order=True):
        warm, cold = (of.filter(pl.col("warm") == is_warm)["ndcg"].mean() or np.nan for is_warm in (True, False))
        print(f"| {name} | {' | '.join(f'{of[m].mean():.4f}' for m in shown)} | {warm:.4f} | {cold:.4f} |")
    for hybrid in hybrids:
        print()
        for rival in ("ease", "recently-popular"):
            print(f"- {difference(rows, hybrid.name, rival)}")
        print(f"- {gate(rows, hybrid.name).line}")
    print(f"- {difference(rows, 'recently-popular', 'ease')}")


if __name__ == "__main__":
    main()
