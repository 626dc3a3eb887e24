"""The blend, and weights learned on windows that are over."""

import datetime as dt

import numpy as np
import pytest
from recommending import END, context, dealt, known, planted
from scipy.sparse import csr_array

from interest_platform.errors import StrategyError
from interest_platform.recommendation.hybrid import Hybrid
from interest_platform.recommendation.learning import Past, learn_weights, lesson, weights_from
from interest_platform.recommendation.standard import z_scores
from interest_platform.recommendation.strategies import STRATEGIES, load_strategy

AFTER = END + dt.timedelta(days=7)


def test_z_scores_have_mean_0_and_deviation_1_and_leave_out_what_is_not_shown():
    found = z_scores(np.array([[1, 3, -np.inf], [5, 5, 5], [-np.inf] * 3], np.float32))
    np.testing.assert_allclose(found, [[-1, 1, -np.inf], [0, 0, 0], [-np.inf] * 3])
    np.testing.assert_array_equal(z_scores(np.full((1, 1000), 0.1, np.float32)), 0)


def test_the_blend_is_the_weighted_sum_of_z_scores():
    told, rows = known(*planted()), np.arange(42)
    parts = {name: z_scores(load_strategy(name).fit(told).scores(rows)) for name in ("ease", "popular")}
    found = Hybrid({"ease": 2.0, "popular": 0.5, "als": 0.0}).fit(told).scores(rows)
    shown = np.isfinite(parts["ease"])
    np.testing.assert_allclose(found[shown], (2 * parts["ease"] + 0.5 * parts["popular"])[shown], atol=1e-5)


@pytest.mark.parametrize("weights", [{}, {"ease": 0.0}, {"ease": -1.0}, {"ease": float("nan")}, {"ease": float("inf")}])
def test_weights_that_cannot_be_are_refused(weights):
    with pytest.raises(StrategyError, match=r"^hybrid: weights are .* at least 0"):
        Hybrid(weights).fit(known(*planted()))


def test_an_unknown_strategy_is_refused_with_the_names_there_are():
    with pytest.raises(StrategyError, match=r"there is no strategy 'esae'; there are: popular, .*ease") as said:
        load_strategy("esae")
    assert all(name in str(said.value) for name in STRATEGIES)


def past(seed, until=AFTER, by="recently-popular"):
    """A window whose users next deal with what `by` puts first among what is new to them."""
    told = known(*planted(seed=seed))
    scores = load_strategy(by).fit(told).scores(np.arange(42))
    scores[told.interactions.binary.toarray() > 0] = -np.inf
    outcome = np.zeros(scores.shape)
    outcome[np.arange(42), scores.argmax(axis=1)] = 1
    return Past(told, csr_array(outcome), until)


def test_the_strategy_that_the_past_follows_gets_most_weight_and_the_blend_nearly_all_of_it():
    names = ["ease", "popular", "recently-popular"]
    learned = learn_weights(names, [past(0), past(1)], AFTER)
    assert max(learned.weights, key=learned.weights.get) == "recently-popular"
    assert sum(learned.weights.values()) == pytest.approx(1)
    assert learned.ndcg > 0.9
    assert learned.users == 84


def test_two_strategies_that_each_know_half_are_blended_and_beat_both():
    told = known(*planted(seed=3))
    mixed = Hybrid({"ease": 1.0, "recently-popular": 1.0}).fit(told).scores(np.arange(42))
    mixed[told.interactions.binary.toarray() > 0] = -np.inf
    outcome = np.zeros(mixed.shape)
    np.put_along_axis(outcome, np.argsort(-mixed, axis=1)[:, :2], 1, axis=1)
    window = [Past(told, csr_array(outcome), AFTER)]
    alone = [learn_weights([name], window, AFTER).ndcg for name in ("ease", "recently-popular")]
    both = learn_weights(["ease", "recently-popular"], window, AFTER)
    assert both.ndcg > max(alone) + 0.01
    assert both.weights["ease"] == pytest.approx(0.5, abs=0.2)


def test_lessons_are_made_once_and_learned_from_many_times():
    names, windows = ("ease", "popular"), [past(0), past(1, by="ease"), past(2)]
    lessons = [lesson(names, window) for window in windows]
    for last in (1, 3):
        assert weights_from(lessons[:last], AFTER) == learn_weights(names, windows[:last], AFTER)


def test_lessons_about_other_strategies_are_refused():
    lessons = [lesson(names, past(0)) for names in (("ease",), ("popular", "ease"))]
    with pytest.raises(StrategyError, match="lessons of ease and of popular, ease: weights are learned on"):
        weights_from(lessons, AFTER)


def test_a_strategy_that_adds_nothing_gets_less_weight_and_costs_next_to_nothing():
    window = past(0, by="popular")
    alone, both = (learn_weights(names, [window], AFTER) for names in (["popular"], ["popular", "trending"]))
    assert both.weights["trending"] < both.weights["popular"]
    assert both.ndcg > alone.ndcg - 0.01


def test_the_same_past_gives_the_same_weights_and_a_draw_of_users_is_the_seeds():
    windows = [past(0, by="als"), past(2, by="popular")]
    first, second = (learn_weights(["ease", "popular"], windows, AFTER, users=30, seed=4) for _ in range(2))
    assert first == second
    assert first.users == 30


def test_a_window_that_is_not_over_is_refused():
    with pytest.raises(StrategyError, match=r"over at 2024-02-08 00:00; 1 are not \(one ends 2024-02-09"):
        learn_weights(["ease"], [past(0), past(1, until=AFTER + dt.timedelta(days=1))], AFTER)


def test_a_past_in_which_nobody_dealt_with_anything_new_teaches_nothing():
    told = context(dealt(("u", "a"), ("v", "b")))
    for windows in ([], [Past(told, told.interactions.counts, AFTER)]):
        with pytest.raises(StrategyError, match="no weights can be learned"):
            learn_weights(["popular"], windows, AFTER)
