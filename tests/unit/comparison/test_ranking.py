"""Which cell is before which."""

import polars as pl

from interest_platform.comparison import ranked, rule_told
from interest_platform.comparison.ranking import MEANS

NAMES = {"encoder": "e1", "encoder_name": "one", "k_rule": "elbow"}


def row(method, week=0, **measures):
    told = dict.fromkeys(MEANS) | {"k": 4, "unassigned_share": 0.0}
    return NAMES | {"method": method, "window_start": week} | told | measures | TIMES


TIMES = {"seconds": 2.0, "peak_memory_mib": 10.0, "texts_per_second": None}


def board(*rows):
    schema = dict.fromkeys(MEANS, pl.Float64) | {"texts_per_second": pl.Float64}
    return ranked(pl.DataFrame(rows, schema_overrides=schema))


def test_labels_rank_where_there_are_any():
    found = board(row("a", ami=0.2, stability=0.9), row("b", ami=0.6, stability=0.1), row("c", stability=1.0))
    assert found.select("rank", "method").rows() == [(1, "b"), (2, "a"), (3, "c")]
    assert rule_told(found) == "ranked by mean AMI to the labels"


def test_without_labels_the_mean_of_three_ranks_decides_and_a_null_is_last():
    found = board(
        row("a", stability=0.9, held_out=0.3, npmi=0.1),  # 1 + 2 + 3 = 6
        row("b", stability=0.8, held_out=0.4, npmi=0.2),  # 2 + 1 + 2 = 5
        row("c", npmi=0.3),  # 3 + 3 + 1 = 7
    )
    assert found.select("rank", "method").rows() == [(1, "b"), (2, "a"), (3, "c")]
    assert "no labels: ranked by the mean of the ranks in stability, held_out, npmi" in rule_told(found)


def test_means_are_over_windows_and_nulls_are_left_out_of_them():
    found = board(row("a", 0, ami=0.2, k=3), row("a", 1, ami=0.4, k=5), row("a", 2, k=4))
    assert found.select("windows", "ami", "k", "seconds", "peak_memory_mib").rows() == [(3, 0.3, 4.0, 6.0, 10.0)]


def test_equals_share_a_rank():
    found = board(row("a", ami=0.5), row("b", ami=0.5), row("c", ami=0.1))
    assert found["rank"].to_list() == [1, 1, 3]


def test_a_cell_that_lacks_a_window_is_last_and_not_ranked():
    found = board(row("a", 0, ami=0.2), row("a", 1, ami=0.2), row("b", 1, ami=0.9))
    assert found.select("rank", "method").rows() == [(1, "a"), (None, "b")]


def test_nothing_measured_ranks_nothing():
    assert board(row("a")).head(0).is_empty()
    empty = ranked(pl.DataFrame([row("a")], schema_overrides=dict.fromkeys(MEANS, pl.Float64)).head(0))
    assert empty.is_empty() and rule_told(empty)
