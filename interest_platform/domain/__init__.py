"""The nouns everything else speaks of: windows, table contracts, pseudonyms. Pure: no Dagster, MLflow or DuckDB."""
