"""What a segment of users is like in a window, and users encoded by segments. Pure: no Dagster, MLflow or DuckDB."""

from interest_platform.segments.conservation import broken_segment_laws, soft_sums_to_one, users_have_one_row
from interest_platform.segments.encodings import encoding_version, user_segment_features
from interest_platform.segments.features import segment_features
from interest_platform.segments.names import segment_name
from interest_platform.segments.segmentation import Segmentation

__all__ = [
    "Segmentation",
    "broken_segment_laws",
    "encoding_version",
    "segment_features",
    "segment_name",
    "soft_sums_to_one",
    "user_segment_features",
    "users_have_one_row",
]
