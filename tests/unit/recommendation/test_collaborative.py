"""Item KNN, EASE, ALS and segment-smoothed rows against hand-worked numbers and brute force."""

import numpy as np
import pytest
from recommending import context, dealt, known, planted

from interest_platform.errors import StrategyError
from interest_platform.recommendation.als import Als
from interest_platform.recommendation.ease import Ease
from interest_platform.recommendation.item_knn import ItemKnn
from interest_platform.recommendation.segment_smoothed import SegmentSmoothed

FOUR = [("u", "a"), ("u", "b"), ("v", "a"), ("v", "b"), ("w", "a"), ("w", "c"), ("x", "d")]


def test_knn_is_cosine_with_shrinkage_by_hand():
    fitted = ItemKnn(shrinkage=2.0).fit(context(dealt(*FOUR)))
    ab, ac = 2 / (np.sqrt(3 * 2) + 2), 1 / (np.sqrt(3 * 1) + 2)
    np.testing.assert_allclose(
        fitted.scores(np.arange(4)),
        [[ab, ab, ac, -np.inf], [ab, ab, ac, -np.inf], [ac, ab, ac, -np.inf], [-np.inf] * 4],
        rtol=1e-6,
    )
    assert fitted.reasons(0, np.array([2])) == ["similar to a"]


@pytest.mark.parametrize("neighbours", [1, 3, 7])
def test_knn_keeps_the_nearest_and_of_equals_all_or_none(neighbours):
    told = known(*planted())
    x = told.interactions.binary.toarray().astype(float)
    n = x.sum(axis=0)
    alike = (x.T @ x) / (np.sqrt(np.outer(n, n)) + 10)
    np.fill_diagonal(alike, 0)
    for item, row in enumerate(alike):
        over = np.sort(row)[::-1][neighbours]
        alike[item] = np.where(row > over + 1e-12, row, 0)
    found = ItemKnn(neighbours=neighbours).fit(told).similarity.toarray()
    np.testing.assert_allclose(found.T, alike, atol=1e-6)
    assert ((found > 0).sum(axis=0) <= neighbours).all()


def test_ease_is_the_constrained_ridge_regression_of_each_column():
    told = known(*planted())
    columns = np.flatnonzero(told.interactions.binary.toarray().any(axis=0))
    x = told.interactions.binary.toarray().astype(float)[:, columns]
    fitted = Ease(l2=7.0).fit(told)
    for j in range(x.shape[1]):
        others = np.delete(np.arange(x.shape[1]), j)
        a = x[:, others]
        expected = np.linalg.solve(a.T @ a + 7 * np.eye(len(others)), a.T @ x[:, j])
        np.testing.assert_allclose(fitted.weights[others, j], expected, atol=1e-5)
    assert (fitted.weights.diagonal() == 0).all()
    np.testing.assert_allclose(fitted.scores(np.arange(42))[2:, columns], (x @ fitted.weights)[2:], atol=1e-5)


def test_ease_refuses_a_catalogue_above_its_limit_in_one_line_and_counts_warm_items_only():
    told = context(dealt(*FOUR), items=["z"])
    Ease(max_items=4).fit(told)
    with pytest.raises(
        StrategyError, match=r"^ease: 4 items have interactions, at most 3 fit .* als or item-knn"
    ) as said:
        Ease(max_items=3).fit(told)
    assert "\n" not in str(said.value)


def test_als_ends_where_users_factors_solve_their_weighted_ridge_regression():
    told = known(*planted())
    fitted = Als(factors=4, regularization=1.0, alpha=3.0, iterations=60).fit(told)
    x, y = told.interactions.binary.toarray().astype(float), fitted.items.astype(float)
    for row in range(42):
        confidence = np.where(x[row], 3, 1)
        solved = np.linalg.solve((y.T * confidence) @ y + np.eye(4), (y.T * confidence) @ x[row])
        np.testing.assert_allclose(fitted.users[row], solved, atol=0.01)


def test_als_of_another_seed_is_another_start():
    told = known(*planted())
    one, other = (Als(factors=4, iterations=1, seed=seed).fit(told).users for seed in (0, 1))
    assert np.abs(one - other).max() > 1e-3


def test_rows_are_shrunk_to_the_mean_row_of_the_segment_by_hand():
    told = context(
        dealt(*FOUR), users=["y"], segment_ids=("s1",), segments=np.array([[1], [1], [0], [0], [1]], np.float32)
    )
    model = Ease(l2=1.0)
    weights = model.fit(told).weights
    x = told.interactions.binary.toarray()
    segment, everyone = x[:2].mean(axis=0), x[:4].mean(axis=0)
    fitted = SegmentSmoothed(prior=3.0, model=model).fit(told)
    expected = [
        (2 * x[0] + 3 * segment) / 5 @ weights,
        (2 * x[1] + 3 * segment) / 5 @ weights,
        (2 * x[2] + 3 * everyone) / 5 @ weights,
        (1 * x[3] + 3 * everyone) / 4 @ weights,
        segment @ weights,
    ]
    np.testing.assert_allclose(fitted.scores(np.arange(5)), expected, atol=1e-6)
    assert fitted.reasons(4, np.array([0])) == ["popular in your segment s1"]
