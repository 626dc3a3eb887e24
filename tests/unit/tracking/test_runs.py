"""How a run ends, what it supersedes, what its tags say."""

import pytest
from pydantic import SecretStr

from interest_platform.errors import InterestError
from interest_platform.settings import pseudonym_key
from interest_platform.tracking import Tracker, TrackingError


def _run(tracker, window, tags):
    with tracker.clustering_run(window, tags) as run:
        pass
    return run.run_id


def test_a_run_is_running_inside_the_block_and_finished_after_it(tracker, client, window, tags):
    with tracker.clustering_run(window, tags()) as run:
        assert client.get_run(run.run_id).info.status == "RUNNING"
    info = client.get_run(run.run_id).info
    assert (info.status, info.run_name) == ("FINISHED", "cluster_snapshots 2024-01-01")
    assert info.end_time >= info.start_time


@pytest.mark.parametrize(
    ("error", "status", "line"),
    [
        (ValueError("k = 0\nand more"), "FAILED", "ValueError: k = 0"),
        (
            InterestError("clustering.k: 9 users can't be 10 clusters"),
            "FAILED",
            "clustering.k: 9 users can't be 10 clusters",
        ),
        (AssertionError(), "FAILED", "AssertionError"),
        (KeyboardInterrupt(), "KILLED", "KeyboardInterrupt"),
        (SystemExit(1), "KILLED", "SystemExit: 1"),
    ],
)
def test_a_block_that_raises_ends_the_run_with_the_errors_line_and_raises_on(
    tracker, client, window, tags, error, status, line
):
    with pytest.raises(type(error)) as raised, tracker.clustering_run(window, tags()) as run:
        raise error
    ended = client.get_run(run.run_id)
    assert raised.value is error
    assert (ended.info.status, ended.data.tags["error"]) == (status, line)


def test_a_run_that_can_not_be_ended_still_raises_the_blocks_own_error(tracker, window, tags):
    def delete_and_fail():
        with tracker.clustering_run(window, tags()) as run:
            tracker._client.delete_run(run.run_id)
            raise ValueError("k = 0")

    with pytest.raises(ValueError, match="k = 0") as raised:
        delete_and_fail()
    assert "could not be marked FAILED" in raised.value.__notes__[0]


def test_tags_say_where_the_run_came_from(tracker, client, window, tags):
    run_id = _run(tracker, window, tags())
    told = client.get_run(run_id).data.tags
    assert {name: value for name, value in told.items() if not name.startswith("mlflow.")} == {
        "dagster_run_id": "dagster-1",
        "asset": "cluster_snapshots",
        "partition": "2024-01-01",
        "code_version": "3",
        "encoder": "minilm-53aa",
        "lake_version": "17",
        "window_start": "2024-01-01T00:00:00",
        "window_end": "2024-01-08T00:00:00",
    }


def test_a_rerun_supersedes_every_older_run_of_its_window_and_no_other(tracker, client, window, tags):
    first, other = _run(tracker, window, tags()), _run(tracker, window, tags(partition="2024-01-08"))
    second = _run(tracker, window, tags("dagster-2"))
    third = _run(tracker, window, tags("dagster-3"))
    told = {run: client.get_run(run).data.tags for run in (first, second, third, other)}
    assert told[first]["superseded_by"] == told[second]["superseded_by"] == third
    assert (told[second]["supersedes"], told[third]["supersedes"]) == (first, second)
    assert not {"superseded_by", "supersedes"} & set(told[other])
    assert "superseded_by" not in told[third]


def test_a_failed_rerun_supersedes_nothing_and_is_superseded_by_the_next(tracker, client, window, tags):
    first = _run(tracker, window, tags())
    with pytest.raises(ValueError, match="no"), tracker.clustering_run(window, tags("dagster-2")) as failed:
        raise ValueError("no")
    assert "superseded_by" not in client.get_run(first).data.tags
    third = _run(tracker, window, tags("dagster-3"))
    assert client.get_run(failed.run_id).data.tags["superseded_by"] == third


def test_of_two_runs_of_a_window_at_once_the_last_to_finish_is_the_current_one(tracker, client, window, tags):
    with tracker.clustering_run(window, tags()) as slow:
        fast = _run(tracker, window, tags("dagster-2"))
        assert "superseded_by" not in client.get_run(slow.run_id).data.tags
    assert client.get_run(fast).data.tags["superseded_by"] == slow.run_id
    assert "superseded_by" not in client.get_run(slow.run_id).data.tags


def test_runs_that_a_dead_process_left_are_ended_as_failed(tracker, client, window, tags):
    dead, alive = (tracker._start(window, tags(name)) for name in ("dead", "alive"))
    finished = _run(tracker, window, tags("dead"))
    assert tracker.end_orphans(["dead", "never seen"]) == 1
    assert [client.get_run(run).info.status for run in (dead, alive, finished)] == ["FAILED", "RUNNING", "FINISHED"]
    assert "dead" in client.get_run(dead).data.tags["error"]
    assert tracker.end_orphans(["dead"]) == 0


def test_a_home_without_a_store_has_no_orphans_and_gets_no_store_by_asking(tmp_path, settings_of):
    assert Tracker(settings_of(tmp_path)).end_orphans(["dead"]) == 0
    assert not (tmp_path / "mlflow").exists()


def test_the_link_leads_to_the_run_in_the_ui(tracker, client, window, tags):
    run_id = _run(tracker, window, tags())
    experiment = client.get_run(run_id).info.experiment_id
    assert (
        tracker.link(run_id)
        == f"http://127.0.0.1:5000/#/experiments/{experiment}/runs/{run_id}?workflowType=machine_learning"
    )


@pytest.mark.parametrize(
    "catalog",
    [
        "postgres:dbname=lake user=u password=pa55word",
        "postgres:host=h password='pa55word'",
        "postgres:postgresql://u:pa55word@h/lake",
    ],
)
def test_no_secret_gets_into_params_or_tags(home, settings_of, client, window, tags, catalog):
    tracker = Tracker(settings_of(home, catalog=SecretStr(catalog)))
    key = pseudonym_key(home).get_secret_value()
    wrong = ConnectionError(f"can't connect: {catalog} ({catalog.removeprefix('postgres:')}), key {key}, pa55word")
    run_ids = []

    def fail_to_connect():
        with tracker.clustering_run(window, tags(dagster_run_id=key)) as run:
            run_ids.append(run.run_id)
            run.params({"catalog": catalog, "nested": {"key": key, "password": "pa55word"}, "all": tracker._settings})
            raise wrong

    with pytest.raises(ConnectionError):
        fail_to_connect()
    data = client.get_run(run_ids[0]).data
    for text in [*data.params.values(), *data.tags.values()]:
        assert key not in text
        assert "pa55word" not in text
    assert data.tags["error"] == "ConnectionError: can't connect: *** (***), key ***, ***"
    assert key not in repr(tracker._redact)


def test_mlflow_itself_is_told_in_one_line_when_it_refuses(tracker, window, tags):
    def change_a_parameter():
        with tracker.clustering_run(window, tags()) as run:
            run.params({"k": 2})
            run.params({"k": 3})

    with pytest.raises(TrackingError, match=r"^MLflow: run \w+ can't be written: .*[Cc]hang") as raised:
        change_a_parameter()
    assert "\n" not in str(raised.value)


def test_no_global_state_of_mlflow_is_touched(tracker, window, tags, monkeypatch, tmp_path):
    import mlflow

    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.chdir(tmp_path)
    before = mlflow.get_tracking_uri()
    with tracker.clustering_run(window, tags()):
        assert mlflow.active_run() is None
        assert mlflow.get_tracking_uri() == before
