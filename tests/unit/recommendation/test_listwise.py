"""Weights of a list-wise regression: by hand, and beside scikit-learn's where there are two to choose from."""

import numpy as np
import pytest

from interest_platform.recommendation.listwise import Choices, listwise_weights


def choices(scores, chosen, closed=()):
    """Of scores (b, m, s) and the columns chosen by each user."""
    scores = np.asarray(scores, np.float32)
    told, is_open = np.zeros(scores.shape[:2], bool), np.ones(scores.shape[:2], bool)
    for user, columns in enumerate(chosen):
        told[user, columns] = True
    for user, column in closed:
        is_open[user, column] = False
    return Choices(scores, told, is_open)


def drawn(seed=0, users=200, items=12, true=(1.5, 0.5)):
    """Users who choose one item by the softmax of true weights."""
    g = np.random.default_rng(seed)
    scores = g.normal(size=(users, items, len(true)))
    told = np.exp(scores @ np.array(true))
    return choices(scores, [[g.choice(items, p=row / row.sum())] for row in told])


def test_three_of_four_who_choose_the_better_of_two_give_the_logarithm_of_three():
    case = choices([[[1], [0]]] * 4, [[0], [0], [0], [1]])
    assert listwise_weights([case], prior_users=0) == pytest.approx(np.log(3), rel=1e-4)


def test_with_two_items_it_is_logistic_regression_on_their_difference():
    from sklearn.linear_model import LogisticRegression

    case = drawn(items=2)
    difference, first = case.scores[:, 0] - case.scores[:, 1], case.chosen[:, 0]
    model = LogisticRegression(C=np.inf, fit_intercept=False, tol=1e-8).fit(difference, first)
    np.testing.assert_allclose(listwise_weights([case], prior_users=0), model.coef_[0], rtol=1e-3)


def test_weights_that_choices_were_drawn_with_are_found():
    np.testing.assert_allclose(listwise_weights([drawn(users=4_000)]), [1.5, 0.5], atol=0.08)


def test_windows_are_learned_from_together_in_any_order():
    one, other = drawn(0), drawn(1, users=70)
    both = choices(np.concatenate([one.scores, other.scores]), [])
    both = Choices(both.scores, np.concatenate([one.chosen, other.chosen]), both.open)
    for cases in ([one, other], [other, one]):
        np.testing.assert_allclose(listwise_weights(cases), listwise_weights([both]), rtol=1e-3)


def test_a_user_counts_once_however_much_was_chosen():
    scores = [[[1], [1], [1], [0], [0], [0]]] * 2
    much = choices(scores, [[0, 1, 2], [3]])
    little = choices(scores, [[0], [3]])
    assert listwise_weights([much]) == pytest.approx(listwise_weights([little]), rel=1e-4)


def test_few_users_hardly_move_equal_weights_and_many_do():
    few, many = (listwise_weights([drawn(users=n, true=(2.0, 0.0))]) for n in (2, 500))
    np.testing.assert_allclose(few, [0.5, 0.5], atol=0.25)
    assert many[0] > 1.5
    assert many[1] < 0.2
    np.testing.assert_allclose(listwise_weights([drawn(users=50)], prior_users=1e6), [0.5, 0.5], atol=1e-3)


def test_a_misleading_score_gets_no_weight_and_where_all_mislead_they_count_the_same():
    told = drawn(users=500, true=(2.0, -2.0))
    assert listwise_weights([told])[1] == 0
    np.testing.assert_array_equal(listwise_weights([drawn(users=500, true=(-2.0, -2.0))]), [0.5, 0.5])


def test_what_is_closed_is_neither_a_choice_nor_an_alternative():
    told = choices([[[1], [0], [9]]] * 4, [[0], [0], [0], [1]], closed=[(u, 2) for u in range(4)])
    assert listwise_weights([told], prior_users=0) == pytest.approx(np.log(3), rel=1e-4)
    none = choices([[[1], [0], [9]]] * 4, [[2]] * 4, closed=[(u, 2) for u in range(4)])
    np.testing.assert_array_equal(listwise_weights([none]), [1.0])


def test_scores_so_large_that_their_exponential_overflows_are_handled():
    case = choices([[[1e4, 0], [0, 0]]] * 3, [[0], [0], [0]])
    assert np.isfinite(listwise_weights([case])).all()
