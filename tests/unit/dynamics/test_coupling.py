"""Who went where, of users who are in several clusters."""

import numpy as np
import polars as pl
import pytest

from interest_platform.dynamics.coupling import coupled

SCHEMA = {
    "user_key": pl.String,
    "row": pl.Int64,
    "column": pl.Int64,
    "weight": pl.Float64,
    "weight_after": pl.Float64,
}


def pairs(users):
    """All pairs of clusters of each user: {user: ({row: weight}, {column: weight})}."""
    rows = [
        (user, row, column, weight, weight_after)
        for user, (before, after) in users.items()
        for row, weight in before.items()
        for column, weight_after in after.items()
    ]
    return pl.DataFrame(rows, SCHEMA, orient="row")


def flows(users):
    found = coupled(pairs(users))
    return {(row, column): users for row, column, users in found.iter_rows()}


def test_a_user_in_one_cluster_on_either_side_goes_by_the_products_of_the_weights():
    users = {"a": ({0: 1.0}, {1: 1.0}), "b": ({0: 1.0}, {0: 0.25, 1: 0.75}), "c": ({0: 0.5, 1: 0.5}, {1: 1.0})}
    assert flows(users) == {(0, 0): 0.25, (0, 1): 1 + 0.75 + 0.5, (1, 1): 0.5}


def test_users_who_stay_in_two_clusters_do_not_look_like_users_who_left():
    # a few users of one cluster show which became which; cluster numbers are swapped in between
    users = {f"a{i}": ({0: 1.0}, {1: 1.0}) for i in range(3)} | {f"b{i}": ({1: 1.0}, {0: 1.0}) for i in range(3)}
    users |= {f"both{i}": ({0: 0.6, 1: 0.4}, {0: 0.4, 1: 0.6}) for i in range(50)}
    found = flows(users)
    assert found[0, 1] == pytest.approx(3 + 30, abs=2) and found[1, 0] == pytest.approx(3 + 20, abs=2)
    assert found[0, 0] + found[1, 1] < 3  # by the product 24 of the 50 would have left


def test_flows_out_of_a_cluster_are_its_weight_of_returning_users():
    g = np.random.default_rng(0)
    users = {}
    for user in range(60):
        before, after = (
            dict(zip(g.choice(5, 3, replace=False).tolist(), g.dirichlet(np.ones(3)).tolist(), strict=True))
            for _ in range(2)
        )
        users[f"u{user}"] = (before, after)
    found = flows(users)
    for row in range(5):
        out = sum(flow for (r, _), flow in found.items() if r == row)
        assert out == pytest.approx(sum(before.get(row, 0) for before, _ in users.values()), rel=1e-6)
    assert sum(found.values()) == pytest.approx(60)


def test_where_nothing_tells_them_apart_the_products_stay():
    users = {f"u{i}": ({0: 0.5, 1: 0.5}, {0: 0.5, 1: 0.5}) for i in range(4)}
    assert flows(users) == pytest.approx({(0, 0): 1, (0, 1): 1, (1, 0): 1, (1, 1): 1})


def test_rows_in_any_order_and_other_keys_give_the_same_bits():
    g = np.random.default_rng(1)
    users = {f"u{i:02d}": ({0: w, 1: 1 - w}, {0: v, 2: 1 - v}) for i, (w, v) in enumerate(g.random((40, 2)).tolist())}
    told = pairs(users)
    renamed = told.with_columns(user_key=pl.col("user_key").str.reverse())
    assert coupled(renamed.sample(fraction=1, shuffle=True, seed=3)).equals(coupled(told))


def test_nobody_came_back():
    assert coupled(pairs({})).is_empty()
