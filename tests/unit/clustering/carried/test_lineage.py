"""Which of the new segments is which of the old ones, on flows counted by hand."""

from itertools import count

import numpy as np

from interest_platform.clustering.carried.lineage import matched


def told(flows):
    names = (f"n{number}" for number in count(1))
    flows = np.array(flows, float)
    lineages, changes = matched(flows, [f"o{row}" for row in range(len(flows))], names)
    return lineages, [(c.kind, c.parents, c.children) for c in changes]


def test_most_of_the_rows_both_ways_is_the_same_segment():
    assert told([[40, 5], [5, 40]]) == (("o0", "o1"), [])


def test_one_into_two_is_a_split():
    lineages, changes = told([[19, 19, 2], [0, 0, 40]])
    assert lineages == ("n1", "n2", "o1")
    assert changes == [("split", ("o0",), ("n1", "n2"))]


def test_several_into_one_is_a_merge():
    lineages, changes = told([[15, 0], [15, 0], [15, 0], [0, 40]])
    assert lineages == ("n1", "o3")
    assert changes == [("merge", ("o0", "o1", "o2"), ("n1",))]


def test_a_part_that_is_most_of_the_old_one_is_the_old_one_and_the_rest_a_birth():
    assert told([[38, 12]]) == (("o0", "n1"), [("birth", (), ("n1",))])


def test_newcomers_alone_are_a_birth():
    assert told([[40, 0]]) == (("o0", "n1"), [("birth", (), ("n1",))])


def test_one_that_went_into_another_is_a_death():
    assert told([[40], [8]]) == (("o0",), [("death", ("o1",), ())])


def test_one_into_one_goes_on_though_much_has_left():
    lineages, changes = told([[12, 28], [0, 40]])
    assert lineages == ("o0", "o1")
    assert changes == []
