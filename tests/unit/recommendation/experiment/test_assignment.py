import hashlib
from itertools import combinations

import numpy as np
import polars as pl
import pytest

from interest_platform.errors import ExperimentError
from interest_platform.recommendation.experiment.assignment import Assignment, points, strata_counts

USERS = pl.Series("user_key", [f"user-{i}" for i in range(20_000)])
HALVES = {"control": 0.5, "treatment": 0.5}


def moved(before: Assignment, after: Assignment) -> float:
    return (before.assign(USERS) != after.assign(USERS)).mean()


def test_a_point_is_the_head_of_the_hash_and_needs_nothing_else():
    digest = hashlib.sha256(b"ranking\x1fuser-1").digest()
    assert points("ranking", ["user-1"])[0] == (int.from_bytes(digest[:8]) >> 11) / 2**53


def test_a_user_has_the_same_variant_alone_and_among_others_and_in_any_order():
    experiment = Assignment("ranking", (HALVES,))
    all_of = dict(zip(USERS, experiment.assign(USERS), strict=True))
    some = USERS.sample(200, seed=1)
    assert experiment.assign(some).to_list() == [all_of[user] for user in some]
    assert experiment.assign(USERS[:1])[0] == all_of[USERS[0]]


def test_shares_are_kept_and_the_rest_is_outside():
    assigned = Assignment("ranking", ({"a": 0.2, "b": 0.3},)).assign(USERS)
    shares = {name: (assigned == name).mean() for name in ("a", "b", "outside")}
    # three standard errors of a share of 20,000
    assert shares == pytest.approx({"a": 0.2, "b": 0.3, "outside": 0.5}, abs=3 * (0.25 / 20_000) ** 0.5)


@pytest.mark.parametrize(
    "later", [{"a": 0.3, "b": 0.3}, {"a": 0.05, "b": 0.6}, {"a": 0.2, "b": 0.2, "c": 0.4}, {"b": 0.5, "a": 0.0}]
)
def test_changed_shares_move_exactly_as_many_users_as_they_must(later):
    first = {"a": 0.2, "b": 0.3}
    before, after = Assignment("x", (first,)), Assignment("x", (first, later))
    names = {*first, *later}
    outside = abs(sum(first.values()) - sum(later.values()))
    least = (sum(abs(first.get(n, 0) - later.get(n, 0)) for n in names) + outside) / 2
    assert (before_slots(before) != before_slots(after)).mean() == pytest.approx(least, abs=1e-5)
    assert moved(before, after) == pytest.approx(least, abs=0.015)


def before_slots(experiment: Assignment) -> np.ndarray:
    return np.array([*experiment.variants, "outside"], dtype=object)[experiment.layout]


def test_ramping_up_takes_nobody_out_of_their_variant():
    stages = ({"a": 0.05, "b": 0.05}, {"a": 0.2, "b": 0.2}, HALVES | {"a": 0.0, "b": 0.0}, HALVES)
    first, second = (Assignment("x", stages[:n]).assign(USERS) for n in (1, 2))
    assert ((first == second) | (first == "outside")).all()
    assert Assignment("x", stages[:2]).assign(USERS).equals(Assignment("x", (*stages[:2], stages[1])).assign(USERS))


def test_the_holdout_is_the_same_people_in_every_experiment_and_grows_by_addition():
    held = [Assignment(name, (HALVES,), holdout=0.1).assign(USERS) == "holdout" for name in ("x", "y")]
    assert held[0].equals(held[1]) and held[0].mean() == pytest.approx(0.1, abs=0.01)
    more = Assignment("x", (HALVES,), holdout=0.15).assign(USERS)
    assert (more.filter(held[0]) == "holdout").all()
    without = Assignment("x", (HALVES,)).assign(USERS)
    assert more.filter(more != "holdout").equals(without.filter(more != "holdout"))


def test_experiments_are_independent_of_each_other():
    arms = [(Assignment(f"experiment {n}", (HALVES,)).assign(USERS) == "control").to_numpy() for n in range(6)]
    pairs = [np.corrcoef(arms[i], arms[j])[0, 1] for i, j in combinations(range(6), 2)]
    assert np.abs(pairs).max() < 4 / len(USERS) ** 0.5


def test_strata_are_counted_by_variant():
    frame = pl.DataFrame({"segment_id": ["s", "s", "s", "t"], "variant": ["a", "a", "b", "b"]})
    assert strata_counts(frame).rows() == [("s", "a", 2, 2 / 3), ("s", "b", 1, 1 / 3), ("t", "b", 1, 1.0)]


@pytest.mark.parametrize(
    ("stages", "more", "told"),
    [
        (({"a": 0.7, "b": 0.4},), {}, "shares sum to 1.1"),
        (({"a": 1.0},), {}, r"variants \['a'\]: two or more"),
        (({"a": -0.1, "b": 0.4},), {}, "share of a is -0.1"),
        (({"a": float("nan"), "b": 0.4},), {}, "share of a is nan"),
        (({"Blue": 0.5, "blue ": 0.5},), {}, "differ from another in case or blanks"),
        (({"holdout": 0.5, "b": 0.5},), {}, "'holdout' is reserved"),
        ((), {}, "no stage"),
        ((HALVES,), {"holdout": 1.0}, "holdout is 1.0"),
        ((HALVES,), {"holdout_name": "x"}, "both named x"),
        ((HALVES,), {"name": ""}, "no name"),
    ],
)
def test_what_can_not_be_assigned_is_refused(stages, more, told):
    with pytest.raises(ExperimentError, match=told):
        Assignment(**({"name": "x", "stages": stages} | more))


def test_users_without_a_key_are_refused_and_no_users_are_no_variants():
    experiment = Assignment("x", (HALVES,), holdout=0.1)
    with pytest.raises(ExperimentError, match="1 user keys are null"):
        experiment.assign(pl.Series(["u", None]))
    assert experiment.assign(pl.Series([], dtype=pl.String)).len() == 0
