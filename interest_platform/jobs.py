"""The jobs: the line over windows, what of it is stale, and the published file."""

import dagster as dg

LINE, PUBLISH, RESTATE, TRAIN = "interest_line", "publish", "restate_stale_windows", "train_encoder"
COMPARISON, MICRO_BATCH = "comparison", "micro_batch"

interest_line = dg.define_asset_job(
    LINE,
    selection=dg.AssetSelection.groups("texts", "interests", "segments", "recommendation"),
    description="From source rows to segments and recommendations, for one window or a range of them in one run.",
)

publish = dg.define_asset_job(
    PUBLISH,
    selection=dg.AssetSelection.groups("marts", "report"),
    description="Build the dbt marts into a new read-only DuckDB file and swap it in; draw the report.",
)

train_encoder = dg.define_asset_job(
    TRAIN,
    selection=dg.AssetSelection.groups("encoder"),
    description="Train the encoder on the texts of encoder.train as they are now; other texts make another model.",
)

comparison = dg.define_asset_job(
    COMPARISON,
    selection=dg.AssetSelection.groups("comparison"),
    description="Measure every encoder, clusterer and rule for k of `comparison` in interest.yaml on loaded windows, "
    "as one MLflow run with a nested one for each. Nothing that the line makes is touched.",
)


micro_batch = dg.define_asset_job(
    MICRO_BATCH,
    selection=dg.AssetSelection.groups("live"),
    description="Take the texts since the newest window with segments and place their users provisionally. What the "
    "line makes is not touched, and the open window's own run replaces it.",
)


@dg.op(out=dg.Out(dg.Nothing))
def restate_stale(context: dg.OpExecutionContext) -> None:
    """Find the stale windows and run the line over them, oldest first, each range as a run of its own."""
    # what these import takes longer than loading the definitions may
    from interest_platform.code_location import platform_definitions
    from interest_platform.lake import Lake
    from interest_platform.restating import restate, to_restate
    from interest_platform.runs import mark_process
    from interest_platform.settings import load_settings

    mark_process(context.instance, context.run_id)
    settings = load_settings()
    lake = Lake(settings)
    lake.prepare()
    defs = platform_definitions(settings)
    wanted = to_restate(defs, lake)
    for each in wanted:
        context.log.info(f"{each.windows[0].key} to {each.windows[-1].key}: {', '.join(each.steps)}")
        restate(defs, context.instance, [each])
    context.add_output_metadata({"windows_restated": sum(len(each.windows) for each in wanted)})


@dg.job(name=RESTATE)
def restate_stale_windows() -> None:
    """Load again, in order, every window that shows what has been loaded again since; it needs no configuration."""
    restate_stale()
