"""Stream L: users who write real texts of labelled topics, which appear, vanish, part and join.

Topics are the six categories of Amazon reviews, the coffee board and one on data science. A segment writes about one
topic, or about two after a merge; a user's interest is the unit mean of a number of texts, each on one of the
segment's topics. Vectors are the bundled encoder's and are kept in a temporary folder. A topic that has vanished comes
back, if it does, after the grace in which it would be held for the same segment.

Where users write one to three texts, many of a joined segment's users write on one of its topics alone, so that it
shows two modes or three, and nothing in the vectors says that it is one. Hence the streams without joined topics.
"""

import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl
from dynamics_follow import GRACE, follow
from planted_streams import Drawn, Happening, Score, score, unit

DATA = Path(__file__).parents[2] / "shared" / "data"
KEPT = Path(tempfile.gettempdir()) / "interest-stream-l.npz"
A_TOPIC, FEWEST_CHARACTERS = 340, 40
USERS, WINDOWS, CHURN, MOVING = 800, 8, 0.1, 0.02
TEXTS_PER_USER = ((1, 10), (1, 1), (2, 2), (3, 3), (5, 5), (10, 10))
"""Fewest and most; each user and window draws a number between, all equally likely."""


def main(seeds: range, processes: int) -> None:
    """One line for each number of texts a user, with all kinds of changes and with births and deaths alone."""
    topics = topic_vectors()
    told = ", ".join(f"{name} {len(v)}" for name, v in topics.items())
    print(f"L real texts, {USERS} users, {WINDOWS} windows; texts a topic: {told}")
    with ProcessPoolExecutor(processes) as pool:
        for per_user in TEXTS_PER_USER:
            for joining in (True, False):
                found = list(pool.map(partial(_scored, per_user, joining), seeds))
                print(_line(per_user, joining, found), flush=True)


def _scored(per_user: tuple[int, int], joining: bool, seed: int) -> tuple[Score, list[bool]]:
    windows, happened = text_stream(topic_vectors(), per_user, joining, seed)
    rows, wrong = follow(windows)
    return score(rows, happened), wrong


def _line(per_user: tuple[int, int], joining: bool, found: list[tuple[Score, list[bool]]]) -> str:
    total = sum((s for s, _ in found), Score())
    wrong = np.mean([w for _, ws in found for w in ws])
    fewest, most = per_user
    texts = f"{fewest} to {most}" if fewest < most else f"{most}"
    what = "all changes, to reach 0.85" if joining else "no joined topics"
    counts = f"{total.right:3d} right {total.false:3d} false {total.missed:3d} missed"
    return f"  {texts:>7} texts a user  F1 {total.f1:5.3f}  {counts}  wrong k {wrong:5.1%}  {what}"


def topic_vectors() -> dict[str, np.ndarray]:
    """Unit vectors, (texts, d), of each topic's texts."""
    if not KEPT.is_file():
        texts = topic_texts()
        vectors = _encoded([t for of in texts.values() for t in of])
        ends = np.cumsum([len(of) for of in texts.values()])[:-1]
        np.savez(KEPT, **dict(zip(texts, np.split(vectors, ends), strict=True)))
    with np.load(KEPT) as kept:
        return dict(kept)


def topic_texts() -> dict[str, list[str]]:
    """At most `A_TOPIC` distinct clean texts of each topic."""
    from interest_platform.text.cleaning import clean_texts

    reviews = pl.read_parquet(DATA / "amazon_reviews_6cat.parquet", columns=["category", "text"])
    posts = pl.read_parquet(DATA / "stackexchange_coffee_dsmeta.parquet", columns=["category", "text"])
    boards = posts.with_columns(pl.col("category").str.extract(r"^(\w+):"))
    both = pl.concat([reviews, boards]).drop_nulls()
    both = both.with_columns(clean_texts(both["text"]).alias("text"))
    long = both.filter(pl.col("text").str.len_chars() >= FEWEST_CHARACTERS).unique(maintain_order=True)
    chosen = long.group_by("category", maintain_order=True).agg(pl.col("text"))
    every = {name: texts[:: max(1, len(texts) // A_TOPIC)][:A_TOPIC] for name, texts in chosen.iter_rows()}
    return {name.lower(): texts for name, texts in sorted(every.items())}


def _encoded(texts: list[str]) -> np.ndarray:
    from interest_platform.configuration import EncoderSettings
    from interest_platform.embedding import load_encoder

    return load_encoder(EncoderSettings(), Path.cwd()).encode(texts).vectors


class _Writers:
    """Users, the segment of each, and the topics of each segment."""

    def __init__(
        self, topics: dict[str, np.ndarray], per_user: tuple[int, int], joining: bool, rng: np.random.Generator
    ) -> None:
        self.vectors, self.per_user, self.joining, self.rng = topics, per_user, joining, rng
        names = self.rng.permutation(sorted(topics)).tolist()
        first = {*names[:2]} if joining else {names[0]}
        self.about = dict(enumerate([first, *({n} for n in names[2:6])]))
        self.unused = set(names) - set().union(*self.about.values())
        self.homes, self.users, self.known = self.rng.integers(5, size=USERS), np.arange(USERS), USERS
        self.segments, self.window = 5, 0
        self.resting: dict[str, int] = {}

    def new(self, topics: set[str]) -> int:
        self.about[self.segments] = topics
        self.segments += 1
        return self.segments - 1

    def draw(self) -> Drawn:
        """Every user writes on the topics of the user's segment."""
        texts = self.rng.integers(self.per_user[0], self.per_user[1] + 1, len(self.homes))
        rows = np.zeros((len(self.homes), next(iter(self.vectors.values())).shape[1]))
        for row, home, written in zip(rows, self.homes, texts, strict=True):
            about = sorted(self.about[home])
            for topic in self.rng.choice(about, written):
                row += self.vectors[topic][self.rng.integers(len(self.vectors[topic]))]
        return Drawn(self.users.copy(), unit(rows).astype(np.float32), self.homes.copy())

    def welcome(self, homes: np.ndarray) -> None:
        self.users = np.concatenate([self.users, self.known + np.arange(len(homes))])
        self.homes = np.concatenate([self.homes, homes])
        self.known += len(homes)

    def keep(self, which: np.ndarray) -> None:
        self.users, self.homes = self.users[which], self.homes[which]

    def change(self, kind: str, touched: set[int]) -> tuple[list[int], list[int]] | None:
        """Parents and children of a change of segments not yet touched; None where it can't be."""
        free = [s for s in self.about if s not in touched]
        pairs, ones = [s for s in free if len(self.about[s]) == 2], [s for s in free if len(self.about[s]) == 1]
        if kind == "split" and pairs:
            return self._split(int(self.rng.choice(pairs)))
        if kind == "merge" and self.joining and len(ones) >= 2 and len(self.about) > 3:
            return self._merge(self.rng.choice(ones, 2, replace=False).tolist())
        rested = {t for t, died in self.resting.items() if self.window > died + GRACE}
        if kind == "birth" and (ready := sorted(self.unused | rested)):
            return self._birth(str(self.rng.choice(ready)))
        if kind == "death" and len(free) >= 4:
            return self._death(int(self.rng.choice(free)))
        return None

    def _split(self, whole: int) -> tuple[list[int], list[int]]:
        parts = [self.new({topic}) for topic in sorted(self.about.pop(whole))]
        at = np.flatnonzero(self.homes == whole)
        self.homes[at] = self.rng.choice(parts, len(at))
        return [whole], parts

    def _merge(self, parts: list[int]) -> tuple[list[int], list[int]]:
        whole = self.new(set().union(*(self.about.pop(p) for p in parts)))
        self.homes[np.isin(self.homes, parts)] = whole
        return parts, [whole]

    def _birth(self, topic: str) -> tuple[list[int], list[int]]:
        self.unused.discard(topic)
        self.resting.pop(topic, None)
        born = self.new({topic})
        self.welcome(np.full(USERS // 8, born))
        return [], [born]

    def _death(self, gone: int) -> tuple[list[int], list[int]]:
        self.resting |= dict.fromkeys(self.about.pop(gone), self.window)
        self.keep(self.homes != gone)
        return [gone], []

    def replace(self, newborn: set[int]) -> None:
        """Churn and moves, to and from segments that were not born in this window."""
        open_ = [s for s in self.about if s not in newborn]
        staying = np.flatnonzero(~np.isin(self.homes, list(newborn)))
        gone = self.rng.choice(staying, int(CHURN * len(staying)), replace=False)
        self.keep(~np.isin(np.arange(len(self.homes)), gone))
        self.welcome(self.rng.choice(open_, len(gone)))
        moving = ~np.isin(self.homes, list(newborn)) & (self.rng.random(len(self.homes)) < MOVING)
        self.homes[moving] = self.rng.choice(open_, int(moving.sum()))


def text_stream(
    topics: dict[str, np.ndarray], per_user: tuple[int, int], joining: bool, seed: int
) -> tuple[list[Drawn], list[Happening]]:
    """The windows, and what happened in them: one or two changes a window; splits and merges only where `joining`."""
    writers = _Writers(topics, per_user, joining, np.random.default_rng([seed, 12]))
    windows, happened = [writers.draw()], []
    for window in range(1, WINDOWS):
        changes = list(_changes(writers, window))
        happened += changes
        writers.replace({c for h in changes if h.kind == "birth" for c in h.children})
        windows.append(writers.draw())
    return windows, happened


def _changes(writers: _Writers, window: int) -> Iterator[Happening]:
    touched: set[int] = set()
    writers.window = window
    for kind in writers.rng.permutation(["split", "merge", "birth", "death"])[: writers.rng.integers(1, 3)]:
        done = writers.change(str(kind), touched)
        if done is not None:
            touched |= {*done[0], *done[1]}
            yield Happening(str(kind), frozenset(done[0]), frozenset(done[1]), window, window)
