"""A lake of a few rows worked out by hand, and dbt run on it as the platform does."""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from dynamics_rows import Row, event, survives

from interest_platform.configuration import Configuration
from interest_platform.domain.tables import TABLES
from interest_platform.domain.windows import Window
from interest_platform.lake import Lake, Stamp
from interest_platform.lake.publish import building
from interest_platform.settings import Settings

REPOSITORY = Path(__file__).parents[2]
DBT = Path(sys.executable).with_name("dbt")
CONFIG = "sources: [{name: s, uri: x.csv}]\nwindows: {start: 2024-01-01}\n"


@pytest.fixture(scope="session")
def dbt_folder() -> Path:
    return REPOSITORY / "dbt"


def _run(arguments: list[str], target: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    folder = str(REPOSITORY / "dbt")
    return subprocess.run(
        [str(DBT), "--no-use-colors", *arguments, f"--project-dir={folder}", f"--profiles-dir={folder}"],
        env={**os.environ, "OMP_NUM_THREADS": "1", **environment}
        | {"DBT_TARGET_PATH": str(target), "DBT_LOG_PATH": str(target), "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="session")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The manifest as `make manifest` builds it: with no lake around."""
    target = tmp_path_factory.mktemp("target")
    found = _run(["parse"], target, {})
    assert found.returncode == 0, found.stdout
    assert "deprecat" not in found.stdout.lower()
    return target / "manifest.json"


@dataclass
class HandMade:
    """A lake that a test fills window by window; a letter is a user."""

    lake: Lake
    since: dict[str, datetime] = field(default_factory=dict)
    """Segment to its first window."""
    last: dict[str, str] = field(default_factory=dict)
    """User to segment in the window identified last."""

    def week(self, number: int) -> Window:
        start = datetime(2024, 1, 1) + timedelta(weeks=number)
        return Window(start, start + timedelta(weeks=1))

    def put(self, number: int, asset: str, frames: dict[str, list[Row]]) -> int:
        window = self.week(number)
        conformed = {n: _frame(n, rows, window) for n, rows in frames.items()}
        return self.lake.replace(window, conformed, Stamp(asset, "run", "1")).version

    def texts(self, number: int, users: str, rejected: list[str] | None = None) -> int:
        """One text for every letter of `users` (a letter is a user), and one rejected row for every reason."""
        return self.put(
            number,
            "raw_texts",
            {
                "raw_texts": [
                    {"text_id": f"t{i}", "source": "s", "user_key": u, "text": "x", "ts": self.week(number).start}
                    | {"truncated": False, "ingested_at": datetime(2024, 6, 1)}
                    for i, u in enumerate(users)
                ],
                "rejected_texts": [
                    {"source": "s", "row_ref": f"f#{i}", "reason": r} for i, r in enumerate(rejected or [])
                ],
            },
        )

    def interests(self, number: int, users: str, n_texts: int = 1) -> int:
        rows = [
            {"user_key": u, "interest_no": 0, "weight": 1.0, "vector": [1.0], "n_texts": n_texts}
            | {"windows_present": 1, "encoder": "e1"}
            for u in users
        ]
        return self.put(number, "user_interests", {"user_interests": rows})

    def clusters(self, number: int, clusters: list[str], *, told_sizes: list[int] | None = None) -> int:
        """One cluster for every string, whose letters are its members; sizes may be told wrongly."""
        total = sum(map(len, clusters))
        sizes = told_sizes or [len(c) for c in clusters]
        snapshots = [
            {"cluster_id": i, "top_terms": [f"term{i}", "shared"], "size": sizes[i], "share": sizes[i] / total}
            | {"centroid": [1.0], "medoid_user_key": members[0], "example_texts": [f"text of {members[0]}"]}
            | {"cohesion": 0.9, "method": "kmeans", "k": len(clusters), "k_method": "fixed", "silhouette": 0.25}
            | {"mlflow_run_id": f"run{number}", "lake_version": 7}
            for i, members in enumerate(clusters)
        ]
        members = [
            {"user_key": u, "interest_no": 0, "cluster_id": i, "membership": 0.75, "distance": 0.1}
            for i, users in enumerate(clusters)
            for u in users
        ]
        return self.put(number, "cluster_snapshots", {"cluster_snapshots": snapshots, "cluster_members": members})

    def identities(self, number: int, clusters: list[str], ids: list[str], events: list[Row] | None = None) -> int:
        """Who each cluster is, what became of the last window's segments (by default all survive), and who moved."""
        start = self.week(number).start
        first = {segment: self.since.setdefault(segment, start) for segment in ids}
        rows = [
            {"cluster_id": i, "segment_id": segment, "name": f"name{i} of {number}", "name_hash": "h", "since": since}
            | {"name_terms": ["term"], "confidence": 0.5, "evidence": "members"}
            for i, (segment, since) in enumerate(first.items())
        ]
        now = {user: segment for users, segment in zip(clusters, ids, strict=True) for user in users}
        told = [survives(s) if first[s] < start else event("birth", [], [s]) for s in ids] if events is None else events
        moves = Counter((self.last.get(user), now.get(user)) for user in {*self.last, *now})
        self.last = now
        return self.put(
            number,
            "segment_identities",
            {
                "segment_identities": rows,
                "segment_events": [{"event_no": n, **row} for n, row in enumerate(told)],
                "segment_migrations": [
                    {"from_segment": old, "to_segment": new, "users": float(users)}
                    for (old, new), users in moves.items()
                ],
                "segment_renames": [],
            },
        )

    def segments(self, number: int, clusters: list[str], ids: list[str], *, sizes: list[int] | None = None) -> int:
        total = sum(map(len, clusters))
        sizes = sizes or [len(c) for c in clusters]
        features = [
            {"segment_id": ids[i], "cluster_id": i, "name": f"name{i} of {number}", "size": sizes[i]}
            | {"share": sizes[i] / total, "activity": 2.0, "recency": 3.0, "top_terms": [f"term{i}", "shared"]}
            | {"top_items": [f"item{i}"], "vector": [1.0]}
            for i in range(len(clusters))
        ]
        users = [
            {"user_key": u, "segment_id": ids[i], "one_hot": [1.0], "soft": [1.0], "embedding": [1.0]}
            | {"encoding_version": "v"}
            for i, members in enumerate(clusters)
            for u in members
        ]
        return self.put(number, "segment_features", {"segment_features": features, "user_segment_features": users})

    def whole(self, number: int, clusters: list[str], ids: list[str], events: list[Row] | None = None) -> int:
        """The last four assets of a window, in their order."""
        self.interests(number, "".join(clusters))
        self.clusters(number, clusters)
        self.identities(number, clusters, ids, events)
        return self.segments(number, clusters, ids)

    def build(self, version: int | None = None, keep: Path | None = None) -> subprocess.CompletedProcess[str]:
        """Run dbt on a version and publish what it built; raises AssertionError inside, so that a failure isn't."""
        with building(self.lake, version=version) as build:
            done = _run(["build"], build.path.parent / "target", build.environment)
            assert done.returncode == 0, done.stdout
            if keep:
                keep.write_bytes(build.path.read_bytes())
        return done

    @property
    def published(self) -> Path:
        return self.lake.settings.published_file


def _frame(name: str, rows: list[Row], window: Window) -> pl.DataFrame:
    table = TABLES[name]
    columns = {n: t for n, t in table.schema.items() if rows and n in rows[0]} if rows else dict(table.schema)
    columns.pop("window_start", None)
    return table.conform(pl.DataFrame(rows, schema=columns), window.start)


@pytest.fixture(scope="module")
def hand_made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], HandMade]]:
    """Makes a lake, with its tables and no row, in a home of its own."""
    made: list[HandMade] = []

    def make(name: str) -> HandMade:
        home = tmp_path_factory.mktemp(name)
        (home / "interest.yaml").write_text(CONFIG)
        config = Configuration.model_validate(
            {"sources": [{"name": "s", "uri": "x.csv"}], "windows": {"start": "2024-01-01"}}
        )
        lake = Lake(Settings(config=config, config_path=home / "interest.yaml", home=home))
        lake.prepare()
        made.append(HandMade(lake))
        return made[-1]

    yield make
    for each in made:
        each.lake.close()
