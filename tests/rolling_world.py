"""A small world of weeks for the suites of evaluation: users with tastes, items, and contexts at the end of weeks."""

from datetime import datetime, timedelta

import numpy as np
import polars as pl

from interest_platform.domain.windows import Window
from interest_platform.recommendation.context import Context
from interest_platform.recommendation.interactions import Interactions

START = datetime(2024, 1, 1)
WEEK = timedelta(days=7)
WEEKS = [Window(START + n * WEEK, START + (n + 1) * WEEK) for n in range(6)]
SEGMENTS = ("s0", "s1", "s2")


def history(users=60, items=45, per_week=3, seed=0):
    """Each user of one of three tastes deals with items of this taste mostly: user_key, item_id, ts."""
    rng = np.random.default_rng(seed)
    rows = []
    for week in WEEKS:
        for user in range(users):
            chance = np.where(np.arange(items) % 3 == user % 3, 9.0, 1.0) / (1 + np.arange(items) // 3)
            for item in rng.choice(items, per_week, replace=False, p=chance / chance.sum()):
                rows.append((f"u{user:03d}", f"i{item:02d}", week.start + timedelta(hours=float(rng.uniform(0, 168)))))
    return pl.DataFrame(rows, schema=["user_key", "item_id", "ts"], orient="row")


def context_of(happened, window):
    """What is known at the end of the window, with the segment that is each user's taste."""
    known = Interactions.of(happened.filter(pl.col("ts") < window.end), window.end)
    tastes = np.array([int(user[1:]) % 3 for user in known.users])
    return Context(window.end, known, 7, SEGMENTS, np.eye(3, dtype=np.float32)[tastes])
