"""One clustering run is one MLflow run: the only package that knows MLflow, and it imports it only when it is used."""

from interest_platform.tracking.comparison import CellRun, ComparisonRun
from interest_platform.tracking.run import ClusteringRun, CurvePoint, RunTags
from interest_platform.tracking.server import server_command
from interest_platform.tracking.store import EXPERIMENT, TrackingError
from interest_platform.tracking.tracker import Tracker

__all__ = [
    "EXPERIMENT",
    "CellRun",
    "ClusteringRun",
    "ComparisonRun",
    "CurvePoint",
    "RunTags",
    "Tracker",
    "TrackingError",
    "server_command",
]
