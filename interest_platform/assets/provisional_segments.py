"""provisional_segments: where the users stand who wrote since the newest window, until that window's own run says."""

from collections.abc import Iterator
from datetime import UTC, datetime
from time import process_time
from typing import Any

import dagster as dg
from pydantic import Field

from interest_platform.assets.facts import Family, asset_facts, table_facts
from interest_platform.assets.loading import landed_as_promised
from interest_platform.checks import contract
from interest_platform.domain.dynamics_tables import SEGMENT_IDENTITIES
from interest_platform.domain.live_tables import PROVISIONAL_SEGMENTS, PROVISIONAL_VECTORS
from interest_platform.domain.tables import (
    CLEANED_TOKENS,
    CLUSTER_MEMBERS,
    CLUSTER_SNAPSHOTS,
    EMBEDDINGS,
    RAW_TEXTS,
    USER_INTERESTS,
)
from interest_platform.errors import SettingsError
from interest_platform.lake import Stamp
from interest_platform.micro_batching import MicroBatch, MicroBatches
from interest_platform.progress import progress
from interest_platform.resources import EncoderResource, LakeResource, SettingsResource
from interest_platform.runs import mark_process

FAMILY = Family("live", frozenset({"torch", "polars"}), code_version="1")
CONTRACT = contract(PROVISIONAL_SEGMENTS.name)
READ = [RAW_TEXTS, CLEANED_TOKENS, EMBEDDINGS, USER_INTERESTS, CLUSTER_SNAPSHOTS, CLUSTER_MEMBERS, SEGMENT_IDENTITIES]
NOTHING_OPEN = "the windows have ended (windows.end): none is open, there is nothing to do"


class MicroBatchConfig(dg.Config):
    """What a run of the micro-batch may be told."""

    until: str | None = Field(
        None, description="Take texts before this time, ISO 8601, UTC where it names no zone. Null: the present."
    )

    @property
    def moment(self) -> datetime | None:
        """The time in UTC. Raises `SettingsError` for what is no time."""
        if self.until is None:
            return None
        try:
            moment = datetime.fromisoformat(self.until)
        except ValueError:
            raise SettingsError(f"until: {self.until!r} is no ISO 8601 time such as 2024-01-31T12:00") from None
        return moment if moment.tzinfo is None else moment.astimezone(UTC).replace(tzinfo=None)


@dg.multi_asset(
    name=PROVISIONAL_SEGMENTS.name,
    specs=[
        dg.AssetSpec(table.name, deps=[each.name for each in READ], **asset_facts(table, FAMILY))
        for table in (PROVISIONAL_SEGMENTS, PROVISIONAL_VECTORS)
    ],
    check_specs=[CONTRACT.spec],
)
def provisional_segments(
    context: dg.AssetExecutionContext,
    config: MicroBatchConfig,
    settings: SettingsResource,
    lake: LakeResource,
    encoder: EncoderResource,
) -> Iterator[dg.MaterializeResult]:
    """One micro-batch: replaces the rows of the window that is open; does nothing where none is."""
    mark_process(context.instance, context.run_id)
    name, started = PROVISIONAL_SEGMENTS.name, process_time()
    progress().asset_started(name, 1)
    stamp = Stamp(name, context.run_id, FAMILY.code_version)
    done = MicroBatches(lake.lake, settings.key, lambda: encoder.encoder, stamp).run(config.moment)
    if done is None:
        context.log.info(NOTHING_OPEN)
        progress().window_loaded(name, "no window", 0)
        found = CONTRACT.found(True, note=NOTHING_OPEN)
        yield dg.MaterializeResult(
            asset_key=name, metadata={"nothing_to_do": NOTHING_OPEN}, check_results=[found.result]
        )
        yield dg.MaterializeResult(asset_key=PROVISIONAL_VECTORS.name)
        return
    progress().window_loaded(name, done.opened.window.key, done.rows.height)
    found = landed_as_promised(lake.lake, name, done.opened.window, done.rows.height)
    told = _facts(done) | {"processor_seconds": round(process_time() - started, 2)}
    metadata = {**table_facts(PROVISIONAL_SEGMENTS), "rows": done.rows.height, **told}
    yield dg.MaterializeResult(asset_key=name, metadata=metadata, check_results=[found.result])
    more = {"texts_encoded": done.encoded, "lake_version_read": done.version}
    yield dg.MaterializeResult(
        asset_key=PROVISIONAL_VECTORS.name, metadata={**table_facts(PROVISIONAL_VECTORS), **more}
    )


def _facts(done: MicroBatch) -> dict[str, Any]:
    return {
        "window": done.opened.window.key,
        "base_window": done.opened.base.key,
        "as_of": done.opened.as_of.isoformat(sep=" ", timespec="seconds"),
        "users": done.strongest.height,
        "moved": done.moved,
        "new_users": done.new_users,
        "texts": done.texts,
        "texts_encoded": done.encoded,
        "rows_rejected": done.rejected,
        "lake_version_read": done.version,
        "lake_version_written": done.written,
    }
