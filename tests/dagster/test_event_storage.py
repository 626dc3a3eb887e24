"""The event log while a run goes on in this process: lighter, and as lasting as ever."""

from pathlib import Path

import dagster as dg
from dagster._core.storage.event_log.sqlite import sqlite_event_log
from dagster._core.test_utils import instance_for_test

from interest_platform.event_storage import light_event_storage


@dg.asset
def kept() -> dg.MaterializeResult:
    return dg.MaterializeResult(metadata={"rows": 7})


def test_what_a_run_stored_is_there_for_the_next_process_to_read(tmp_path: Path) -> None:
    with instance_for_test(temp_dir=str(tmp_path)) as instance:
        with light_event_storage():
            run = dg.materialize([kept], instance=instance)
        with dg.DagsterInstance.from_config(str(tmp_path)) as other:
            event = other.get_latest_materialization_event(dg.AssetKey("kept"))
            assert event and event.asset_materialization and event.asset_materialization.metadata["rows"].value == 7
            events = [entry.dagster_event for entry in other.all_logs(run.run_id) if entry.dagster_event]
            assert events[-1].event_type == dg.DagsterEventType.RUN_SUCCESS


def test_the_event_log_connects_once_a_file(tmp_path: Path) -> None:
    with instance_for_test(temp_dir=str(tmp_path)), light_event_storage():
        url = f"sqlite:///{tmp_path}/log.db"
        engine = sqlite_event_log.create_engine(url, connect_args={"timeout": 30})
        with engine.connect() as connection:
            first = connection.connection.dbapi_connection
        engine.dispose()
        again = sqlite_event_log.create_engine(url, connect_args={"timeout": 30})
        with again.connect() as connection:
            assert connection.connection.dbapi_connection is first


def test_afterwards_dagster_makes_its_engines_itself() -> None:
    own = sqlite_event_log.create_engine
    with light_event_storage():
        assert sqlite_event_log.create_engine is not own
    assert sqlite_event_log.create_engine is own
