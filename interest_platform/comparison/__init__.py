"""Which encoder, clusterer and rule for k does best on the lake's own texts: the grid, what is measured, the ranking.

Pure: no Dagster, MLflow or DuckDB. docs/comparison.md says how to read what comes out.
"""

from interest_platform.comparison.contestants import Contestant, contestants
from interest_platform.comparison.grid import Cell, Grid, expand
from interest_platform.comparison.labels import interest_labels
from interest_platform.comparison.measures import Measured, measure
from interest_platform.comparison.ranking import ranked, rule_told

__all__ = [
    "Cell",
    "Contestant",
    "Grid",
    "Measured",
    "contestants",
    "expand",
    "interest_labels",
    "measure",
    "ranked",
    "rule_told",
]
