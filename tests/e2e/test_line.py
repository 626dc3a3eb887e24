"""The whole line as a stranger uses it: commands in, tables and the published file out."""

import datetime as dt
import io
import json
import re
from pathlib import Path

import duckdb
import polars as pl
import pytest
from support import Place, done, interest, make_workplace, posts

from interest_platform.domain.comparison_tables import COMPARISON_TABLES
from interest_platform.domain.live_tables import BESIDE_THE_LINE
from interest_platform.domain.tables import TABLES

pytestmark = pytest.mark.e2e

CONFIG = """
sources: [{name: notes, uri: "inbox/*.parquet"}]
windows: {grain: week, start: 2024-01-01, end: 2024-02-05, lookback: 2, half_life_days: 14}
clustering: {k_range: [2, 6], n_init: 3}
"""
VECTORS = """
sources: [{name: notes, uri: "inbox/*.parquet", columns: {vector: vector}}]
windows: {grain: week, start: 2024-01-01, end: 2024-01-22, lookback: 2, half_life_days: 14}
clustering: {k_range: [2, 6], n_init: 3}
"""
FILLED = [dt.datetime(2024, 1, 1), dt.datetime(2024, 1, 8), dt.datetime(2024, 1, 29)]
SILENT = dt.datetime(2024, 1, 15)
"""Nobody wrote in this window, but there still are the interests of the window before."""
EMPTY = dt.datetime(2024, 1, 22)
"""Neither did anybody in this one, and the lookback is empty too."""
OF_TEXTS = ("raw_texts", "cleaned_tokens", "embeddings")
OF_CHANGES = ("segment_events", "segment_migrations", "drift_metrics")
"""What became of the last window's segments: there also where a window is empty."""
SELDOM = (
    *("user_moves", "planted_events"),
    *("encoder_migrations", "encoder_overlaps", "k_curves", "carried_segments", "cluster_trees"),
    *("recommendation_filters", "recommendation_outcomes", "recommendation_metrics", "provisional_differences"),
)
"""Nobody moves here, and twelve users are too few to plant a change among or to score a k. The encoder stays, and
k-means has no tree; the segments have gaps between them. All that users take up they have taken up in their first
week: no list can be judged."""
COMPARED = {table.name for table in COMPARISON_TABLES}
"""Written by `interest compare` alone."""
BESIDE = [table.name for table in BESIDE_THE_LINE]
DATA = [name for name in TABLES if name not in {"window_loads", "rejected_texts", *COMPARED, *BESIDE}]
RAW_ID = "@example.org"


def dirty_posts() -> pl.DataFrame:
    """Posts of three weeks, none in the weeks of 2024-01-15 and 22, and in each of the three weeks rows of no use."""
    good = posts()
    gap = pl.when(pl.col("ts") >= SILENT).then(pl.col("ts") + dt.timedelta(days=14)).otherwise("ts").alias("ts")
    good = good.with_columns(gap)
    bad = [("blank@example.org", "", ts + dt.timedelta(hours=3), "coffee-0", 3.0) for ts in FILLED] + [
        ("later@example.org", "I write from the year 2093.", dt.datetime(2093, 1, 1), "coffee-0", 3.0),
        ("early@example.org", "I wrote before it began.", dt.datetime(2023, 5, 1), "coffee-0", 3.0),
        (None, "Nobody wrote this.", FILLED[1] + dt.timedelta(hours=4), "coffee-0", 3.0),
        ("timeless@example.org", "I have no time.", None, "coffee-0", 3.0),
    ]
    return pl.concat([good, pl.DataFrame(bad, schema=good.schema, orient="row"), good.head(2)])


def vector_posts() -> pl.DataFrame:
    """The posts of three weeks without text, each with a vector near the axis of its user's subject."""
    frame = posts()
    axes = {name: [5.0 if i == at else 0.0 for i in range(6)] for at, name in enumerate(("coffee", "bikes", "stars"))}
    vectors = [
        [a + ((i * 7 + j * 3) % 5) / 10 for j, a in enumerate(axes[item.split("-")[0]])]
        for i, item in enumerate(frame["item_id"])
    ]
    return frame.drop("text").with_columns(vector=pl.Series(vectors, dtype=pl.List(pl.Float64)))


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A home after `interest plan` and `interest run`."""
    folder = make_workplace(tmp_path_factory.mktemp("loaded"), CONFIG, dirty_posts())
    plan = done(interest(folder, "plan")).stdout
    return Place(folder, plan, done(interest(folder, "run")).stderr)


@pytest.fixture(scope="module")
def vectors(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A home whose source brings vectors and no text, loaded in one run."""
    folder = make_workplace(tmp_path_factory.mktemp("vectors"), VECTORS, vector_posts())
    return Place(folder, run=done(interest(folder, "run")).stderr)


def test_every_table_is_filled_in_every_window_that_has_rows(loaded: Place) -> None:
    clustered = sorted([*FILLED, SILENT])
    wanted = dict.fromkeys(DATA, clustered) | dict.fromkeys(OF_TEXTS, FILLED) | {table: [] for table in SELDOM}
    wanted |= dict.fromkeys(OF_CHANGES, sorted([*clustered, EMPTY]))
    del wanted["segment_renames"]  # whether a name changes is told elsewhere
    wanted["drift_metrics"] = wanted["drift_metrics"][1:]  # the first window has none before it
    for table, windows in wanted.items():
        found = loaded.rows(f"SELECT DISTINCT window_start FROM {table} ORDER BY 1")["window_start"].to_list()
        assert found == windows, table


def test_a_window_without_rows_is_loaded_with_zero_rows_but_for_what_became_of_the_last_one(loaded: Place) -> None:
    found = loaded.rows(f"SELECT table_name, rows FROM window_loads WHERE window_start = '{EMPTY}'")
    assert loaded.rows(f"SELECT sum(rows) FROM window_loads WHERE window_start = '{SILENT}'").item() > 0
    told = dict(found.iter_rows())
    assert all(told.pop(table) > 0 for table in OF_CHANGES)
    assert told == dict.fromkeys({*DATA, "rejected_texts"} - set(OF_CHANGES), 0)


def test_every_row_of_the_source_is_accepted_or_rejected_once(loaded: Place) -> None:
    source = dirty_posts()
    accepted, rejected = (loaded.rows(f"SELECT * FROM {name}") for name in ("raw_texts", "rejected_texts"))
    assert source.height == accepted.height + rejected.height
    reasons = rejected.group_by("window_start", "reason").len().sort("window_start", "reason")
    assert reasons["len"].sum() == 9
    # the two repeated rows, the three of no window and one blank one stand in the first window
    assert [rejected.filter(pl.col("window_start") == w).height for w in FILLED] == [6, 2, 1]
    for window in FILLED:
        of_window = source.filter((pl.col("ts") >= window) & (pl.col("ts") < window + dt.timedelta(days=7))).height
        told = accepted.filter(pl.col("window_start") == window).height
        refused = rejected.filter((pl.col("window_start") == window) & (pl.col("ts").dt.year() == 2024)).height
        assert of_window == told + refused


LAWS = {
    "cleaned rows = accepted rows": "SELECT window_start, count(*) FROM {} GROUP BY ALL|raw_texts|cleaned_tokens",
    "members = interests": "SELECT window_start, user_key, interest_no FROM {}|user_interests|cluster_members",
    "sizes = members": "SELECT window_start, {} GROUP BY ALL"
    "|cluster_id, sum(size)::BIGINT FROM cluster_snapshots|cluster_id, count(*) FROM cluster_members",
    "users of v_u = users": "SELECT DISTINCT window_start, user_key FROM {}|user_segment_features|user_interests",
    "segments = clusters": "SELECT window_start, cluster_id, size FROM {}|segment_features|cluster_snapshots",
    "vectors = distinct clean texts": "SELECT DISTINCT window_start, text_hash FROM {}|embeddings|cleaned_tokens",
}


@pytest.mark.parametrize("law", LAWS)
def test_nothing_is_lost_between_the_tables(law: str, loaded: Place) -> None:
    template, *sides = LAWS[law].split("|")
    left, right = (loaded.rows(template.format(side) + " ORDER BY ALL") for side in sides)
    assert left.height >= len(FILLED)
    assert left.rows() == right.rows()


def test_shares_and_weights_add_up_to_one(loaded: Place) -> None:
    for sql in (
        "SELECT sum(share) FROM cluster_snapshots GROUP BY window_start",
        "SELECT sum(weight) FROM user_interests GROUP BY window_start, user_key",
        "SELECT list_sum(soft) FROM user_segment_features",
        "SELECT list_sum(one_hot) FROM user_segment_features",
    ):
        assert loaded.rows(sql).to_series().to_list() == pytest.approx([1.0] * loaded.rows(sql).height, abs=1e-5)


def test_the_plan_is_what_the_run_does(loaded: Place) -> None:
    told = re.search(r"(\d+) windows, (\d+) rows, (\d+) texts to encode", loaded.plan)
    assert told is not None, loaded.plan
    rows = loaded.rows("SELECT (SELECT count(*) FROM raw_texts) + (SELECT count(*) FROM rejected_texts)").item()
    texts = loaded.rows("SELECT count(DISTINCT text_hash) FROM embeddings").item()
    assert [int(n) for n in told.groups()] == [5, rows, texts]
    assert f"loaded 5 windows, encoded {texts} texts" in loaded.run


def test_the_raw_user_id_is_nowhere_in_the_home(loaded: Place) -> None:
    for table in TABLES:
        found = loaded.rows(f"SELECT t FROM {table} t WHERE contains(CAST(to_json(t) AS VARCHAR), '{RAW_ID}')")
        assert found.is_empty(), table
    for file in (loaded.folder / "home").rglob("*"):
        if file.is_file():
            assert RAW_ID.encode() not in file.read_bytes(), file
    assert loaded.rows("SELECT count(*) FROM rejected_texts WHERE raw LIKE '%The %' OR raw LIKE '%2093%'").item() > 0
    with duckdb.connect(str(loaded.published), read_only=True) as connection:
        for (mart,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall():
            sql = f"SELECT count(*) FROM {mart} t WHERE contains(CAST(to_json(t) AS VARCHAR), '{RAW_ID}')"
            assert connection.execute(sql).fetchall() == [(0,)], mart


def test_the_published_file_answers_in_plain_duckdb(loaded: Place) -> None:
    with duckdb.connect(str(loaded.published), read_only=True) as connection:
        found = connection.execute("SELECT DISTINCT schema_name FROM duckdb_tables()").fetchall()
        sizes = connection.execute(
            "SELECT window_start, sum(size)::BIGINT FROM main.segments_over_time GROUP BY 1 ORDER BY 1"
        ).fetchall()
    assert found == [("main",)]
    assert sizes == loaded.rows("SELECT window_start, count(*) FROM cluster_members GROUP BY 1 ORDER BY 1").rows()


def test_the_report_stands_beside_the_published_file_and_in_the_run_of_the_newest_window(loaded: Place) -> None:
    page = (loaded.published.parent / "report.html").read_text()
    assert "s0001" in page and "<svg" in page
    newest = "SELECT DISTINCT mlflow_run_id FROM cluster_snapshots WHERE window_start = '2024-01-29'"
    artifacts = loaded.folder / "home" / "mlflow" / "artifacts" / loaded.rows(newest).item() / "artifacts"
    assert (artifacts / "report.html").is_file() and (artifacts / "segment_flows.png").is_file()


def test_sql_writes_the_same_rows_in_every_format(loaded: Place) -> None:
    query = "SELECT segment_id, size, top_terms FROM segment_features ORDER BY ALL LIMIT 2"
    wanted = loaded.rows(query)
    found = {form: done(interest(loaded.folder, "sql", query, "--format", form)).stdout for form in ("csv", "json")}
    assert json.loads(found["json"]) == wanted.to_dicts()
    read = pl.read_csv(io.StringIO(found["csv"]))
    assert read.select("segment_id", "size").equals(wanted.select("segment_id", "size"), null_equal=True)
    assert [json.loads(terms) for terms in read["top_terms"]] == wanted["top_terms"].to_list()
    table = done(interest(loaded.folder, "sql", query)).stdout
    assert all(segment in table for segment in wanted["segment_id"]) and table.endswith("2 rows\n")
    out = loaded.folder / "out.parquet"
    assert done(interest(loaded.folder, "sql", query, "--format", "parquet", "--out", str(out))).stdout == ""
    assert pl.read_parquet(out).equals(wanted)


def test_a_moved_home_goes_on_and_encodes_nothing_again(loaded: Place) -> None:
    home, moved = loaded.folder / "home", loaded.folder / "moved"
    before = loaded.rows("SELECT * EXCLUDE (mlflow_run_id, lake_version) FROM cluster_snapshots ORDER BY ALL")
    home.rename(moved)
    try:
        again = done(interest(loaded.folder, "run", INTEREST_HOME=str(moved)))
        assert not home.exists()
    finally:
        moved.rename(home)
    assert "loaded 5 windows, encoded 0 texts" in again.stderr
    after = loaded.rows("SELECT * EXCLUDE (mlflow_run_id, lake_version) FROM cluster_snapshots ORDER BY ALL")
    assert after.equals(before)


def test_the_same_rows_in_another_order_and_with_another_key_are_the_same_segments(
    loaded: Place, tmp_path: Path
) -> None:
    shuffled = dirty_posts().sample(fraction=1.0, shuffle=True, seed=5)
    other = Place(make_workplace(tmp_path, CONFIG, shuffled))
    done(interest(other.folder, "run", "--no-publish", INTEREST_PSEUDONYM_KEY="another key"))
    query = "SELECT window_start, segment_id, name, size, top_terms, vector FROM segment_features ORDER BY 1, 2"
    here, there = loaded.rows(query), other.rows(query)
    assert there.drop("vector").rows() == here.drop("vector").rows()
    for mine, theirs in zip(here["vector"], there["vector"], strict=True):
        assert theirs.to_list() == pytest.approx(mine.to_list(), abs=1e-6)
    keys = {place.folder: set(place.rows("SELECT user_key FROM raw_texts")["user_key"]) for place in (loaded, other)}
    assert keys[loaded.folder].isdisjoint(keys[other.folder])


def test_a_source_of_vectors_runs_through_the_whole_line(vectors: Place) -> None:
    assert "encoded 0 texts" in vectors.run
    found = vectors.rows("SELECT window_start, size, top_terms FROM cluster_snapshots ORDER BY ALL")
    assert found.rows() == [(dt.datetime(2024, 1, day), 4, []) for day in (1, 8, 15) for _ in range(3)]
    assert vectors.rows("SELECT count(*), count(text), count(vector) FROM raw_texts").rows() == [(72, 0, 72)]
    assert vectors.published.is_file()


def test_how_the_backfill_is_cut_changes_nothing_and_to_is_excluded(vectors: Place, tmp_path: Path) -> None:
    cut = Place(make_workplace(tmp_path, VECTORS, vector_posts()))
    done(interest(cut.folder, "run", "--no-publish", "--to", "2024-01-08"))
    loads = "SELECT DISTINCT CAST(window_start AS DATE)::VARCHAR FROM window_loads ORDER BY 1"
    assert cut.rows(loads).to_series().to_list() == ["2024-01-01"]
    done(interest(cut.folder, "run", "--no-publish", "--from", "2024-01-08", "--to", "2024-01-22"))
    assert cut.rows(loads).to_series().to_list() == ["2024-01-01", "2024-01-08", "2024-01-15"]
    for table in ("user_interests", "cluster_snapshots", "cluster_members", "segment_identities", "segment_features"):
        columns = "* EXCLUDE (mlflow_run_id, lake_version)" if table == "cluster_snapshots" else "*"
        query = f"SELECT {columns} FROM {table} ORDER BY ALL"
        assert cut.rows(query).equals(vectors.rows(query)), table
