from datetime import datetime

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interest_platform.domain.dynamics_tables import SEGMENT_MIGRATIONS
from interest_platform.dynamics.migrations import broken_migration_laws, segment_migrations
from interest_platform.errors import ContractError

SCHEMA = {"user_key": pl.String, "interest_no": pl.Int32, "segment_id": pl.String, "weight": pl.Float64}


def interests(**users):
    """`u={"s1": .6, "s2": .4}` or `u="s1"`: each user's weights by segment."""
    rows = []
    for user, where in users.items():
        shares = {where: 1.0} if isinstance(where, str) else where
        rows += [(user, n, segment, weight) for n, (segment, weight) in enumerate(shares.items())]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def flows(before, after):
    return {(a, b): users for a, b, users in segment_migrations(before, after).iter_rows()}


def test_users_with_one_interest_move_whole():
    before = interests(a="s1", b="s1", c="s2", gone="s2")
    after = interests(a="s1", b="s2", c="s2", new="s3")
    expected = {("s1", "s1"): 1, ("s1", "s2"): 1, ("s2", "s2"): 1, ("s2", None): 1, (None, "s3"): 1}
    assert flows(before, after) == expected


def test_what_stays_stays_and_the_rest_is_split_in_proportion():
    # stays: s1 min(.5, .2) = .2, s2 min(.5, .1) = .1; leaves: .3 of s1, .4 of s2; arrives: .6 in s3, .1 in s4, of .7
    before = interests(u={"s1": 0.5, "s2": 0.5})
    after = interests(u={"s1": 0.2, "s2": 0.1, "s3": 0.6, "s4": 0.1})
    expected = {
        ("s1", "s1"): 0.2,
        ("s1", "s3"): 0.3 * 0.6 / 0.7,
        ("s1", "s4"): 0.3 * 0.1 / 0.7,
        ("s2", "s2"): 0.1,
        ("s2", "s3"): 0.4 * 0.6 / 0.7,
        ("s2", "s4"): 0.4 * 0.1 / 0.7,
    }
    assert flows(before, after) == pytest.approx(expected, abs=1e-12)


def test_two_interests_in_one_segment_are_one_weight():
    before = interests(u={"s1": 1.0})
    after = pl.DataFrame([("u", 0, "s1", 0.7), ("u", 1, "s1", 0.3)], schema=SCHEMA, orient="row")
    assert flows(before, after) == {("s1", "s1"): 1.0}


def test_a_first_window_is_all_new_and_an_empty_one_all_gone():
    members, nobody = interests(a="s1", b="s1"), interests()
    assert flows(nobody, members) == {(None, "s1"): 2.0}
    assert flows(members, nobody) == {("s1", None): 2.0}
    assert segment_migrations(nobody, nobody).is_empty()


def test_rounded_weights_leave_no_speck_of_a_flow():
    before = interests(u={"s1": 0.1 + 0.2, "s2": 0.7})
    after = interests(u={"s1": 0.3, "s2": 0.7})
    assert list(flows(before, after)) == [("s1", "s1"), ("s2", "s2")]


@pytest.mark.parametrize("shares", [{"s1": 0.4, "s2": 0.4}, {"s1": 1.5, "s2": -0.5}, {"s1": float("nan")}])
def test_weights_that_are_no_distribution_are_refused(shares):
    with pytest.raises(ContractError, match="weights of 1 users after"):
        segment_migrations(interests(), interests(u=shares))


def test_the_result_is_the_tables():
    for frame in (
        segment_migrations(interests(a="s1"), interests(a="s2")),
        segment_migrations(interests(), interests()),
    ):
        start = datetime(2024, 1, 1)
        SEGMENT_MIGRATIONS.check(SEGMENT_MIGRATIONS.conform(frame, start), start)


@st.composite
def windows(draw):
    """Users of a window: each in one to three of five segments, with weights of any size."""
    members = {}
    for user in draw(st.lists(st.sampled_from("abcdefgh"), unique=True)):
        where = draw(st.lists(st.sampled_from(["s1", "s2", "s3", "s4", "s5"]), min_size=1, max_size=3, unique=True))
        raw = [draw(st.integers(1, 1000)) for _ in where]
        members[user] = {segment: weight / sum(raw) for segment, weight in zip(where, raw, strict=True)}
    return interests(**members)


@given(windows(), windows(), st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=150)
def test_nobody_is_lost_or_made_up_in_any_order_of_rows(before, after, random):
    found = segment_migrations(before, after)
    assert broken_migration_laws(found, before, after) == []
    shuffled = [frame.sample(fraction=1, shuffle=True, seed=random.randint(0, 9)) for frame in (before, after)]
    assert segment_migrations(*shuffled).equals(found)
    # turned round in time, every flow runs the other way
    back = segment_migrations(after, before).select(
        pl.col("to_segment").alias("from_segment"), pl.col("from_segment").alias("to_segment"), "users"
    )
    ends = ["from_segment", "to_segment"]
    both = found.join(back, on=ends, how="full", nulls_equal=True)
    assert both.height == found.height == back.height
    assert (both["users"] - both["users_right"]).abs().max() in (None, pytest.approx(0, abs=1e-9))


@given(windows())
@settings(deadline=None, max_examples=50)
def test_who_stands_still_goes_nowhere(members):
    found = segment_migrations(members, members)
    assert (found["from_segment"] == found["to_segment"]).all()


def test_the_laws_tell_what_is_broken():
    before, after = interests(a="s1", b="s1"), interests(a="s1", b="s2")
    found = segment_migrations(before, after)
    lost = found.filter(pl.col("to_segment") == "s1")
    assert broken_migration_laws(lost, before, after) == [
        "flows out of the segments of the last window are not its members",
        "flows into the segments of this window are not its members",
    ]
    made_up = found.vstack(pl.DataFrame([(None, None, 0.0)], schema=found.schema, orient="row"))
    assert broken_migration_laws(made_up, before, after) == [
        "a flow from nowhere to nowhere",
        "a flow that is not above zero",
    ]
