"""provisional_differences: how far the last micro-batch of a window was from what its own run found."""

import dagster as dg

from interest_platform.assets.facts import Family, asset_facts, check_specs_of
from interest_platform.assets.loading import Loaded, Outcome, Write, load_windows
from interest_platform.domain.live_tables import PROVISIONAL_DIFFERENCES, PROVISIONAL_SEGMENTS
from interest_platform.domain.steps import PROVISIONAL_DIFFERENCES_STEP
from interest_platform.domain.windows import Window
from interest_platform.lake.reconciling import reconciled
from interest_platform.live import Told
from interest_platform.resources import LakeResource

FAMILY = Family("segments", frozenset({"polars", "numpy"}), code_version="1")


@dg.asset(
    **asset_facts(PROVISIONAL_DIFFERENCES, FAMILY),
    deps=PROVISIONAL_DIFFERENCES_STEP.inputs,
    check_specs=check_specs_of(PROVISIONAL_DIFFERENCES_STEP),
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def provisional_differences(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult:
    """Compare what was told before the window was loaded with what it found; no row where nothing was told."""

    def work(window: Window, write: Write) -> Loaded:
        version = lake.lake.version()
        rows = lake.lake.read(PROVISIONAL_SEGMENTS, [window], version=version)
        frame = reconciled(lake.lake, window, Told(rows), version) if rows.height else None
        told = {} if frame is None else dict(frame.drop_nulls("value").select("metric", "value").iter_rows())
        empty = PROVISIONAL_DIFFERENCES.empty().drop("window_start")
        frames = {PROVISIONAL_DIFFERENCES.name: empty if frame is None else frame}
        return write(Outcome(frames=frames, version=version, metadata=told))

    (result,) = load_windows(context, lake, work)
    return result
