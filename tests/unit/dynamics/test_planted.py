"""Planting end to end on small windows: what is found, on what it may not depend, and where nothing can be planted."""

import numpy as np
import polars as pl
import pytest

from interest_platform.clustering import cluster
from interest_platform.configuration import Configuration
from interest_platform.dynamics.planted import Ground, ground_of, plant, planted_in, returning_share
from interest_platform.dynamics.planted.planting import affordable
from interest_platform.interests.vectors import as_lists


def config(clustering=None, **planted) -> Configuration:
    return Configuration.model_validate(
        {
            "sources": [{"name": "notes", "uri": "notes.parquet"}],
            "windows": {"start": "2024-01-01"},
            "clustering": clustering or {},
            "planted": {"sizes": (0.1,), **planted},
            "drift": {"permutations": 199},
        }
    )


def window(segments=5, users=400, dimensions=16, noise=0.5, seed=0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(segments, dimensions))
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    vectors = centres[np.arange(users) % segments] + noise * rng.normal(size=(users, dimensions)) / np.sqrt(dimensions)
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def frames(vectors: np.ndarray, labels: np.ndarray, prefix="u") -> tuple[pl.DataFrame, pl.DataFrame]:
    keys = pl.DataFrame({"user_key": [f"{prefix}{i}" for i in range(len(vectors))]}, {"user_key": pl.String})
    keys = keys.with_columns(interest_no=pl.lit(0, pl.Int32))
    named = pl.Series("cluster_id", labels.astype(np.int32))
    return keys.with_columns(as_lists(vectors).alias("vector")), keys.with_columns(named)


def ground(vectors: np.ndarray, returning=0.8, most=2_000) -> Ground:
    labels = cluster(vectors, config().clustering).labels
    return ground_of(*frames(vectors, labels), returning, most, 0)


@pytest.fixture(scope="module")
def separated():
    return window()


def test_changes_of_a_tenth_are_noticed_in_separated_segments(separated):
    found = plant(ground(separated), config(repeats=2))
    counted = found.rows.select("kind", "planted", "noticed", "alarms").rows()
    assert counted[0][:3] == ("all", 8, 8) and [row[:2] for row in counted[1:]] == [
        (kind, 2) for kind in ("birth", "death", "merge", "move", "split")
    ]
    assert planted_in(found.rows, 0.1).false == 0
    assert found.told["still_windows"] == 2 and found.told["still_false_events"] == 0
    assert found.told["not_planted"] == "nothing left out"
    assert found.rows["smallest_noticed"].to_list() == [0.1] * 6


def test_rows_in_any_order_and_other_keys_give_the_same(separated):
    labels = cluster(separated, config().clustering).labels
    told = plant(ground_of(*frames(separated, labels), 0.8, 300, 0), config())
    interests, members = frames(separated, labels, "other-")
    shuffled = interests.sample(fraction=1, shuffle=True, seed=1), members.sample(fraction=1, shuffle=True, seed=2)
    again = plant(ground_of(*shuffled, 0.8, 300, 0), config())
    assert told.rows.equals(again.rows) and told.told == again.told
    assert told.told["users_planted_in"] == 300 and told.told["users_of_the_window"] == 400


def test_where_the_platform_cannot_notice_the_rows_say_so(separated):
    # a fixed k can hold neither one segment more nor one fewer
    found = plant(ground(separated), config(clustering={"k": 5}))
    assert planted_in(found.rows, 0.1).planted == 4
    assert planted_in(found.rows, 0.1).noticed < 4


@pytest.mark.parametrize(
    ("clustering", "k", "tried"),
    [
        ({"k_rule": "split_test", "k_range": [2, 40]}, 6, (2, 40)),
        ({"k_range": [2, 40]}, 6, (2, 10)),
        ({"k": 6, "k_rule": "silhouette", "k_range": [2, 40]}, 6, (2, 40)),
        ({"k_rule": "silhouette", "k_range": [2, 40]}, 10, (6, 14)),
        ({"k_rule": "silhouette", "k_range": [2, 40]}, 3, (2, 7)),
        ({"k_rule": "silhouette", "k_range": [2, 8]}, 8, (4, 8)),
        ({"k_rule": "silhouette", "k_range": [20, 30]}, 5, (20, 20)),
    ],
)
def test_a_rule_that_scores_every_k_scores_those_near(clustering, k, tried):
    assert affordable(config(clustering).clustering, k).k_range == tried


def test_one_cluster_has_room_for_births_alone():
    alone = window(segments=1, users=120)
    one = ground_of(*frames(alone, np.zeros(120, int)), 0.8, 2_000, 0)
    found = plant(one, config())
    assert found.rows["kind"].to_list() == ["all", "birth"]
    assert found.told["not_planted"] == "split 0.1, merge 0.1, death 0.1, move 0.1: no room in the window's segments"


@pytest.mark.parametrize(
    ("users", "settings", "why"),
    [
        (0, {}, "the window has no users"),
        (5, {}, "5 users: no change of planted.sizes touches 8"),
        (60, {}, "60 users: no change of planted.sizes touches 8"),
        (100, {"repeats": 0}, "planted.repeats or planted.sizes says that nothing is"),
        (100, {"sizes": ()}, "planted.repeats or planted.sizes says that nothing is"),
    ],
)
def test_where_nothing_can_be_planted_the_reason_is_told(users, settings, why):
    vectors = window(users=users) if users else np.zeros((0, 16), np.float32)
    land = ground_of(*frames(vectors, np.arange(users) % 5), 0.8, 2_000, 0)
    found = plant(land, config(**settings))
    assert found.rows.is_empty() and found.told == {"not_planted": why}


def test_equal_vectors_are_no_obstacle():
    same = np.repeat(window(segments=2, users=2), 60, axis=0)
    land = ground_of(*frames(same, np.repeat([0, 1], 60)), 0.8, 2_000, 0)
    assert plant(land, config()).rows.filter(pl.col("kind") == "all")["planted"].to_list()[0] >= 1


def test_only_the_strongest_interest_of_a_user_counts():
    vectors = window(users=20)
    interests, members = frames(vectors, np.arange(20) % 5)
    second = [frame.with_columns(interest_no=pl.lit(1, pl.Int32)) for frame in (interests, members)]
    both = pl.concat([interests, second[0]]), pl.concat([members, second[1]])
    assert ground_of(*both, 0.8, 2_000, 0).users == 20


def test_the_share_that_returns_is_the_migrations():
    flows = pl.DataFrame(
        {
            "from_segment": ["s0001", "s0001", "s0002", "s0002", None],
            "to_segment": ["s0001", "s0002", "s0002", None, "s0001"],
            "users": [4.0, 1.0, 3.0, 2.0, 7.0],
        }
    )
    assert returning_share(flows) == 0.8  # 8 of 10
    assert returning_share(flows.filter(pl.col("from_segment").is_null())) == 0.8  # a beginning: nobody can tell
    assert returning_share(flows.filter(pl.col("to_segment").is_null())) == 0.0
