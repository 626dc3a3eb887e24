"""Which number of segments is taken, on agreements made up by hand."""

from math import log

import pytest

from interest_platform.clustering.carried.reproducibility import Agreement
from interest_platform.clustering.carried.resolution import DETAILS, agreement_at, chosen_k, has_grown


def measured(users=200, chance=0.005, **ami):
    """`k2=.4, k4=.5`, with the entropy of k segments of one size."""
    return {int(k[1:]): Agreement(value, log(int(k[1:])), chance=chance, users=users) for k, value in ami.items()}


def chosen(found, now=1, detail="normal", grown=False):
    return chosen_k(found, now, DETAILS[detail], grown)


def test_a_large_segment_beside_a_small_one_does_not_win_by_agreement_alone():
    found = {2: Agreement(0.36, 0.55), 4: Agreement(0.29, 1.35)}  # a fifth and the rest; four alike
    assert chosen(found) == 4
    assert chosen(found, detail="coarse") == 2


def test_the_number_there_is_stays_while_it_is_nearly_as_good():
    assert chosen(measured(k2=0.3, k4=0.4, k8=0.42), now=4) == 4
    assert chosen(measured(k2=0.1, k4=0.4, k8=0.4), now=4) == 4
    assert chosen(measured(k2=0.1, k4=0.1, k8=0.4), now=4) == 8


def test_with_far_more_users_than_when_it_was_chosen_the_number_has_to_be_nearly_the_best():
    found = measured(k2=0.3, k4=0.38, k8=0.42)  # four have .74 of what eight have, by agreement and entropy
    assert chosen(found, now=4) == 4
    assert chosen(found, now=4, grown=True) == 8
    assert has_grown(found, 4) and has_grown(found, None)
    assert not has_grown(found, 5)
    assert not has_grown({}, None)


def test_a_number_grows_threefold_at_once_at_most():
    assert chosen(measured(k2=0.1, k4=0.2, k8=0.4), now=2) == 6
    assert chosen(measured(k2=0.1, k4=0.2, k8=0.4), now=1) == 8


def test_two_segments_are_believed_where_no_more_can_be_measured_only_if_it_is_obvious():
    assert chosen(measured(k2=0.6)) == 2
    assert chosen(measured(k2=0.4)) == 1
    assert chosen(measured(k2=0.4, k3=0.2)) == 2
    assert chosen(measured(k2=0.6, chance=0.09)) == 1


@pytest.mark.parametrize(
    ("ami", "users", "chance"), [(0.03, 900, 0.001), (0.1, 60, 0.005), (0.1, 200, 0.02), (0.2, 200, 0.04)]
)
def test_where_agreement_is_not_sure_there_is_one_segment(ami, users, chance):
    assert chosen(measured(users, chance, k2=ami / 2, k4=ami)) == 1


def test_weak_agreement_gives_few_segments_whose_number_stays():
    found = measured(k2=0.02, k3=0.09, k8=0.1)
    assert chosen(found) == 3
    assert chosen(found, now=5) == 5


def test_one_sure_number_tells_that_there_are_segments_and_the_best_one_how_many():
    better = {8: Agreement(0.09, log(8), chance=0.02, users=200)}
    assert chosen(better) == 1
    assert chosen(measured(k2=0.05) | better) == 8
    assert chosen(measured(k2=0.05, k3=0.08) | better) == 3


def test_agreement_between_two_numbers_is_between_theirs():
    assert agreement_at(measured(k2=0.2, k4=0.4), 3) == pytest.approx(0.3)
    assert agreement_at({}, 3) is None
