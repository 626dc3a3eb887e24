"""raw_texts and rejected_texts: the rows of the sources that belong to the window."""

from collections.abc import Iterator

import dagster as dg

from interest_platform.assets.facts import Family, check_specs_of, specs_of
from interest_platform.assets.loading import Loaded, Outcome, Write, load_windows
from interest_platform.checks import REJECTED, REJECTED_SHARE, ROWS_ACCOUNTED_FOR
from interest_platform.domain.steps import RAW_TEXTS_STEP
from interest_platform.domain.tables import RAW_TEXTS, REJECTED_TEXTS
from interest_platform.domain.windows import Window, utc_now
from interest_platform.ingest import SourceReader, WindowRows
from interest_platform.partitions import windows_of
from interest_platform.resources import LakeResource, SettingsResource

FAMILY = Family("texts", frozenset({"duckdb", "polars"}), code_version="1")


@dg.multi_asset(
    name=RAW_TEXTS.name,
    specs=specs_of(RAW_TEXTS_STEP, FAMILY),
    check_specs=check_specs_of(RAW_TEXTS_STEP, ROWS_ACCOUNTED_FOR, REJECTED),
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def raw_texts(
    context: dg.AssetExecutionContext, settings: SettingsResource, lake: LakeResource
) -> Iterator[dg.MaterializeResult]:
    """Read the sources once for the run's windows; every row is accepted or rejected with a reason."""
    windows = windows_of(context, settings.grid)
    with SourceReader(settings.settings, windows, utc_now(), settings.key) as reader:

        def work(window: Window, write: Write) -> Loaded:
            return write(_outcome(reader.window(window), lake.lake.version()))

        yield from load_windows(context, lake, work)


def _outcome(rows: WindowRows, version: int) -> Outcome:
    read = sum(rows.rows_read.values())
    accepted, rejected = rows.accepted.height, rows.rejected.height
    reasons = dict(rows.rejected.group_by("reason").len().sort("reason").iter_rows())
    return Outcome(
        frames={RAW_TEXTS.name: rows.accepted, REJECTED_TEXTS.name: rows.rejected},
        version=version,
        metadata={
            "rows_read": read,
            "accepted": accepted,
            "rejected": rejected,
            "rejected_by_reason": reasons,
            "users": rows.accepted["user_key"].n_unique(),
        },
        findings=[
            ROWS_ACCOUNTED_FOR.found(read == accepted + rejected, read=read, accepted=accepted, rejected=rejected),
            REJECTED.at_most(rejected / read if read else None, REJECTED_SHARE),
        ],
    )
