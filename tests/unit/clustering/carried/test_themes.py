"""Themes over segments, on halves of texts made up by hand."""

from itertools import count

import numpy as np

from interest_platform.clustering.carried.reproducibility import Pairs
from interest_platform.clustering.carried.state import Change, State
from interest_platform.clustering.carried.themes import measured_themes, themes_after

SEGMENTS = np.eye(6, dtype=np.float32)
LINEAGES = ("a", "b", "c", "d", "e", "f")


def pairs(groups, each=60, seed=0):
    """Users of whom each writes about any segment of one group, half by half."""
    rng = np.random.default_rng(seed)
    one = [int(rng.choice(group)) for group in groups for _ in range(each)]
    other = [int(rng.choice(group)) for group in groups for _ in range(each)]
    users = np.arange(len(one))
    return Pairs(SEGMENTS[one], SEGMENTS[other], users, np.zeros(len(one), int))


def measured(seen, themes=None):
    names = (f"t{number}" for number in count(1))
    return measured_themes(seen, State(SEGMENTS, LINEAGES, (5,) * 6), themes or {}, names)


def by_theme(themes):
    return sorted(sorted(s for s in themes if themes[s] == theme) for theme in set(themes.values()))


def test_segments_between_which_the_same_users_write_are_a_theme():
    themes = measured(pairs([(0, 1), (2, 3), (4, 5)]))
    assert by_theme(themes) == [["a", "b"], ["c", "d"], ["e", "f"]]


def test_where_users_keep_to_their_segment_no_tree_holds():
    assert measured(pairs([(each,) for each in range(6)])) == {}


def test_a_theme_keeps_its_name_while_it_has_most_of_its_users():
    first = measured(pairs([(0, 1), (2, 3), (4, 5)]))
    again = measured(pairs([(0, 1), (2, 3), (4, 5)], seed=1), first)
    assert again == first
    moved = measured(pairs([(0, 1), (2, 3, 4), (5,)], seed=1), first)
    assert by_theme(moved) == [["a", "b"], ["c", "d", "e"], ["f"]]
    assert moved["a"] == first["a"]
    assert moved["c"] == first["c"]


def test_themes_stay_until_the_segments_by_themselves_are_clearly_better():
    first = measured(pairs([(0, 1), (2, 3), (4, 5)]))
    nearly = pairs([(0, 1), (2, 3), (4, 5)], each=20), pairs([(each,) for each in range(6)], each=7)
    mixed = Pairs(
        *(np.concatenate([getattr(part, name) for part in nearly]) for name in ("one", "other", "users", "windows"))
    )
    assert measured(mixed, first) == first
    assert measured(pairs([(each,) for each in range(6)]), first) == {}


def test_few_pairs_or_segments_have_no_themes():
    assert measured(pairs([(0, 1), (2, 3), (4, 5)], each=5)) == {}
    names = (f"t{number}" for number in count(1))
    few = State(SEGMENTS[:3], LINEAGES[:3], (5,) * 3)
    assert measured_themes(pairs([(0, 1), (2,)]), few, {}, names) == {}


def test_the_parts_of_a_segment_and_the_whole_of_several_are_in_the_theme_they_came_from():
    themes = {"a": "t1", "b": "t1", "c": "t2"}
    changes = [Change("split", ("a",), ("x", "y"), ""), Change("merge", ("b", "c"), ("z",), "")]
    changes.append(Change("birth", (), ("new",), ""))
    assert themes_after(changes, themes) == {**themes, "x": "t1", "y": "t1", "z": "t1"}
