"""Which run records which row, and that none is lost or told twice."""

import random
from datetime import datetime, timedelta

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from interest_platform.domain.tables import RAW_TEXTS, REJECTED_TEXTS
from interest_platform.ingest import SourceReader

DAY = timedelta(days=1)
KEY = SecretStr("k")
START, END, NOW = datetime(2024, 1, 1), datetime(2024, 5, 1), datetime(2024, 6, 1)


def write(platform, moments, name="r.parquet"):
    texts = [f"text {i}" for i in range(len(moments))]
    frame = pl.DataFrame(
        {"user_id": ["ann"] * len(moments), "text": texts, "ts": moments}, schema_overrides={"ts": pl.Datetime("us")}
    )
    path = platform.folder / name
    frame.write_parquet(path) if name.endswith("parquet") else frame.write_csv(
        path, datetime_format="%Y-%m-%dT%H:%M:%S%.f"
    )
    return frame


@pytest.mark.parametrize("name", ["r.parquet", "r.csv"])
def test_boundaries_are_half_open_and_rows_of_no_window_are_the_first_windows(platform, name):
    instant = timedelta(microseconds=1)
    moments = [
        START - instant,  # 1: before start
        START,  # 2: first window
        datetime(2024, 2, 1) - instant,  # 3: first window
        datetime(2024, 2, 1),  # 4: second window
        END - instant,  # 5: last window
        END,  # 6: at the end: neither read nor rejected
        NOW,  # 7: neither
        NOW + instant,  # 8: future
        None,  # 9: no time
    ]
    write(platform, moments, name)
    found = platform.read(name)
    assert [w.accepted["ts"].sort().to_list() for w in found.windows] == [moments[1:3], [moments[3]], [], [moments[4]]]
    assert found.reasons == {f"{name}#1": "before_start", f"{name}#8": "future", f"{name}#9": "no_time"}
    assert [sum(w.rows_read.values()) for w in found.windows] == [5, 1, 0, 1]
    later = platform.read(name, only=lambda windows: windows[1:])
    assert later.rejected.is_empty()
    assert later.accepted.equals(pl.concat([w.accepted for w in found.windows[1:]]))


def test_rows_later_than_the_run_are_future_even_within_a_window(platform):
    write(platform, [datetime(2024, 2, 10), datetime(2024, 2, 20)])
    found = platform.read("r.parquet", now=datetime(2024, 2, 15))
    assert found.windows[1].accepted["ts"].to_list() == [datetime(2024, 2, 10)]
    assert found.reasons == {"r.parquet#2": "future"}
    assert found.windows[0].rejected.height == 1


def test_without_an_end_rows_after_the_last_asked_window_are_left_alone(platform):
    write(platform, [datetime(2024, 1, 10), datetime(2024, 5, 20)])
    grid = platform.settings("r.parquet", windows={"end": None})
    with SourceReader(grid, [grid.grid.first], NOW, KEY) as reader:
        assert reader.window(grid.grid.first).rows_read == {"reviews": 1}


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    days=st.lists(st.one_of(st.none(), st.integers(-40, 200)), max_size=30),
    chosen=st.lists(st.integers(0, 3), unique=True, max_size=4),
    now=st.integers(1, 200),
    zone=st.sampled_from(["UTC", "Pacific/Auckland"]),
)
def test_any_cut_of_the_windows_conserves_rows(platform, days, chosen, now, zone):
    write(platform, [None if d is None else START + d * DAY for d in days])
    arguments = {"now": START + now * DAY, "source": {"timezone": zone}}
    whole = platform.read("r.parquet", **arguments)
    parts = [platform.read("r.parquet", only=lambda w, i=i: [w[i]], **arguments).windows[0] for i in chosen]
    for index, part in zip(chosen, parts, strict=True):
        assert part.accepted.equals(whole.windows[index].accepted)
        assert part.rejected.equals(whole.windows[index].rejected)
        assert sum(part.rows_read.values()) == part.accepted.height + part.rejected.height
    refs = whole.rejected["row_ref"].to_list()
    assert len(refs) == len(set(refs))
    if zone == "UTC":
        limit = START + now * DAY
        left = sum(1 for d in days if d is not None and END <= START + d * DAY <= limit)
        assert whole.rows_read == len(days) - left


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", ["r.parquet", "r.csv"])
def test_shuffled_rows_give_the_same_accepted_texts(platform, seed, name):
    rows = [
        {"user_id": f"u{i % 5}", "text": f"t{i % 7}", "ts": START + (i % 4) * 30 * DAY}
        | {"rating": float(i % 3), "category": ["a", None][i % 2]}
        for i in range(120)
    ]
    frames = [rows, random.Random(seed).sample(rows, len(rows))]
    found = []
    for content in frames:
        frame = pl.DataFrame(content)
        frame.write_parquet(platform.folder / name) if name.endswith("parquet") else frame.write_csv(
            platform.folder / name
        )
        found.append(platform.read(name))
    assert found[0].accepted.equals(found[1].accepted)
    assert found[0].rejected["reason"].value_counts().equals(found[1].rejected["reason"].value_counts())
    assert found[0].accepted["text_id"].is_unique().all()


def test_of_equal_rows_the_first_is_kept_and_the_others_name_it(platform):
    platform.write("b.csv", "user_id,text,ts\nann,x,2024-02-01\n")
    platform.write("a.csv", "user_id,text,ts\nbob,x,2024-02-01\nann,x,2024-02-01\nann,x,2024-02-01\nann,x,2024-02-02\n")
    found = platform.read("*.csv")
    assert found.reasons == {"a.csv#3": "duplicate", "b.csv#1": "duplicate"}
    assert set(found.rejected["detail"]) == {"the same as a.csv#2"}


def test_frames_conform_to_the_tables(platform):
    write(platform, [datetime(2024, 1, 10), None])
    for window in platform.read("r.parquet").windows:
        for table, frame in ((RAW_TEXTS, window.accepted), (REJECTED_TEXTS, window.rejected)):
            table.check(table.conform(frame, window.window.start), window.window.start)


def test_a_window_the_reader_was_not_made_for_is_refused(platform):
    write(platform, [datetime(2024, 1, 10)])
    config = platform.settings("r.parquet")
    first, second, *_ = config.grid
    with (
        SourceReader(config, [first], NOW, KEY) as reader,
        pytest.raises(ValueError, match="2024-02-01"),
    ):
        reader.window(second)
