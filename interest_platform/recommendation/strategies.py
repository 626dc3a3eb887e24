"""Strategies by name."""

from importlib import import_module

from interest_platform.errors import StrategyError
from interest_platform.recommendation.strategy import Strategy

STRATEGIES = {
    "popular": "popular:Popular",
    "recently-popular": "popular:RecentlyPopular",
    "decayed-popular": "decayed_popular:DecayedPopular",
    "trending": "trending:Trending",
    "segment-popular": "segment_popular:SegmentPopular",
    "segment-recently-popular": "segment_popular:SegmentRecentlyPopular",
    "item-knn": "item_knn:ItemKnn",
    "als": "als:Als",
    "ease": "ease:Ease",
    "content": "content:Content",
    "segment-smoothed": "segment_smoothed:SegmentSmoothed",
    "cold": "cold:Cold",
    "hybrid": "hybrid:Hybrid",
}
"""Name to module of this package and class; a module is loaded when its strategy is asked for."""


def load_strategy(name: str) -> Strategy:
    """The strategy with its defaults. Raises `StrategyError` for an unknown name."""
    if name not in STRATEGIES:
        raise StrategyError(f"there is no strategy {name!r}; there are: {', '.join(STRATEGIES)}")
    module, _, kind = STRATEGIES[name].partition(":")
    return getattr(import_module(f"interest_platform.recommendation.{module}"), kind)()
