"""The line up to recommendations on planted groups: homes that suites make once, copy, and go on from."""

import datetime as dt
import os
import shutil
from unittest import mock

import dagster as dg
import numpy as np
import polars as pl

from interest_platform.code_location import platform_definitions
from interest_platform.jobs import LINE
from interest_platform.lake import Lake, Stamp
from interest_platform.runs import run_windows
from interest_platform.settings import load_settings
from interest_platform.stores import prepare

CONFIG = """
sources: [{name: planted, uri: planted.parquet, columns: {vector: vector}}]
windows: {grain: week, start: 2024-01-01, end: 2024-01-29, lookback: 2}
clustering: {k: 3, n_init: 3}
planted: {repeats: 0}
drift: {permutations: 19}
recommendation: {strategies: [segment-smoothed, hybrid, content], top: 5}
"""
USERS, GROUPS, ITEMS, D, WEEKS = 90, 3, 12, 8, 4
STRATEGIES = ["content", "ease", "hybrid", "recently-popular", "segment-smoothed"]
ABLATED = ["segment-smoothed (no segments)", "segment-smoothed (segments shuffled)"]
KEY = "test key"

LISTS = ("recommendations", "recommendation_filters")
JUDGING = ("recommendation_outcomes", "recommendation_metrics")
SCHEMA = {
    "user_id": pl.String,
    "ts": pl.Datetime("us"),
    "item_id": pl.String,
    "category": pl.String,
    "vector": pl.List(pl.Float32),
}


def planted():
    """Users of three groups take up two items of their group a week; one user's texts are about no item.

    An item's category is its group's, or `other` where its number is odd.
    """
    g = np.random.default_rng(0)
    rows = []
    for user in range(USERS):
        group = user % GROUPS
        order = g.permutation(ITEMS)
        for week in range(WEEKS):
            for n in range(2):
                number = order[2 * week + n]
                item, kind = f"item-{group}-{number:02d}", f"kind-{group}" if number % 2 == 0 else "other"
                vector = 4 * np.eye(D)[group] + 0.4 * g.normal(size=D)
                day = dt.datetime(2024, 1, 1, 9) + dt.timedelta(days=7 * week + n + 1)
                told = (item, kind) if user else (None, None)
                rows.append((f"user-{user:03d}", day, *told, (vector / np.linalg.norm(vector)).tolist()))
    return pl.DataFrame(rows, SCHEMA, orient="row")


class Home:
    """A workplace of its own: `run` runs the line on its windows, or only some assets of it."""

    def __init__(self, folder, frame=None, config=CONFIG):
        self.folder = folder
        if frame is not None:
            frame.write_parquet(folder / "planted.parquet")
        self.environ = {
            "INTEREST_CONFIG": str(folder / "interest.yaml"),
            "INTEREST_HOME": str(folder / "home"),
            "INTEREST_PSEUDONYM_KEY": KEY,
        }
        self.configure(config)
        self.instance = prepare(self.settings)

    def configure(self, config):
        """Go on under other settings."""
        (self.folder / "interest.yaml").write_text(config)
        self.settings = load_settings(self.environ)
        self.lake = Lake(self.settings)
        self.windows = list(self.settings.grid)

    def copy(self, folder, recommendation=""):
        """A copy of it all, with more in the section `recommendation`."""
        self.lake.close()
        shutil.copytree(self.folder, folder, symlinks=True, dirs_exist_ok=True)
        return Home(folder, config=CONFIG.replace("top: 5}", f"top: 5{recommendation}}}"))

    def run(self, *assets, windows=None):
        with mock.patch.dict(os.environ, self.environ):
            defs = platform_definitions(load_settings(os.environ))
            keys = {dg.AssetKey(name) for name in assets} or None
            return run_windows(defs, self.instance, LINE, windows or self.windows, keys)

    def recommend(self, windows=None):
        """Make the lists and judge them."""
        self.run(*LISTS, windows=windows)
        self.run(*JUDGING, windows=windows)

    def read(self, table, *numbers):
        """Rows of the windows of these numbers; of all without any."""
        return self.lake.read(table, [self.windows[n] for n in numbers] if numbers else None)

    def put(self, number, name, frame):
        """Load a window of a table again, as its asset would."""
        return self.lake.replace(self.windows[number], {name: frame}, Stamp(name, "late", "1")).version

    def told(self, asset):
        """Metadata of the asset's last materialisation of each window, by the window's key."""
        records = self.instance.fetch_materializations(dg.AssetKey(asset), limit=100).records
        found = {}
        for record in records:  # newest first
            found.setdefault(record.partition_key, record.asset_materialization.metadata)
        return {key: {name: value.value for name, value in facts.items()} for key, facts in found.items()}
