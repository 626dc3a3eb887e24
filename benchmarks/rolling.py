"""Does the hybrid beat its rivals by rolling global time? Weekly windows, pooled users, all items ranked.

    python benchmarks/rolling.py
    python benchmarks/rolling.py --sets movielens-100k amazon

Each week is judged by the next, for all users of whom anything is known by then; differences are paired and pooled, and
users are drawn. Everything is learned from what is before the week's end: `hybrid` has weights from the `--learn` weeks
that are over by then, `hybrid-equal` equal ones. Parts and settings were chosen on `first half`, the weeks with half of
the rows; `second half` was not looked at before. No segments, no vectors: interactions alone.

Sets: movielens-100k (fetched) and, of the folder `--data`, amazon (gift cards and magazines; a user's repeated text
counts once), amazon-all (six categories), hackernews (sites). Judging begins when `first` weeks are over.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
from movielens import ratings
from scipy.sparse import csr_matrix

from interest_platform.configuration import RIVALS, RecommendationSettings
from interest_platform.domain.windows import Window
from interest_platform.recommendation.als import Als, FittedAls
from interest_platform.recommendation.context import Context
from interest_platform.recommendation.decayed_popular import DecayedPopular
from interest_platform.recommendation.ease import Ease
from interest_platform.recommendation.evaluation.gate import gate
from interest_platform.recommendation.evaluation.outcomes import outcomes
from interest_platform.recommendation.evaluation.paired import difference
from interest_platform.recommendation.evaluation.rolling import rolling
from interest_platform.recommendation.hybrid import DEFAULT_WEIGHTS, FittedHybrid, Hybrid
from interest_platform.recommendation.interactions import Interactions
from interest_platform.recommendation.item_knn import ItemKnn
from interest_platform.recommendation.learning import Lesson, Past, lesson, weights_from
from interest_platform.recommendation.popular import Popular, RecentlyPopular
from interest_platform.recommendation.strategy import Strategy
from interest_platform.recommendation.trending import Trending

DATA = Path(__file__).parents[2] / "shared" / "data"
WEEK = timedelta(days=7)
FIRST = {"movielens-100k": 6, "amazon": 60, "amazon-all": 60, "hackernews": 6}
"""Weeks that are only learned from: of Amazon's, ten users are known after 60."""
CATEGORIES = {"amazon": ("Gift_Cards", "Magazine_Subscriptions")}
SHOWN = ("ndcg", "recall", "hit_rate", "mrr", "novelty")


@dataclass
class LearnedHybrid:
    """A hybrid whose weights are learned on the weeks before the context's end, each fitted once."""

    frame: pl.DataFrame
    learn: int
    lessons: dict[datetime, Lesson] = field(default_factory=dict)
    weights: dict[str, float] = field(default_factory=lambda: dict(DEFAULT_WEIGHTS))
    """The newest."""

    name = "hybrid"

    def fit(self, context: Context) -> FittedHybrid:
        """Weights stay as they were, equal at first, where no week teaches anything."""
        first = monday(self.frame) + WEEK
        ends = [context.end - n * WEEK for n in range(1, self.learn + 1) if context.end - n * WEEK >= first]
        self.lessons = {end: self.lessons.get(end) or self._lesson(end) for end in ends}
        past = list(self.lessons.values())
        if any(len(each.choices.chosen) for each in past):
            self.weights = weights_from(past, context.end).weights
        return Hybrid(self.weights).fit(context)

    def _lesson(self, end: datetime) -> Lesson:
        context = known_at(self.frame, end)
        done = outcomes(context, self.frame.filter(pl.col("ts").is_between(end, end + WEEK, closed="left")))
        return lesson(tuple(DEFAULT_WEIGHTS), Past(context, done.whole(*context.interactions.counts.shape), end + WEEK))


class EqualHybrid(Hybrid):
    """The hybrid's parts, each counting the same."""

    name = "hybrid-equal"


class Bpr:
    """implicit's Bayesian personalized ranking (Rendle et al. 2009) with its defaults, one thread."""

    name = "bpr"

    def fit(self, context: Context) -> FittedAls:
        """A last factor is the item's bias."""
        from implicit.cpu.bpr import BayesianPersonalizedRanking

        model = BayesianPersonalizedRanking(num_threads=1, random_state=0)
        model.fit(csr_matrix(context.interactions.binary), show_progress=False)
        return FittedAls(context.interactions, model.user_factors, model.item_factors)


def main() -> None:
    """Print Markdown, a set after the other."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", nargs="+", choices=list(FIRST), default=list(FIRST))
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the data sets (default: ../shared/data)")
    parser.add_argument("--learn", type=int, default=RecommendationSettings().learn, help="weeks weights are from")
    parser.add_argument("--horizon", type=int, default=1)
    given = parser.parse_args()
    for name in given.sets:
        frame = ratings(None) if name == "movielens-100k" else reviews(given.data, name)
        told(name, judged(frame, FIRST[name], given.learn, given.horizon))


def reviews(folder: Path, name: str) -> pl.DataFrame:
    """user_key, item_id, ts of the first row of each text of a user that is about an item."""
    file = "hackernews_titles_20k" if name == "hackernews" else "amazon_reviews_6cat"
    rows = pl.read_parquet(folder / f"{file}.parquet").unique(["user_id", "text"], keep="first", maintain_order=True)
    if name in CATEGORIES:
        rows = rows.filter(pl.col("category").is_in(CATEGORIES[name]))
    ts = pl.col("ts").dt.replace_time_zone(None)
    return rows.select(user_key="user_id", item_id="item_id", ts=ts).drop_nulls()


def monday(frame: pl.DataFrame) -> datetime:
    """The start of the first week."""
    start: datetime = frame["ts"].min()  # type: ignore[assignment]
    return (start - timedelta(days=start.weekday())).replace(hour=0, minute=0, second=0, microsecond=0)


def known_at(frame: pl.DataFrame, end: datetime) -> Context:
    """All interactions before this moment."""
    return Context(end, Interactions.of(frame.filter(pl.col("ts") < end), end), 7)


def judged(frame: pl.DataFrame, first: int, learn: int, horizon: int) -> pl.DataFrame:
    """Rows of all strategies in all weeks."""
    start, last = monday(frame), frame["ts"].max()
    windows = [Window(start + n * WEEK, start + (n + 1) * WEEK) for n in range((last - start) // WEEK + 1)]
    learned = LearnedHybrid(frame, learn)
    strategies: Sequence[Strategy] = [
        *(Popular(), RecentlyPopular(), DecayedPopular(), Trending(), ItemKnn(), Als(), Bpr(), Ease()),
        *(EqualHybrid(), learned),
    ]
    found = rolling(windows[first:], lambda w: known_at(frame, w.end), strategies, frame, horizon)
    rows = pl.concat(each.rows for each in found)
    print(f"\nhybrid's newest weights: {', '.join(f'{part} {w:.2f}' for part, w in learned.weights.items())}")
    return rows


def told(name: str, rows: pl.DataFrame) -> None:
    """Means of each strategy, then the paired differences on all weeks and on either half, and the gate."""
    pairs = rows.filter(pl.col("strategy") == RIVALS[0])
    cut = pairs["window_end"].sort()[pairs.height // 2]
    early = pl.col("window_end") < cut
    print(f"\n### {name}: {_size(rows)}; second half from {cut:%Y-%m-%d}: {_size(rows.filter(~early))}\n")
    print(f"| strategy | {' | '.join(SHOWN)} | warm NDCG | cold NDCG |\n|{'---|' * (len(SHOWN) + 3)}")
    for (strategy,), of in rows.group_by("strategy", maintain_order=True):
        warm, cold = (of.filter(pl.col("warm") == is_warm)["ndcg"].mean() or np.nan for is_warm in (True, False))
        print(f"| {strategy} | {' | '.join(f'{of[m].mean():.4f}' for m in SHOWN)} | {warm:.4f} | {cold:.4f} |")
    parts = {"all": rows, "first half": rows.filter(early), "second half": rows.filter(~early)}
    print(f"\n| NDCG@10 of, less | {' | '.join(parts)} |\n|{'---|' * (len(parts) + 1)}")
    for strategy, rival in [(h, r) for h in ("hybrid", "hybrid-equal") for r in RIVALS] + [RIVALS]:
        cells = [str(difference(part, strategy, rival).interval) for part in parts.values()]
        print(f"| {strategy}, {rival} | {' | '.join(cells)} |")
    print(f"\n{gate(rows, 'hybrid').line}", flush=True)


def _size(rows: pl.DataFrame) -> str:
    pairs = rows.select("window_end", "user_key").unique()
    return f"{pairs['window_end'].n_unique()} weeks, {pairs['user_key'].n_unique()} users, {pairs.height} rows"


if __name__ == "__main__":
    main()
