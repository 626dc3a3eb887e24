"""Pictures of how segments live, and the static report: frames in, Vega specs, HTML and PNG out.

Knows neither Dagster nor MLflow nor DuckDB; geometry is worked out here and drawn by Vega, without a browser.
"""

from interest_platform.report.document import (
    drift_picture,
    flow_picture,
    map_picture,
    pictures,
    planted_picture,
    quality_picture,
    report,
    timeline_picture,
)
from interest_platform.report.frames import MOST_WINDOWS, Frames, read_frames
from interest_platform.report.picture import MOST_BYTES, Picture, png_markdown

__all__ = [
    "MOST_BYTES",
    "MOST_WINDOWS",
    "Frames",
    "Picture",
    "drift_picture",
    "flow_picture",
    "map_picture",
    "pictures",
    "planted_picture",
    "png_markdown",
    "quality_picture",
    "read_frames",
    "report",
    "timeline_picture",
]
