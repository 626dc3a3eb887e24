"""The names that interest.yaml allows are the strategies there are."""

from typing import get_args

from interest_platform.configuration import StrategyName
from interest_platform.recommendation.strategies import STRATEGIES, load_strategy


def test_every_strategy_can_be_named_and_bears_its_name():
    assert set(get_args(StrategyName)) == set(STRATEGIES)
    assert {load_strategy(name).name for name in STRATEGIES} == set(STRATEGIES)
