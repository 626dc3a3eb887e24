"""The lake: Parquet files with a SQL catalog (DuckLake), and the only module that writes SQL to it."""

from interest_platform.lake.lake import Lake
from interest_platform.lake.table import Stamp, Written

__all__ = ["Lake", "Stamp", "Written"]
