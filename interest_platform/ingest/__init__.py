"""Reading sources with DuckDB: files of Parquet, CSV and JSON lines, tables of DuckDB files, window by window."""

from interest_platform.ingest.reader import SourceReader, WindowRows, known_users

__all__ = ["SourceReader", "WindowRows", "known_users"]
