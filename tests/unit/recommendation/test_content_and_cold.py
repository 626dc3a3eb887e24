"""Content, and what completes a strategy where it knows nothing."""

from dataclasses import replace

import numpy as np
import pytest
from recommending import context, dealt, unit

from interest_platform.errors import StrategyError
from interest_platform.recommendation.cold import Cold
from interest_platform.recommendation.content import Content
from interest_platform.recommendation.ease import Ease
from interest_platform.recommendation.item_knn import ItemKnn
from interest_platform.recommendation.popular import RecentlyPopular
from interest_platform.recommendation.segment_popular import SegmentPopular

ITEMS = unit(np.array([[1, 0], [1, 1], [0, 1], [0, 0]]))
FRAME = dealt(("u", "a"), ("u", "b"), ("v", "b"))
TOLD = context(
    FRAME,
    users=["w", "x", "y"],
    items="cd",
    item_vectors=ITEMS,
    user_vectors=unit(np.array([[0, 0], [0, 1], [0, 0], [0, 1], [0, 0]])),
    segment_ids=("s1",),
    segments=np.array([[1], [1], [1], [0], [0]], np.float32),
)
U, V, W, X, Y = range(5)


def test_content_is_the_cosine_of_interests_or_else_of_the_mean_of_own_items():
    fitted = Content().fit(TOLD)
    scores = fitted.scores(np.arange(5))
    np.testing.assert_allclose(scores[V], [0, np.sqrt(0.5), 1, -np.inf], atol=1e-6)
    np.testing.assert_allclose(scores[U, :3], np.cos(np.pi * np.array([1, -1, -3]) / 8), atol=1e-6)
    assert np.isneginf(scores[[W, Y]]).all()
    assert fitted.reasons(X, np.array([2])) == ["close to your interests"]
    assert fitted.reasons(U, np.array([0])) == ["similar to a"]


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"item_vectors": None}, "no vectors of items"),
        ({"user_vectors": np.ones((5, 3))}, "have 3 dimensions, items' 2"),
    ],
)
def test_content_refuses_what_it_cannot_compare(more, says):
    with pytest.raises(StrategyError, match=says):
        Content().fit(replace(TOLD, **more))


@pytest.mark.parametrize("base", [Ease(), ItemKnn(), RecentlyPopular()])
def test_cold_users_get_their_segment_then_content_then_recent_popularity(base):
    fitted = Cold(base).fit(TOLD)
    warm = [0, 1]
    for row, other in ((W, SegmentPopular()), (X, Content()), (Y, RecentlyPopular())):
        expected = other.fit(TOLD).scores(np.array([row]))[0]
        np.testing.assert_allclose(fitted.scores(np.array([row]))[0][warm], expected[warm], rtol=1e-6)
    assert fitted.reasons(W, np.array([0])) == ["popular in your segment s1"]
    assert fitted.reasons(X, np.array([1])) == ["close to your interests"]
    assert fitted.reasons(Y, np.array([1])) == ["popular in the last 7 days"]


def test_cold_items_are_added_through_content_and_what_is_known_keeps_its_score():
    plain, fitted = Ease().fit(TOLD), Cold().fit(TOLD)
    before, after = plain.scores(np.array([V]))[0], fitted.scores(np.array([V]))[0]
    np.testing.assert_array_equal(after[:2], before[:2])
    z = (np.array([0, np.sqrt(0.5), 1]) - 1.7071068 / 3) / np.std([0, np.sqrt(0.5), 1])
    assert after[2] == pytest.approx(before[:2].mean() + before[:2].std() * z[2], abs=1e-6)
    assert np.isneginf(after[3]), "nothing is known of d"
    assert fitted.reasons(V, np.array([2])) == ["close to your interests"]


def test_without_vectors_and_segments_cold_users_get_what_is_popular_of_late():
    fitted = Cold().fit(context(FRAME, users="w"))
    assert fitted.reasons(2, np.array([1])) == ["popular in the last 7 days"]
    assert fitted.scores(np.array([2])).tolist() == [[1, 2]]
