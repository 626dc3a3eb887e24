"""What is told of how far a window's users fall into groups."""

import polars as pl

from interest_platform.segments.structure import structure_in

SCHEMA = {"size": pl.Int32, "separation": pl.Float64, "structure": pl.String}


def found(*rows):
    return structure_in(pl.DataFrame(rows, SCHEMA, orient="row"))


def test_the_separation_told_is_the_mean_over_users():
    told = found((30, 2.0, "weak"), (10, 6.0, "weak"))
    assert told is not None
    assert told.structure == "weak"
    assert told.told.startswith("2 segments that overlap (separation 3.0 standard deviations; clear from 10)")


def test_one_segment_says_what_to_try():
    told = found((315, None, "none"))
    assert told is not None and "one segment holds all 315" in told.told and "lookback" in told.told


def test_nothing_is_told_of_a_window_without_users_or_from_before():
    assert found() is None
    assert found((3, None, None)) is None
