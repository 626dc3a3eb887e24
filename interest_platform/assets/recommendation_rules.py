"""What the lists of a window obey: made from the settings and from what was hidden when they were made."""

from typing import TYPE_CHECKING

import polars as pl

from interest_platform.assets.recommendation_ground import ContextReader
from interest_platform.configuration import RIVALS
from interest_platform.domain.windows import Window

if TYPE_CHECKING:
    from interest_platform.recommendation.context import Context
    from interest_platform.recommendation.listing import Rules


def rules_of(reader: ContextReader, window: Window, version: int, known: "Context", filters: pl.DataFrame) -> "Rules":
    """The rules of the lists made at the window's end; `filters` are rows of `recommendation_filters`."""
    from interest_platform.recommendation.hidden import hidden
    from interest_platform.recommendation.kinds import item_kinds
    from interest_platform.recommendation.listing import Rules

    given = reader.lake.settings.config.recommendation
    kinds = None
    if given.diversity.method == "calibrated":
        kinds = item_kinds(reader.texts(reader.history(window), version), known.interactions.items)
    return Rules(
        n=given.top,
        hidden=hidden(filters, known.interactions),
        seen=given.seen == "show",
        diversity=given.diversity,
        kinds=kinds,
    )


def is_diverse(name: str) -> bool:
    """Whether a strategy's lists are diversified: the rivals' are not, so that they are beaten at their best."""
    return name not in RIVALS


def holding(window: Window) -> pl.Expr:
    """Whether a row of the filters holds for lists made at the window's end: that lies in [from, until)."""
    end = pl.lit(window.end, pl.Datetime("us"))
    begun = pl.col("from").is_null() | (pl.col("from") <= end)
    return begun & (pl.col("until").is_null() | (pl.col("until") > end))


def in_force(filters: pl.DataFrame, window: Window) -> pl.DataFrame:
    """Rows of `recommendation_filters`: what the filters hide in lists made at the window's end, each once."""
    reasons = pl.col("reason").drop_nulls().unique().sort().str.join(", ")
    rows = filters.filter(holding(window)).group_by("user_key", "item_id").agg(reasons.alias("reason"))
    return rows.with_columns(pl.when(pl.col("reason") != "").then("reason")).sort("user_key", "item_id")
