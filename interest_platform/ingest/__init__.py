"""Reading sources with DuckDB: files of Parquet, CSV and JSON lines, tables of DuckDB files, window by window."""

from interest_platform.ingest.experiments import read_experiment
from interest_platform.ingest.filters import read_filters
from interest_platform.ingest.reader import SourceReader, WindowRows, known_users

__all__ = ["SourceReader", "WindowRows", "known_users", "read_experiment", "read_filters"]
