"""user_moves and `interest why` on a lake of two weeks, written by hand: real asset, real lake, no encoder."""

import datetime as dt
from pathlib import Path

import dagster as dg
import polars as pl
import pytest
from support import interest, make_workplace

from interest_platform.assets.user_moves import user_moves
from interest_platform.domain.dynamics_tables import SEGMENT_IDENTITIES, USER_MOVES
from interest_platform.domain.pseudonyms import user_key
from interest_platform.domain.tables import (
    CLEANED_TOKENS,
    CLUSTER_MEMBERS,
    CLUSTER_SNAPSHOTS,
    EMBEDDINGS,
    RAW_TEXTS,
    TABLES,
    USER_INTERESTS,
)
from interest_platform.domain.windows import Window
from interest_platform.interests import user_interests
from interest_platform.lake import Lake, Stamp
from interest_platform.partitions import partitions_of
from interest_platform.resources import LakeResource, SettingsResource
from interest_platform.settings import Settings, load_settings

CONFIG = """
sources:
  - {name: notes, uri: "inbox/*.parquet"}
  - {name: blog, uri: "inbox/*.parquet"}
identities: {uri: known.csv}
windows: {grain: week, start: 2024-01-01, end: 2024-01-22, lookback: 1, half_life_days: 7}
"""
KEY = b"test key"
COFFEE, BIKES = [1.0, 0.0], [0.0, 1.0]
WORDS = {"coffee": COFFEE, "bikes": BIKES}
# source, user, week, what about
NOTES = [
    ("notes", "ann", 0, "coffee"), ("notes", "ann", 1, "bikes"),
    ("notes", "bob", 0, "bikes"), ("notes", "bob", 1, "bikes"),
    ("notes", "cat", 0, "coffee"),
    ("blog", "bob", 0, "coffee"), ("blog", "bob", 1, "coffee"),
]  # fmt: skip
SEGMENTS = {"coffee": (0, "s0001"), "bikes": (1, "s0002")}
UPSTREAM = [
    RAW_TEXTS,
    CLEANED_TOKENS,
    EMBEDDINGS,
    USER_INTERESTS,
    CLUSTER_SNAPSHOTS,
    CLUSTER_MEMBERS,
    SEGMENT_IDENTITIES,
]


def frames(window: Window, week: int, encoder: str) -> dict[str, pl.DataFrame]:
    """The tables of a week, without window_start."""
    ts = window.start + dt.timedelta(days=1)
    notes = [(user_key(KEY, s, u), s, about) for s, u, at, about in NOTES if at == week]
    ids = [f"{user[:8]}-{week}" for user, _, _ in notes]
    raw = pl.DataFrame({"text_id": ids, "user_key": [n[0] for n in notes], "source": [n[1] for n in notes]})
    raw = raw.with_columns(
        text=pl.lit("raw"), ts=pl.lit(ts, pl.Datetime("us")), truncated=pl.lit(False), ingested_at=pl.lit(ts)
    )
    said = [f"[b]I like {about}[/b] " + "very " * 40 for _, _, about in notes]
    cleaned = pl.DataFrame({"text_id": ids, "clean_text": said, "text_hash": [n[2] for n in notes]}).with_columns(
        lang=pl.lit("en"), tokens=pl.lit([], pl.List(pl.String)), n_tokens=pl.lit(0)
    )
    about = sorted(set(cleaned["text_hash"]))
    vectors = pl.DataFrame({"text_hash": about, "vector": [WORDS[a] for a in about]}).with_columns(
        encoder=pl.lit(encoder), n_model_tokens=pl.lit(3), truncated=pl.lit(False)
    )
    vectors = vectors.cast({"vector": pl.List(pl.Float32)})
    texts = raw.join(cleaned, on="text_id").with_columns(window_start=pl.lit(window.start, pl.Datetime("us")))
    interests = user_interests(
        texts, vectors, window, half_life_days=7, min_texts=1, windows_present=1, encoder=encoder
    )
    members = texts.select("user_key", pl.col("text_hash").replace_strict({a: SEGMENTS[a][0] for a in SEGMENTS}))
    members = members.rename({"text_hash": "cluster_id"}).with_columns(
        interest_no=pl.lit(0), membership=pl.lit(0.9), distance=pl.lit(0.0)
    )
    clusters = pl.DataFrame({"cluster_id": [SEGMENTS[a][0] for a in SEGMENTS], "centroid": list(WORDS.values())})
    filled = {"top_terms": [], "example_texts": [], "medoid_user_key": "x", "method": "kmeans", "k_method": "fixed"}
    filled |= {"size": 1, "share": 0.5, "cohesion": 1.0, "k": 2, "mlflow_run_id": "x", "lake_version": 1}
    clusters = clusters.with_columns(
        pl.lit(v, TABLES["cluster_snapshots"].schema[name]).alias(name) for name, v in filled.items()
    )
    identities = pl.DataFrame(
        [(c, s, f"all [about] {a}", "h", [a], window.start, 1.0, "both") for a, (c, s) in SEGMENTS.items()],
        schema=["cluster_id", "segment_id", "name", "name_hash", "name_terms", "since", "confidence", "evidence"],
        orient="row",
    )
    made = [raw, cleaned, vectors, interests, clusters, members, identities]
    return {table.name: frame for table, frame in zip(UPSTREAM, made, strict=True)}


class Home:
    """A workplace whose lake holds the weeks, and user_moves as the code location has it."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, encoders=("e", "e")):
        self.folder = make_workplace(folder, CONFIG)
        (folder / "known.csv").write_text("source,user_id,person_id\nnotes,zoe,p1\n")
        for name, value in {"CONFIG": folder / "interest.yaml", "HOME": folder / "home"}.items():
            monkeypatch.setenv(f"INTEREST_{name}", str(value))
        self.settings: Settings = load_settings()
        self.lake = Lake(self.settings)
        self.lake.prepare()
        self.windows = list(self.settings.grid)
        for week, encoder in enumerate(encoders):
            self.write(week, frames(self.windows[week], week, encoder))

    def write(self, week: int, tables: dict[str, pl.DataFrame]) -> None:
        window = self.windows[week]
        made = {name: TABLES[name].conform(frame, window.start) for name, frame in tables.items()}
        self.lake.replace(window, made, Stamp("test", "run", "1"))

    def moves(self, week: int) -> pl.DataFrame:
        return self.lake.read(USER_MOVES, [self.windows[week]])

    def run(self, *weeks: int) -> dg.ExecuteInProcessResult:
        partitions = partitions_of(self.settings.grid)
        specs = [dg.AssetSpec(table.name, partitions_def=partitions) for table in UPSTREAM]
        (asset,) = dg.map_asset_specs(lambda s: s.replace_attributes(partitions_def=partitions), [user_moves])
        settings = SettingsResource()
        tags = {"dagster/asset_partition_range_start": self.windows[weeks[0]].key}
        tags["dagster/asset_partition_range_end"] = self.windows[weeks[-1]].key
        with dg.DagsterInstance.ephemeral() as instance:
            resources = {"settings": settings, "lake": LakeResource(settings=settings)}
            return dg.materialize([*specs, asset], selection=[asset], resources=resources, tags=tags, instance=instance)


@pytest.fixture(scope="module")
def monkeymodule():
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.fixture(scope="module")
def home(tmp_path_factory, monkeymodule) -> Home:
    home = Home(tmp_path_factory.mktemp("moves"), monkeymodule)
    home.evaluations = {e.check_name: e for e in home.run(0, 1).get_asset_check_evaluations()}
    return home


def test_a_move_is_explained_and_the_first_window_has_none(home):
    assert home.moves(0).is_empty()
    (row,) = home.moves(1).iter_rows(named=True)
    ann = user_key(KEY, "notes", "ann")
    assert (row["user_key"], row["from_segment"], row["to_segment"]) == (ann, "s0001", "s0002")
    assert (row["margin"], row["new_texts"], row["decay"], row["clustering"]) == pytest.approx((2, 1, 1, 0))
    assert row["text_ids"] == [f"{ann[:8]}-0", f"{ann[:8]}-1"]
    assert {name: e.passed for name, e in home.evaluations.items()} == {
        "contract": True, "conservation": True, "same_texts": True, "same_encoder": True,
    }  # fmt: skip
    assert home.lake.loaded_windows("user_moves", home.windows) == home.windows[:2]


def test_windows_of_two_encoders_warn_and_have_no_moves(tmp_path, monkeypatch):
    other = Home(tmp_path / "w", monkeypatch, ("e", "other"))
    result = other.run(1)
    found = {e.check_name: e for e in result.get_asset_check_evaluations()}
    assert other.moves(1).is_empty() and not found["same_encoder"].passed
    assert found["same_encoder"].severity is dg.AssetCheckSeverity.WARN and found["conservation"].passed


def test_texts_that_were_restated_after_the_interests_warn(tmp_path, monkeypatch):
    other = Home(tmp_path / "w", monkeypatch)
    stale = frames(other.windows[1], 1, "e")
    stale["embeddings"] = stale["embeddings"].with_columns(vector=pl.lit([0.6, 0.8], pl.List(pl.Float32)))
    other.write(1, stale)
    found = {e.check_name: e for e in other.run(1).get_asset_check_evaluations()}
    assert not found["same_texts"].passed and found["same_texts"].metadata["users_off"].value == 1
    assert found["conservation"].passed


def test_why_tells_segments_parts_and_texts(home):
    done = interest(home.folder, "why", "ann")
    assert done.returncode == 0, done.stderr
    ann = user_key(KEY, "notes", "ann")
    assert f"user {ann}" in done.stdout and "s0001" in done.stdout
    lines = done.stdout.splitlines()
    (at,) = (i for i, line in enumerate(lines) if "from s0001" in line)
    assert lines[at : at + 2] == [
        "2024-01-08: from s0001 (all [about] coffee) to s0002 (all [about] bikes)",
        "  nearer to the new than to the old by 2.000 (cosine): "
        "new texts +1.000, older texts fading +1.000, the segments themselves moving +0.000",
    ]
    assert lines[at + 2].startswith("  +1.000  2024-01-02 old  [b]I like coffee[/b] very") and lines[at + 2][-1] == "…"
    assert lines[at + 3].startswith("  +1.000  2024-01-09 new  [b]I like bikes[/b] very")
    by_key = interest(home.folder, "why", ann, "--window", "2024-01-08")
    assert by_key.stdout == done.stdout


def test_why_of_a_user_who_stayed_and_of_one_id_in_two_sources(home):
    both = interest(home.folder, "why", "bob")
    assert both.returncode == 1
    assert both.stderr == "error: user 'bob' is another user in each of notes, blog: choose one with --source\n"
    assert "never moved" in interest(home.folder, "why", "bob", "--source", "blog").stdout
    stayed = interest(home.folder, "why", "bob", "--source", "blog", "--window", "2024-01-08")
    assert "2024-01-08: no move; stayed" in stayed.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["nobody"], 1, "error: user 'nobody' has no text in any window: give an id as it stands in the source"),
        (["zoe"], 1, "error: user 'zoe' has no text in any window"),
        (["ann", "--source", "shop"], 2, "error: --source shop: no such source; there are notes, blog"),
        (["ann", "--window", "soon"], 2, "error: window 'soon' is not a date"),
        (["ann", "--window", "2024-02-05"], 2, "error: window '2024-02-05' is none of the grid's"),
        (["cat", "--window", "2024-01-08"], 1, "error: --window 2024-01-08: the user is in no segment of that window"),
    ],
)
def test_why_says_in_one_line_what_it_cannot_tell(home, arguments, code, message):
    done = interest(home.folder, "why", *arguments)
    assert done.returncode == code and done.stderr.startswith(message) and done.stderr.count("\n") == 1


def test_why_tells_of_a_move_that_is_not_explained_yet(tmp_path, monkeypatch):
    other = Home(tmp_path / "w", monkeypatch)
    done = interest(other.folder, "why", "ann")
    assert "2024-01-08: moved, not explained yet: materialise user_moves of that window" in done.stdout
