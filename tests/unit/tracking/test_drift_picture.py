"""The drift timeline is a PNG of its size for any number of windows, small enough to be kept with each of them."""

import datetime as dt
import io

import matplotlib.image
import polars as pl
import pytest

from interest_platform.tracking.drift_picture import CAUSES, LINES, drift_timeline

SCHEMA = {
    "window_start": pl.Datetime("us"),
    "scope": pl.String,
    "metric": pl.String,
    "value": pl.Float64,
    "alarm": pl.Boolean,
    "effect": pl.Float64,
}


def _history(windows):
    rows = []
    for number in range(windows):
        start = dt.datetime(2024, 1, 1) + dt.timedelta(days=7 * number)
        rows += [(start, "window", name, 0.01, number % 3 == 0, 0.1) for name in LINES]
        rows += [(start, "window", f"change_{cause}", 0.1 - 0.05 * i, None, None) for i, cause in enumerate(CAUSES)]
        rows += [(start, "segment", "energy", 9.0, True, 9.0)]
    return pl.DataFrame(rows, SCHEMA, orient="row")


@pytest.mark.parametrize("windows", [0, 1, 2, 14, 90])
def test_a_timeline_is_drawn_for_any_number_of_windows(windows):
    drawn = drift_timeline(_history(windows), min_effect=0.05, title="Drift up to the window")
    pixels = matplotlib.image.imread(io.BytesIO(drawn), format="png")
    assert pixels.shape[:2] == (640, 1000) and (pixels[..., :3] < 0.9).any()
    assert len(drawn) < 60_000


def test_the_same_rows_in_any_order_give_the_same_picture():
    rows, told = _history(6), {"min_effect": 0.05, "title": "Drift"}
    assert drift_timeline(rows, **told) == drift_timeline(rows.reverse(), **told)


def test_a_finished_run_takes_metrics_a_tag_and_a_picture(tracker, client, window, tags):
    with tracker.clustering_run(window, tags()) as run:
        pass
    later = tracker.finished_run(run.run_id, window)
    later.metrics({"drift_energy": 0.25})
    later.tag("compared_with", "the run before")
    later.image("drift_timeline", drift_timeline(_history(2), min_effect=0.05, title="Drift"))
    found = client.get_run(run.run_id)
    assert found.info.status == "FINISHED"
    assert found.data.metrics == {"drift_energy": 0.25} and found.data.tags["compared_with"] == "the run before"
    assert [file.path for file in client.list_artifacts(run.run_id)] == ["drift_timeline.png"]
