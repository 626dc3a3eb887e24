"""Two strategies on the same users in the same windows."""

from dataclasses import dataclass

import polars as pl

from interest_platform.errors import ContractError
from interest_platform.recommendation.evaluation.bootstrap import DRAWS, Interval, mean_interval

_PAIR = ["window_end", "user_key"]


@dataclass(frozen=True)
class Difference:
    """What `strategy` has more of `metric` than `rival`, as a mean over the pooled rows."""

    strategy: str
    rival: str
    metric: str
    interval: Interval

    @property
    def proven(self) -> bool:
        """Whether it is more for sure: the lower limit is above 0."""
        return self.interval.low > 0

    def __str__(self) -> str:
        found = self.interval
        return (
            f"{self.metric} of {self.strategy} less {self.rival}: {found}, {found.n_users} users, {found.n_rows} rows"
        )


def difference(
    rows: pl.DataFrame, strategy: str, rival: str, metric: str = "ndcg", seed: int = 0, draws: int = DRAWS
) -> Difference:
    """From rows of `rolling`, pooled over their windows, of one k and horizon; users are drawn, not rows.

    Raises `ContractError` where a strategy has not been judged, or the two not on the same users and windows.
    """
    sides = {name: rows.filter(pl.col("strategy") == name).select(*_PAIR, metric) for name in (strategy, rival)}
    for name, side in sides.items():
        if side.is_empty():
            known = ", ".join(sorted(rows["strategy"].unique())) or "none"
            raise ContractError(f"strategy {name} has not been judged, only {known}: judge it in the same windows")
        if side.select(_PAIR).is_duplicated().any():
            raise ContractError(
                f"strategy {name} has several rows of a user in a window: give rows of one k and horizon"
            )
    both = sides[strategy].join(sides[rival], on=_PAIR, suffix="_rival").sort(_PAIR)
    if {side.height for side in sides.values()} != {both.height}:
        counts = " and ".join(f"{name} {side.height}" for name, side in sides.items())
        raise ContractError(f"judged on different users and windows ({counts} rows, {both.height} common): judge again")
    values = both[metric] - both[f"{metric}_rival"]
    return Difference(
        strategy, rival, metric, mean_interval(values.to_numpy(), both["user_key"].to_numpy(), seed, draws)
    )
