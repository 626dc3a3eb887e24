"""The encoder is changed half-way: segments stay themselves, even where not one user is there before and after."""

import datetime as dt
import os

import numpy as np
import polars as pl
import pytest
from support import SAYINGS, make_workplace

from interest_platform.code_location import platform_definitions
from interest_platform.jobs import LINE
from interest_platform.lake import Lake
from interest_platform.lake.staleness import stale_in
from interest_platform.runs import run_windows
from interest_platform.settings import load_settings
from interest_platform.stores import prepare

pytestmark = pytest.mark.e2e

CONFIG = """
sources: [{{name: notes, uri: "inbox/*.parquet"}}]
windows: {{grain: week, start: 2024-01-01, end: 2024-01-29, lookback: 2}}
encoder: {encoder}
clustering: {{k: 3, n_init: 3}}
drift: {{permutations: 19}}
planted: {{repeats: 0}}
"""
BEFORE, AFTER = "{max_tokens: 64, precision: fp32}", "{kind: static, earlier: keep}"
THINGS = {
    "coffee": ["espresso grinder", "pour over kettle", "roasted beans", "milk foam", "burr grinder", "french press"],
    "bikes": ["bicycle chain", "mountain trail", "carbon frame", "tubeless tyre", "gravel ride", "bottom bracket"],
    "stars": ["telescope mirror", "lunar eclipse", "star cluster", "night sky camera", "orbit of mars", "comet tail"],
}
USERS, WEEKS, CHANGE = 45, 4, 2


def posts(returning):
    """Two posts a user and week on the user's one subject; unless `returning`, all users are new at the change."""
    rows = []
    for week in range(WEEKS):
        for user in range(USERS):
            name = f"user-{user + (0 if returning or week < CHANGE else USERS)}"
            subject = list(THINGS)[user % 3]
            for n in range(2):
                thing = THINGS[subject][(user + week + n) % 6]
                text = f"{SAYINGS[(user // 3 + n) % 4].format(thing)} A note on {subject}, {week}.{user}.{n}"
                rows.append((name, text, dt.datetime(2024, 1, 2) + dt.timedelta(weeks=week, minutes=user)))
    return pl.DataFrame(rows, schema=["user_id", "text", "ts"], orient="row")


@pytest.fixture(scope="module", params=[True, False], ids=["users come back", "all users are new"])
def lake(request, tmp_path_factory):
    """Two weeks by one encoder, two by another: with as many dimensions or fewer, of another kind."""
    folder = make_workplace(tmp_path_factory.mktemp("change"), CONFIG.format(encoder=BEFORE), posts(request.param))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INTEREST_CONFIG", str(folder / "interest.yaml"))
        patch.setenv("INTEREST_HOME", str(folder / "home"))
        patch.setenv("INTEREST_PSEUDONYM_KEY", "test key")
        for encoder, weeks in ((BEFORE, slice(0, CHANGE)), (AFTER, slice(CHANGE, WEEKS))):
            (folder / "interest.yaml").write_text(CONFIG.format(encoder=encoder))
            settings = load_settings(os.environ)
            run_windows(platform_definitions(settings), prepare(settings), LINE, list(settings.grid)[weeks])
        lake = Lake(settings)
        yield lake
        lake.close()


def rows(lake, sql):
    return pl.DataFrame(pl.from_arrow(lake.query(sql)))


def test_segment_ids_survive_the_change(lake):
    found = rows(lake, "SELECT window_start, kind, parents, children FROM segment_events ORDER BY ALL")
    assert found["kind"].to_list() == ["birth"] * 3 + ["survive"] * 3 * (WEEKS - 1)


def test_each_segment_is_about_the_same_subject_throughout(lake):
    found = rows(
        lake,
        "SELECT DISTINCT segment_id, regexp_extract(clean_text, 'note on ([a-z]+)', 1) AS subject "
        "FROM cluster_members JOIN segment_identities USING (window_start, cluster_id) "
        "JOIN raw_texts USING (window_start, user_key) JOIN cleaned_tokens USING (window_start, text_id)",
    )
    assert sorted(found["segment_id"]) == ["s0001", "s0002", "s0003"] and found["subject"].n_unique() == 3


def test_the_first_window_of_the_new_encoder_looks_back_on_texts_encoded_by_it(lake):
    encoders = rows(lake, "SELECT window_start, encoder, count(*) AS n FROM user_interests GROUP BY ALL ORDER BY ALL")
    assert encoders["window_start"].is_unique().all() and encoders["encoder"].n_unique() == 2
    overlaps = rows(lake, "SELECT window_start, encoder, count(*) AS texts FROM encoder_overlaps GROUP BY ALL")
    assert overlaps["texts"].to_list() == [2 * USERS]
    assert overlaps["encoder"].to_list() == [encoders["encoder"][-1]]


def test_the_mapping_and_its_error_are_told_once_where_the_encoder_changed(lake):
    found = rows(lake, "FROM encoder_migrations")
    assert found["window_start"].to_list() == [dt.datetime(2024, 1, 15)]
    row = found.row(0, named=True)
    assert row["n_texts"] == 2 * USERS and 1 > row["cosine"] > row["chance"] + 0.2 and 0 < row["error"] < 1
    matrix = np.array(row["matrix"]).reshape(row["d_from"], row["d_to"])
    smaller = matrix @ matrix.T if row["d_from"] <= row["d_to"] else matrix.T @ matrix
    assert smaller == pytest.approx(np.eye(len(smaller)), abs=1e-3)


def test_nothing_is_stale_after_it_where_earlier_windows_are_kept(lake):
    assert stale_in(lake).is_empty()


def test_else_the_windows_of_the_old_encoder_are_stale_and_all_that_was_made_from_them(lake):
    lake.settings.config_path.write_text(CONFIG.format(encoder=AFTER.replace(", earlier: keep", "")))
    found = stale_in(Lake(load_settings(os.environ)))
    outdated = found.filter(pl.col("because").str.starts_with("was encoded by transformer-"))
    assert set(outdated["step"]) == {"embeddings"}
    assert outdated["window_start"].to_list() == [dt.datetime(2024, 1, 1), dt.datetime(2024, 1, 8)]
    assert set(found.filter(step="segment_identities")["window_start"]) == {w.start for w in lake.settings.grid}
