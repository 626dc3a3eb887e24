"""How segments live from window to window: identity, genealogy, migration, drift. No Dagster, MLflow or DuckDB."""
