"""Every kind of time to UTC, against Python's own zones."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import duckdb
import polars as pl
import pytest

from interest_platform.ingest import times


@pytest.fixture(scope="module")
def con():
    con = duckdb.connect()
    con.execute("SET TimeZone = 'Asia/Tokyo'")  # the session's zone must not matter
    for macro in times.MACROS:
        con.execute(macro)
    return con


def read(con, values, type_name, zone="UTC"):
    column = f"CAST(unnest AS {type_name})"
    return con.execute(f"SELECT {times.utc(column, type_name, zone)} FROM unnest(?)", [values]).fetchall()[0][0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-03-01", datetime(2024, 3, 1)),
        ("2024-03-01T12:30", datetime(2024, 3, 1, 12, 30)),
        (" 2024-03-01 12:30:15 ", datetime(2024, 3, 1, 12, 30, 15)),
        ("2024-03-01T12:30:15.25Z", datetime(2024, 3, 1, 12, 30, 15, 250_000)),
        ("2024-03-01t12:30:15,5z", datetime(2024, 3, 1, 12, 30, 15, 500_000)),
        ("2024-03-01T12:30:15.1234567", datetime(2024, 3, 1, 12, 30, 15, 123_456)),
        ("2024-03-01T12:30Z", datetime(2024, 3, 1, 12, 30)),
        ("2024-03-01T12:30:00+02:00", datetime(2024, 3, 1, 10, 30)),
        ("2024-03-01T12:30:00+0530", datetime(2024, 3, 1, 7, 0)),
        ("2024-03-01 12:30:00 -08", datetime(2024, 3, 1, 20, 30)),
        ("2024-01-01T00:15:00+01:00", datetime(2023, 12, 31, 23, 15)),
        ("2024-03-01T24:00:00", datetime(2024, 3, 2)),
        ("1709294400", datetime(2024, 3, 1, 12)),
        ("1709294400.5", datetime(2024, 3, 1, 12, 0, 0, 500_000)),
        ("1709294400000", datetime(2024, 3, 1, 12)),
        ("1709294400000000", datetime(2024, 3, 1, 12)),
        ("1.7092944e9", datetime(2024, 3, 1, 12)),
        ("-1", datetime(1969, 12, 31, 23, 59, 59)),
    ],
)
def test_text_is_read_as_iso_8601_or_unix_time(con, text, expected):
    assert read(con, [text], "VARCHAR") == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "01/03/2024",
        "2024-02-30",
        "2024-03-01T25:00",
        "2024-03-01T12:30:61",
        "2024-03-01T12:30:00+99:00",
        "Fri, 01 Mar 2024 12:00:00 +0000",
        "infinity",
        "epoch",
        "nan",
        "20240301T123000Z",
        "99999999999999999999",
        "2024-03-01T12",
        "0000-01-01",
    ],
)
def test_text_that_is_no_time_is_null(con, text):
    assert read(con, [text], "VARCHAR") is None


@pytest.mark.parametrize("moment", [datetime(2024, 1, 15, 12), datetime(2024, 7, 15, 12), datetime(1993, 4, 5, 0, 1)])
@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Auckland"])
def test_local_times_are_those_of_the_sources_zone(con, moment, zone):
    expected = moment.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC).replace(tzinfo=None)
    assert read(con, [f"{moment:%Y-%m-%d %H:%M}"], "VARCHAR", zone) == expected
    assert read(con, [moment], "TIMESTAMP", zone) == expected


def test_a_time_with_an_offset_ignores_the_sources_zone(con):
    assert read(con, ["2024-03-01T12:30:00+02:00"], "VARCHAR", "Asia/Tokyo") == datetime(2024, 3, 1, 10, 30)


def test_a_skipped_local_time_moves_forward_and_a_repeated_one_is_the_second(con):
    # Berlin skips 02:00 to 03:00 on 31 March and shows it twice on 27 October 2024
    assert read(con, ["2024-03-31 02:30"], "VARCHAR", "Europe/Berlin") == datetime(2024, 3, 31, 1, 30)
    assert read(con, ["2024-10-27 02:30"], "VARCHAR", "Europe/Berlin") == datetime(2024, 10, 27, 1, 30)


def test_typed_times_of_every_kind(con):
    moment = datetime(2024, 3, 1, 12, 30)
    for type_name in ("TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"):
        assert read(con, [moment], type_name) == moment
    assert read(con, [date(2024, 3, 1)], "DATE", "Europe/Berlin") == datetime(2024, 2, 29, 23)
    aware = moment.replace(tzinfo=UTC)
    assert read(con, [aware], "TIMESTAMP WITH TIME ZONE", "Europe/Berlin") == moment
    assert read(con, [1709296200], "INTEGER", "Europe/Berlin") == moment
    assert read(con, [1709296200000], "BIGINT") == moment
    assert read(con, [1709296200.25], "DOUBLE") == datetime(2024, 3, 1, 12, 30, 0, 250_000)


@pytest.mark.parametrize(
    ("value", "type_name"),
    [
        ("infinity", "TIMESTAMP"),
        ("-infinity", "TIMESTAMP WITH TIME ZONE"),
        ("20000-01-01", "TIMESTAMP"),
        ("nan", "DOUBLE"),
        ("inf", "DOUBLE"),
        (str(10**17), "BIGINT"),
        (str(-(2**63)), "BIGINT"),
        ("true", "BOOLEAN"),
        ("{'a': 1}", "STRUCT(a INTEGER)"),
    ],
)
def test_typed_values_that_are_no_time_are_null(con, value, type_name):
    assert read(con, [value], type_name) is None


def test_the_coarse_condition_never_loses_a_row_of_the_window(con):
    start, end = datetime(2024, 2, 1), datetime(2024, 3, 1)
    edge = [datetime(2024, 1, 31, 23), start, datetime(2024, 2, 15), datetime(2024, 2, 29, 23, 59, 59), end]
    frame = pl.DataFrame({"t": edge})
    con.register("edge", frame)
    for type_name in ("TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_NS", "DATE", "TIMESTAMP WITH TIME ZONE", "BIGINT"):
        column = "CAST(epoch(t) AS BIGINT)" if type_name == "BIGINT" else f"CAST(t AS {type_name})"
        unit = 1 if type_name == "BIGINT" else None
        for zone in ("UTC", "America/New_York", "Pacific/Kiritimati"):
            condition = times.coarse("n", type_name, zone, start, end, unit)
            n = times.utc("n", type_name, zone)
            inside = f"{n} >= TIMESTAMP '{start}' AND {n} < TIMESTAMP '{end}'"
            query = f"SELECT count(*) FROM (SELECT {column} AS n FROM edge) WHERE {inside}"
            assert con.execute(query).fetchone() == con.execute(f"{query} AND {condition}").fetchone(), (
                type_name,
                zone,
            )


@pytest.mark.parametrize(
    ("smallest", "largest", "unit"),
    [
        (0, 1709294400, 1),
        (-5, 10**11 - 1, 1),
        (10**11, 10**13, 1000),
        (10**14, 10**16, 10**6),
        (5, 10**12, None),
        (0, 10**17, None),
    ],
)
def test_the_unit_of_a_column_of_unix_times_is_told_only_where_it_has_one(smallest, largest, unit):
    assert times.unix_unit(smallest, largest) == unit
