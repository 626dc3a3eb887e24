"""The jobs: the line over windows, and the published file."""

import dagster as dg

LINE, PUBLISH = "interest_line", "publish"

interest_line = dg.define_asset_job(
    LINE,
    selection=dg.AssetSelection.groups("texts", "interests", "segments"),
    description="From source rows to segment features, for one window or a range of them in one run.",
)

publish = dg.define_asset_job(
    PUBLISH,
    selection=dg.AssetSelection.groups("marts"),
    description="Build the dbt marts into a new read-only DuckDB file and swap it in.",
)
