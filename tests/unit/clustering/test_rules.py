"""The rules that choose k, on curves small enough to work out by hand."""

import numpy as np
import pytest

from interest_platform.clustering import CurvePoint
from interest_platform.clustering.rules import RULES, best_silhouette, first_gap, knee, least_bic, stable


def curve(**measures):
    """Points for k = 1, 2, ... of the values given by measure."""
    length = len(next(iter(measures.values())))
    told = {"silhouette": [None] * length, "inertia": [1.0] * length} | measures
    rows = zip(*told.values(), strict=True)
    return [CurvePoint(k=k, seconds=0.0, **dict(zip(told, row, strict=True))) for k, row in enumerate(rows, 1)]


def test_the_knee_is_where_the_curve_is_farthest_below_its_chord():
    # scaled: k to 0, 1/4, 1/2, 3/4, 1 and 1 - inertia to 0, .6, .9, .95, 1: differences 0, .35, .4, .2, 0
    assert knee(curve(inertia=[100.0, 40.0, 10.0, 5.0, 0.0])) == 3


def test_a_straight_fall_of_inertia_has_no_knee_and_the_smallest_k_is_taken():
    assert knee(curve(inertia=[4.0, 3.0, 2.0, 1.0])) == 1


def test_a_k_that_came_out_worse_than_a_smaller_one_makes_no_knee_behind_it():
    assert knee(curve(inertia=[10.0, 2.0, 9.0, 1.0, 0.0])) == 2


@pytest.mark.parametrize("inertia", [[5.0], [5.0, 1.0], [3.0, 3.0, 3.0]])
def test_a_curve_too_short_or_flat_for_a_knee_gives_its_smallest_k(inertia):
    assert knee(curve(inertia=inertia)) == 1


def test_the_gap_rule_takes_the_first_k_that_the_next_does_not_beat_by_its_standard_error():
    # 1: .1 < .5 - .1; 2: .5 < .9 - .1; 3: .9 >= .95 - .1
    assert first_gap(curve(gap=[0.1, 0.5, 0.9, 0.95], gap_error=[0.1] * 4)) == 3


def test_one_cluster_is_found_by_the_gap_where_two_are_no_better():
    assert first_gap(curve(gap=[0.2, 0.25, 0.5], gap_error=[0.1] * 3)) == 1


def test_a_gap_that_always_rises_gives_the_largest():
    assert first_gap(curve(gap=[0.1, 0.5, 0.9], gap_error=[0.01] * 3)) == 3


def test_the_least_bic_wins_and_a_k_without_one_does_not():
    assert least_bic(curve(bic=[30.0, 10.0, None, 20.0])) == 2


def test_the_best_silhouette_wins_and_of_equals_the_smallest_k():
    assert best_silhouette(curve(silhouette=[None, 0.4, 0.6, 0.6])) == 3


def test_the_stable_k_is_the_one_that_comes_again_best_among_those_that_are_there():
    # 3 comes again best, but its weakest cluster does not: strength .6; 4 is there within its standard error
    told = curve(stability=[1.0, 0.7, 0.95, 0.9], strength=[1.0, 0.9, 0.6, 0.75], strength_error=[0.0, 0.0, 0.1, 0.05])
    assert stable(told) == 4


def test_one_cluster_is_stable_where_no_other_k_is():
    assert stable(curve(stability=[1.0, 0.9, 0.5], strength=[1.0, 0.5, 0.2], strength_error=[0.0, 0.1, 0.1])) == 1


@pytest.mark.parametrize("rule", sorted(RULES))
def test_every_rule_takes_a_curve_of_one_point_without_measures(rule):
    assert RULES[rule](curve(inertia=[1.0])) == 1


def test_the_knee_of_a_smooth_curve_is_where_the_slope_is_the_chords():
    # 1 / k on 1..100: the slope -1 / k^2 equals the chord's, -(1 - 1 / 100) / 99 = -1 / 100, at k = 10
    assert knee(curve(inertia=(1 / np.arange(1.0, 101)).tolist())) == 10
