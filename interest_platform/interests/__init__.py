"""From the vectors of a user's texts to the user's interests. Pure: no Dagster, MLflow or DuckDB."""

from interest_platform.interests.decay import user_interests
from interest_platform.interests.vectors import as_lists, as_matrix

__all__ = ["as_lists", "as_matrix", "user_interests"]
