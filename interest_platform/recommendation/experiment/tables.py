"""The two tables a user brings, exposures and outcomes, and what counts of them: one row a user."""

from datetime import datetime, timedelta

import polars as pl

from interest_platform.errors import ContractError

EXPOSURES = {"experiment": pl.String, "user_key": pl.String, "variant": pl.String, "ts": pl.Datetime}
"""A user saw a variant; `segment_id` (String, may be null) may stand beside, the segment known at that moment."""
OUTCOMES = {"user_key": pl.String, "metric": pl.String, "value": pl.Float64, "ts": pl.Datetime}
"""A user did something that counts; values of a metric are added up over the user's horizon, none is 0."""


def exposed(exposures: pl.DataFrame, experiment: str, until: datetime) -> tuple[pl.DataFrame, int]:
    """Users first exposed before `until`: user_key, variant, first, segment_id; and how many saw two variants by then.

    Who saw two variants is in neither: their outcomes can't be told apart. Raises `ContractError` without any user.
    """
    _check("exposures", exposures, EXPOSURES)
    given = exposures if "segment_id" in exposures.columns else exposures.with_columns(segment_id=pl.lit(None))
    users = (
        given.filter((pl.col("experiment") == experiment) & (pl.col("ts") < until))
        .sort("ts", "user_key", maintain_order=True)
        .group_by("user_key", maintain_order=True)
        .agg(
            pl.col("variant").first(),
            pl.col("ts").first().dt.cast_time_unit("us").alias("first"),
            pl.col("segment_id").first().cast(pl.String),
            pl.col("variant").n_unique().alias("seen"),
        )
    )
    if not users.height:
        known = ", ".join(exposures["experiment"].unique().sort().head(5)) or "none"
        raise ContractError(
            f"exposures have no user of experiment {experiment} before {until:%Y-%m-%d %H:%M}; "
            f"experiments in it: {known}"
        )
    kept = users.filter(pl.col("seen") == 1).drop("seen")
    return kept, users.height - kept.height


def mature(users: pl.DataFrame, until: datetime, horizon: timedelta) -> pl.DataFrame:
    """Users whose horizon has passed by `until`: only of them is it known what they did, and it stays so."""
    return users.filter(pl.col("first") + horizon <= until)


def per_user(users: pl.DataFrame, outcomes: pl.DataFrame, metric: str, since: timedelta, till: timedelta) -> pl.Series:
    """The metric's sum in [first exposure + since, first exposure + till) for each user, in their order; Float64."""
    _check("outcomes", outcomes, OUTCOMES)
    told = outcomes.filter(pl.col("metric") == metric).join(users.select("user_key", "first"), on="user_key")
    after = (pl.col("ts") >= pl.col("first") + since) & (pl.col("ts") < pl.col("first") + till)
    sums = told.filter(after).group_by("user_key").agg(value=pl.col("value").sum())
    return users.join(sums, on="user_key", how="left", maintain_order="left")["value"].fill_null(0.0)


def _check(name: str, frame: pl.DataFrame, columns: dict) -> None:
    for column, kind in columns.items():
        if column not in frame.columns:
            raise ContractError(f"{name} has no column {column}; it needs {', '.join(columns)}")
        found = frame.schema[column]
        fits = found.is_numeric() if kind == pl.Float64 else found.base_type() == kind
        if not fits or getattr(found, "time_zone", None):
            wanted = "naive UTC Datetime" if kind == pl.Datetime else str(kind())
            raise ContractError(f"{name}.{column} is {found}; it must be {wanted}")
        values = frame[column]
        missing = values.null_count() + (int((~values.is_finite()).sum()) if kind == pl.Float64 else 0)
        if missing:
            raise ContractError(f"{name}.{column} has {missing} rows that are null or not finite: leave them out")
