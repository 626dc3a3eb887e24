"""Micro-batches on a real line: real texts and encoder, two weeks loaded and the third open."""

import datetime as dt
import os
import shutil

import dagster as dg
import polars as pl
import pytest
from support import posts

from interest_platform.code_location import platform_definitions
from interest_platform.domain.dynamics_tables import SEGMENT_IDENTITIES
from interest_platform.domain.live_tables import (
    PROVISIONAL_DIFFERENCES,
    PROVISIONAL_SEGMENTS,
    PROVISIONAL_VECTORS,
)
from interest_platform.domain.tables import (
    CLUSTER_MEMBERS,
    CLUSTER_SNAPSHOTS,
    EMBEDDINGS,
    RAW_TEXTS,
    REJECTED_TEXTS,
    USER_INTERESTS,
)
from interest_platform.embedding import load_encoder
from interest_platform.errors import LakeError, LiveError, SettingsError
from interest_platform.jobs import LINE, MICRO_BATCH
from interest_platform.lake import Lake, Stamp
from interest_platform.lake.live import loaded_since
from interest_platform.lake.staleness import stale_in
from interest_platform.micro_batching import MicroBatches
from interest_platform.restating import to_restate
from interest_platform.runs import RunFailed, run_job, run_windows
from interest_platform.settings import load_settings, pseudonym_key
from interest_platform.stores import prepare

pytestmark = pytest.mark.slow

CONFIG = """
sources: [{name: notes, uri: notes.parquet}]
windows: {grain: week, start: 2024-01-01, end: 2024-01-22, lookback: 2, half_life_days: 14}
encoder: {precision: fp32}
clustering: {k: 3, n_init: 3}
planted: {repeats: 0}
drift: {permutations: 19}
"""
MIDWEEK = dt.datetime(2024, 1, 18)
STAMP = Stamp("test", "no run", "1")


def notes():
    """As in `support`; in the third week one has another interest, one is new, one is silent, and one row is bad."""
    frame = posts()
    third = pl.col("ts") >= dt.datetime(2024, 1, 15)
    turned = frame.filter(third & (pl.col("user_id") == "person-01@example.org"))
    new = turned.with_columns(user_id=pl.lit("new@example.org"))
    told = frame.filter(third & (pl.col("user_id") == "person-02@example.org"))
    turned = told.with_columns(user_id=pl.lit("person-01@example.org"))
    kept = frame.filter(~(third & pl.col("user_id").is_in(["person-01@example.org", "person-03@example.org"])))
    bad = new.head(1).with_columns(text=pl.lit(""), ts=pl.lit(dt.datetime(2024, 1, 16)))
    return pl.concat([kept, turned, new, bad])


class Home:
    def __init__(self, folder):
        self.folder = folder
        told = {"INTEREST_CONFIG": str(folder / "interest.yaml"), "INTEREST_HOME": str(folder / "home")}
        os.environ |= told | {"INTEREST_PSEUDONYM_KEY": "test key"}
        self.settings = load_settings(os.environ)
        self.instance, self.lake = prepare(self.settings), Lake(self.settings)
        self.windows = list(self.settings.grid)
        self.defs = platform_definitions(self.settings)
        self.encoder = load_encoder(self.settings.config.encoder, folder, self.settings.home)

    def line(self, *windows):
        run_windows(self.defs, self.instance, LINE, windows)

    def batches(self, **changed):
        settings = self.settings.model_copy(update={"config": self.settings.config.model_copy(update=changed)})
        return MicroBatches(Lake(settings), pseudonym_key(settings.home), lambda: self.encoder, STAMP)

    def batch(self, until):
        return self.batches().run(until)

    def told(self):
        return self.lake.read(PROVISIONAL_SEGMENTS)


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    """The folder of a home with two of three weeks loaded."""
    before = dict(os.environ)
    folder = tmp_path_factory.mktemp("loaded")
    notes().write_parquet(folder / "notes.parquet")
    (folder / "interest.yaml").write_text(CONFIG)
    home = Home(folder)
    home.line(*home.windows[:2])
    home.lake.close()
    yield folder
    os.environ.clear()
    os.environ |= before


@pytest.fixture
def home(loaded, tmp_path):
    """A copy of it."""
    shutil.copytree(loaded, tmp_path / "copy")
    found = Home(tmp_path / "copy")
    yield found
    found.lake.close()


@pytest.fixture(scope="module")
def finished(loaded, tmp_path_factory):
    """A copy in which the third week had micro-batches at midweek and at its very end, and then its own run."""
    folder = tmp_path_factory.mktemp("finished") / "copy"
    shutil.copytree(loaded, folder)
    home = Home(folder)
    home.batch(MIDWEEK)
    home.last = home.batch(home.windows[2].end)
    home.line(home.windows[2])
    yield home
    home.lake.close()


def of_line(home):
    """What the line made of the third week, without what tells the run and its time."""
    tables = (RAW_TEXTS, REJECTED_TEXTS, EMBEDDINGS, USER_INTERESTS, CLUSTER_SNAPSHOTS, CLUSTER_MEMBERS)
    runs = ["ingested_at", "mlflow_run_id", "lake_version"]
    return [home.lake.read(t, [home.windows[2]]).drop(runs, strict=False) for t in (*tables, SEGMENT_IDENTITIES)]


def test_a_micro_batch_places_who_wrote_by_then_and_nobody_else(home):
    done = home.batch(MIDWEEK)
    raw = pl.read_parquet(home.folder / "notes.parquet")
    wrote = raw.filter((pl.col("ts") >= home.windows[2].start) & (pl.col("ts") < MIDWEEK) & (pl.col("text") != ""))
    rows = home.told()
    assert rows.height == wrote["user_id"].n_unique() == done.strongest.height
    assert (done.texts, done.encoded) == (wrote.height, wrote["text"].n_unique())
    assert rows["n_new_texts"].sum() == wrote.height
    assert done.rejected == 1
    assert set(rows["window_start"]) == {home.windows[2].start}
    assert set(rows["as_of"]) == {MIDWEEK}
    assert set(rows["segment_id"]) <= set(home.lake.read(SEGMENT_IDENTITIES, [home.windows[1]])["segment_id"])


def test_who_writes_about_something_else_moves_and_who_is_new_is_placed_where_such_texts_are(home):
    home.batch(home.windows[2].end)
    keys = Users(home)
    rows = {row["user_key"]: row for row in home.told().iter_rows(named=True)}
    assert rows[keys["new@example.org"]]["previous_segment_id"] is None
    assert rows[keys["new@example.org"]]["segment_id"] == rows[keys["person-04@example.org"]]["segment_id"]
    stays = rows[keys["person-04@example.org"]]
    assert stays["segment_id"] == stays["previous_segment_id"]
    assert keys["person-03@example.org"] not in rows


def test_a_second_micro_batch_of_the_same_time_encodes_nothing_and_tells_the_same(home):
    first = home.batch(MIDWEEK)
    second = home.batch(MIDWEEK)
    assert first.encoded > 0 and second.encoded == 0
    assert second.rows.drop("lake_version").equals(first.rows.drop("lake_version"))
    later = home.batch(home.windows[2].end)
    assert 0 < later.encoded < later.texts
    assert home.lake.read(PROVISIONAL_VECTORS).height == first.encoded + later.encoded


def test_the_order_of_the_sources_rows_changes_nothing(home):
    first = home.batch(MIDWEEK).rows
    path = home.folder / "notes.parquet"
    pl.read_parquet(path).sample(fraction=1, shuffle=True, seed=1).write_parquet(path)
    assert home.batch(MIDWEEK).rows.drop("lake_version").equals(first.drop("lake_version"))


def test_at_the_very_end_the_vectors_are_those_of_the_windows_own_run_to_the_bit(finished):
    own = finished.lake.read(USER_INTERESTS, [finished.windows[2]])
    told = finished.last.rows
    both = told.join(own, on=["user_key", "interest_no"], suffix="_own")
    assert both.height == told.height < own.height
    assert both["vector"].equals(both["vector_own"], check_names=False)
    assert both["weight"].equals(both["weight_own"], check_names=False)


def test_what_the_line_makes_is_the_same_with_and_without_micro_batches_before(finished, home):
    home.line(home.windows[2])
    for with_, without in zip(of_line(finished), of_line(home), strict=True):
        assert with_.equals(without)
    assert home.lake.read(PROVISIONAL_DIFFERENCES).is_empty()
    assert stale_in(home.lake).is_empty()


def test_the_windows_run_takes_the_vectors_that_were_made_and_measures_the_difference(finished):
    records = finished.instance.fetch_materializations(dg.AssetKey("embeddings"), limit=1).records
    assert records[0].asset_materialization.metadata["texts_encoded"].value == 0
    rows = finished.lake.read(PROVISIONAL_DIFFERENCES)
    found = dict(rows.select("metric", "value").iter_rows())
    assert found["cosine"] == pytest.approx(1)
    assert (found["users_gone"], found["users_unseen"], found["texts_late"], found["texts_gone"]) == (0, 0, 0, 0)
    assert found["followed"] >= found["kept_followed"]
    assert found["hours_before_end"] == 0
    assert set(rows["as_of"]) == {finished.windows[2].end}


def test_what_was_told_stays_once_the_window_is_loaded_and_its_vectors_go_with_the_next_micro_batch(finished):
    assert finished.told().height == finished.last.rows.height
    assert loaded_since(finished.lake, finished.lake.version()) == [finished.windows[2]]
    with pytest.raises(LiveError, match="is loaded"):
        finished.batch(MIDWEEK)
    assert finished.told().height == finished.last.rows.height


def test_a_micro_batch_makes_nothing_stale_or_unfinished(home):
    home.batch(MIDWEEK)
    assert stale_in(home.lake).is_empty()
    assert to_restate(home.defs, home.lake) == []


def test_nothing_written_since_leaves_no_row(home):
    home.batch(MIDWEEK)
    assert home.told().height
    done = home.batch(home.windows[2].start + dt.timedelta(seconds=1))
    assert (done.texts, done.encoded, done.rows.height) == (0, 0, 0)
    assert home.told().is_empty()


def test_a_micro_batch_that_fails_on_its_way_leaves_the_old_rows_and_what_it_encoded(home, monkeypatch):
    old = home.batch(MIDWEEK).rows
    whole, batches = Lake.replace, home.batches()

    def full(self, window, frames, stamp):
        if PROVISIONAL_SEGMENTS.name in frames:
            raise LakeError("no space left")
        return whole(self, window, frames, stamp)

    monkeypatch.setattr(Lake, "replace", full)
    with pytest.raises(LakeError):
        batches.run(home.windows[2].end)
    monkeypatch.undo()
    assert home.told().equals(old)
    assert home.batch(home.windows[2].end).encoded == 0


def test_a_base_loaded_again_meanwhile_is_begun_anew_and_given_up_after_some_tries(home, monkeypatch):
    batches, reads = home.batches(), []
    once = MicroBatches._interests

    def meanwhile(self, opened, new, version):
        reads.append(version)
        if len(reads) == 1 or always:
            frame = home.lake.read(USER_INTERESTS, [opened.base])
            home.lake.replace(opened.base, {USER_INTERESTS.name: frame}, STAMP)
        return once(self, opened, new, version)

    monkeypatch.setattr(MicroBatches, "_interests", meanwhile)
    always = False
    done = batches.run(MIDWEEK)
    assert len(reads) == 2 and done.version == reads[1] and set(home.told()["lake_version"]) == {reads[1]}
    always = True
    with pytest.raises(LiveError, match="3 times"):
        batches.run(MIDWEEK)


def test_a_base_that_is_clustered_and_not_identified_yet_is_refused(home):
    base = home.windows[1]
    frames = {t.name: home.lake.read(t, [base]) for t in (CLUSTER_SNAPSHOTS, CLUSTER_MEMBERS)}
    home.lake.replace(base, frames, STAMP)
    with pytest.raises(LiveError, match="is being loaded again"):
        home.batch(MIDWEEK)


def test_another_encoder_than_the_bases_is_one_line(home):
    encoder = home.settings.config.encoder.model_copy(update={"max_tokens": 128})
    home.encoder = load_encoder(encoder, home.folder, home.settings.home)
    with pytest.raises(LiveError, match="interest restate"):
        home.batch(MIDWEEK)
    assert home.told().is_empty()


def test_a_time_to_come_is_refused(home):
    with pytest.raises(SettingsError, match="still to come"):
        home.batch(dt.datetime(2999, 1, 1))


def test_several_interests_are_told_as_the_windows_own_run_tells_them(home):
    several = home.settings.config.interests.model_copy(update={"per_user": "auto"})
    config = home.folder / "interest.yaml"
    config.write_text(CONFIG + "interests: {per_user: auto}\n")
    rows = home.batches(interests=several).run(home.windows[2].end).rows
    changed = Home(home.folder)
    changed.line(changed.windows[2])
    own = changed.lake.read(USER_INTERESTS, [changed.windows[2]]).join(rows, on="user_key", how="semi")
    shared = ["user_key", "interest_no", "weight", "vector"]
    assert own.select(shared).equals(rows.select(shared))


def test_the_job_tells_what_it_did_and_does_nothing_where_the_windows_have_ended(home):
    told = {PROVISIONAL_SEGMENTS.name: {"until": MIDWEEK.isoformat() + "+01:00"}}
    run_job(home.defs, home.instance, MICRO_BATCH, told)
    (record,) = home.instance.fetch_materializations(dg.AssetKey(PROVISIONAL_SEGMENTS.name), limit=1).records
    facts = {name: value.value for name, value in record.asset_materialization.metadata.items()}
    assert facts["users"] == home.told().height
    assert facts["as_of"] == "2024-01-17 23:00:00"
    old = home.told()
    run_job(home.defs, home.instance, MICRO_BATCH)
    assert home.told().equals(old)
    with pytest.raises(RunFailed, match="no ISO 8601 time"):
        run_job(home.defs, home.instance, MICRO_BATCH, {PROVISIONAL_SEGMENTS.name: {"until": "noon"}})


class Users:
    """A source's user id to its pseudonym."""

    def __init__(self, home):
        self.home = home

    def __getitem__(self, user):
        from interest_platform.domain.pseudonyms import user_key

        return user_key(pseudonym_key(self.home.settings.home).get_secret_value().encode(), "notes", user)
