"""Drift between two windows: measured, tested against chance, and explained. Pure: no Dagster, MLflow or DuckDB."""

from interest_platform.dynamics.drift.alarms import judged
from interest_platform.dynamics.drift.findings import SCHEMA
from interest_platform.dynamics.drift.measure import drift_metrics
from interest_platform.dynamics.drift.reference import reference_of, windows_back
from interest_platform.dynamics.drift.sides import Side, with_segments

__all__ = [
    "SCHEMA",
    "Side",
    "drift_metrics",
    "judged",
    "reference_of",
    "windows_back",
    "with_segments",
]
