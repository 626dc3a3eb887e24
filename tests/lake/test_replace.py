"""A window is replaced whole or not at all."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from interest_platform.domain.tables import CLEANED_TOKENS, EMBEDDINGS, RAW_TEXTS, TABLES, WINDOW_LOADS
from interest_platform.domain.windows import Window
from interest_platform.errors import ContractError, LakeError
from interest_platform.lake import Lake, Stamp

Frames = Callable[..., pl.DataFrame]
WRITER = Path(__file__).with_name("writer.py")


def test_window_1_window_2_then_window_1_again_leaves_2_intact_and_1_replaced(
    lake: Lake, windows: list[Window], frame: Frames, stamp: Stamp
) -> None:
    one, two = windows[:2]
    lake.replace(one, {"embeddings": frame(EMBEDDINGS, one, 30)}, stamp)
    lake.replace(two, {"embeddings": frame(EMBEDDINGS, two, 20, tag=2)}, stamp)
    written = lake.replace(one, {"embeddings": frame(EMBEDDINGS, one, 12, tag=3)}, stamp)

    assert written.rows == {"embeddings": 12}
    assert written.version == lake.version()
    assert lake.read(EMBEDDINGS, [one]).equals(frame(EMBEDDINGS, one, 12, tag=3))
    assert lake.read(EMBEDDINGS, [two]).equals(frame(EMBEDDINGS, two, 20, tag=2))
    assert lake.read(EMBEDDINGS).height == 32


def test_every_table_gives_back_what_it_was_given(
    lake: Lake, windows: list[Window], frame: Frames, stamp: Stamp
) -> None:
    frames = {n: frame(t, windows[0], 25) for n, t in TABLES.items() if t is not WINDOW_LOADS}

    before = lake.version()
    written = lake.replace(windows[0], frames, stamp)

    assert written.version == before + 1  # one transaction, whatever the number of tables
    for name, given in frames.items():
        assert lake.read(TABLES[name]).sort(TABLES[name].key).equals(given.sort(TABLES[name].key)), name
    assert dict(lake.read(WINDOW_LOADS).select("table_name", "rows").iter_rows()) == dict.fromkeys(frames, 25)


def test_rows_come_in_the_order_of_the_key_whatever_order_they_were_written_in(
    lake: Lake, windows: list[Window], frame: Frames, stamp: Stamp
) -> None:
    given = frame(EMBEDDINGS, windows[0], 500)
    lake.replace(windows[0], {"embeddings": given.sample(fraction=1, shuffle=True, seed=1)}, stamp)
    assert lake.read(EMBEDDINGS, windows[:3]).equals(given.sort("text_hash", "encoder"))


BROKEN: dict[str, tuple[Callable[[pl.DataFrame], pl.DataFrame], str]] = {
    "extra": (lambda f: f.with_columns(more=1), "extra columns ['more']"),
    "missing": (lambda f: f.drop("vector"), "missing columns ['vector']"),
    "reordered": (lambda f: f.select("window_start", "encoder", "text_hash", *f.columns[3:]), "another order"),
    "type": (lambda f: f.with_columns(pl.col("n_model_tokens").cast(pl.Int64)), "type Int64, expected Int32"),
    "null": (lambda f: f.with_columns(encoder=pl.lit(None, pl.String)), "3 nulls"),
    "key": (lambda f: pl.concat([f, f[:1]]), "1 rows repeat the key"),
    "window": (lambda f: f.with_columns(pl.col("window_start").dt.offset_by("1d")), "3 rows of another window"),
}


def test_a_frame_that_does_not_fit_is_refused_with_nothing_touched(
    lake: Lake, windows: list[Window], frame: Frames, stamp: Stamp
) -> None:
    old = frame(EMBEDDINGS, windows[0])
    version = lake.replace(windows[0], {"embeddings": old}, stamp).version

    for case, (break_it, words) in BROKEN.items():
        # also where a good frame stands before it
        frames = {"cleaned_tokens": frame(CLEANED_TOKENS, windows[0]), "embeddings": break_it(old)}
        with pytest.raises(ContractError) as caught:
            lake.replace(windows[0], frames, stamp)
        assert words in str(caught.value), case
    for frames, words in (({}, "no table given"), ({"nope": old}, "'nope' is no table"), ({"window_loads": old}, "no")):
        with pytest.raises(ContractError, match=words):
            lake.replace(windows[0], frames, stamp)

    assert lake.version() == version
    assert lake.read(EMBEDDINGS).equals(old)


def test_an_empty_frame_leaves_no_row_and_a_window_recorded_as_loaded(
    lake: Lake, windows: list[Window], frame: Frames, stamp: Stamp
) -> None:
    lake.replace(windows[0], {"embeddings": frame(EMBEDDINGS, windows[0])}, stamp)
    assert lake.replace(windows[0], {"embeddings": EMBEDDINGS.empty()}, stamp).rows == {"embeddings": 0}
    lake.replace(windows[2], {"embeddings": EMBEDDINGS.empty()}, stamp)

    assert lake.read(EMBEDDINGS).equals(EMBEDDINGS.empty())
    assert lake.loaded_windows("embeddings", windows[2::-1]) == [windows[2], windows[0]]
    assert lake.loaded_windows("raw_texts", windows) == []


def test_a_load_is_recorded_once_a_table_and_window_with_the_last_writer(
    lake: Lake, windows: list[Window], frame: Frames, stamp: Stamp
) -> None:
    both = {"embeddings": frame(EMBEDDINGS, windows[0]), "cleaned_tokens": frame(CLEANED_TOKENS, windows[0])}
    lake.replace(windows[0], both, stamp)
    later = Stamp("embeddings", "run-2", "v2", mlflow_run_id="m")
    lake.replace(windows[0], {"embeddings": frame(EMBEDDINGS, windows[0], 7)}, later)

    columns = ["table_name", "rows", "asset", "dagster_run_id", "mlflow_run_id", "code_version"]
    assert lake.read(WINDOW_LOADS, columns=columns).rows() == [
        ("cleaned_tokens", 3, "embeddings", "run-1", None, "v1"),
        ("embeddings", 7, "embeddings", "run-2", "m", "v2"),
    ]


def test_the_commit_says_who_wrote_what(lake: Lake, windows: list[Window], frame: Frames) -> None:
    who = Stamp("embeddings", "run-9", "v9", mlflow_run_id="it's m")
    version = lake.replace(windows[0], {"embeddings": frame(EMBEDDINGS, windows[0])}, who).version

    found = lake.query(
        f"SELECT author, commit_message, commit_extra_info FROM lake.snapshots() WHERE snapshot_id = {version}"
    ).to_pylist()[0]
    assert found["author"] == "interest_platform"
    assert found["commit_message"] == "embeddings 2024-01-01, run run-9"
    assert json.loads(found["commit_extra_info"]) == {
        "asset": "embeddings",
        "partition": "2024-01-01",
        "dagster_run_id": "run-9",
        "mlflow_run_id": "it's m",
        "code_version": "v9",
        "rows": {"embeddings": 3},
    }


def test_old_versions_are_read_as_they_were(lake: Lake, windows: list[Window], frame: Frames, stamp: Stamp) -> None:
    old, new = frame(EMBEDDINGS, windows[0], 20), frame(EMBEDDINGS, windows[0], 30, tag=2)
    before = lake.replace(windows[0], {"embeddings": old}, stamp).version
    lake.replace(windows[0], {"embeddings": new}, stamp)

    assert lake.read(EMBEDDINGS, windows[:1], version=before).equals(old)
    assert lake.read(EMBEDDINGS, windows[:1]).equals(new)
    assert lake.query("SELECT count(*) AS n FROM embeddings", version=before).to_pylist() == [{"n": 20}]
    with lake.connect(version=before) as connection:
        assert connection.execute("SELECT count(*) FROM lake.interest.embeddings").fetchone() == (20,)
    with pytest.raises(LakeError, match="999"):
        lake.read(EMBEDDINGS, version=999)


def test_only_known_columns_are_read(lake: Lake) -> None:
    assert lake.read(EMBEDDINGS, [], columns=["vector"]).columns == ["vector"]
    with pytest.raises(ContractError, match=r"no columns \['nope'\]"):
        lake.read(EMBEDDINGS, columns=["nope", "vector"])


def test_when_the_second_table_fails_the_first_is_as_before(
    lake: Lake, windows: list[Window], frame: Frames, stamp: Stamp
) -> None:
    old = frame(RAW_TEXTS, windows[0])
    lake.replace(windows[0], {"raw_texts": old}, stamp)
    with lake.connect(read_only=False) as connection:
        connection.execute("ALTER TABLE cleaned_tokens DROP COLUMN tokens")
    version = lake.version()

    frames = {"raw_texts": frame(RAW_TEXTS, windows[0], 9), "cleaned_tokens": frame(CLEANED_TOKENS, windows[0])}
    with pytest.raises(LakeError, match="2024-01-01 of raw_texts, cleaned_tokens is not written") as caught:
        lake.replace(windows[0], frames, stamp)

    assert "\n" not in str(caught.value)
    assert lake.version() == version
    assert lake.read(RAW_TEXTS).equals(old)
    assert lake.read(WINDOW_LOADS)["table_name"].to_list() == ["raw_texts"]
    lake.replace(windows[0], {"raw_texts": frame(RAW_TEXTS, windows[0], 9)}, stamp)  # the lake still takes writes
    assert lake.read(RAW_TEXTS).height == 9


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT])
def test_a_writer_stopped_inside_its_transaction_leaves_the_old_rows_and_the_lock_free(
    end: signal.Signals, lake: Lake, home: Path, windows: list[Window], frame: Frames, stamp: Stamp
) -> None:
    old = frame(EMBEDDINGS, windows[0])
    lake.replace(windows[0], {"embeddings": old}, stamp)
    command = [sys.executable, str(WRITER), str(home), "0", "1", "pause"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "inside\n"
        assert lake.read(EMBEDDINGS).equals(old)  # a reader does not wait for the writer
        writer.send_signal(end)

    assert lake.read(EMBEDDINGS).equals(old)
    began = time.monotonic()
    lake.replace(windows[0], {"embeddings": frame(EMBEDDINGS, windows[0], 5)}, stamp)
    assert time.monotonic() - began < 5
    assert lake.read(EMBEDDINGS).height == 5


@pytest.mark.parametrize("what", ["data", "catalog"])
def test_a_full_disk_is_one_line_and_leaves_the_old_rows(
    what: str, lake: Lake, home: Path, windows: list[Window], frame: Frames, stamp: Stamp
) -> None:
    old = frame(EMBEDDINGS, windows[0])
    version = lake.replace(windows[0], {"embeddings": old}, stamp).version

    command = [sys.executable, str(WRITER), str(home), "0", "1", f"full-{what}"]
    writer = subprocess.run(command, capture_output=True, text=True, check=False)

    assert writer.returncode == 1
    assert writer.stdout.count("\n") == 1
    assert "the disk is full or can't be written; free some space" in writer.stdout
    assert lake.version() == version
    assert lake.read(EMBEDDINGS).equals(old)
