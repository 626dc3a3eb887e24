"""How segments live from window to window: identity, genealogy, migration, drift. Pure: no Dagster, MLflow or DuckDB."""
