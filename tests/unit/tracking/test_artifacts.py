"""What a run was told can be read back from MLflow."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from safetensors.numpy import load_file

from interest_platform.tracking import TrackingError

CENTROIDS = np.eye(3, 5, dtype=np.float32)


@dataclass(frozen=True)
class Tried:
    k: int
    silhouette: float | None
    inertia: float


def _download(client, run_id, name):
    return Path(client.download_artifacts(run_id, name))


@pytest.fixture
def run(tracker, window, tags):
    with tracker.clustering_run(window, tags()) as run:
        yield run


def test_parameters_are_kept_as_text_and_anything_else_as_json(run, client):
    run.params({"method": "kmeans", "k": "auto", "k_range": (2, 40), "seed": 0, "noise": None})
    params = client.get_run(run.run_id).data.params
    assert params == {"method": "kmeans", "k": "auto", "k_range": "[2, 40]", "seed": "0", "noise": "null"}


def test_more_than_one_batch_of_parameters_and_metrics_is_kept(run, client):
    run.params({f"p{i}": i for i in range(150)})
    run.metrics({f"m{i}": float(i) for i in range(1100)})
    data = client.get_run(run.run_id).data
    assert (len(data.params), len(data.metrics)) == (150, 1100)


def test_metrics_are_kept_and_an_undefined_one_is_left_out(run, client):
    run.metrics({"silhouette": None, "cohesion": 0.25, "users": 886})
    assert client.get_run(run.run_id).data.metrics == {"cohesion": 0.25, "users": 886.0}


def test_the_curve_is_metrics_by_k_a_table_and_a_picture(run, client):
    run.curve([Tried(3, 0.4, 5.0), Tried(2, 0.1, 9.0), Tried(4, None, 4.0)], chosen=3)
    history = {m.step: m.value for m in client.get_metric_history(run.run_id, "curve_silhouette")}
    assert history == {2: 0.1, 3: 0.4}
    assert [m.step for m in client.get_metric_history(run.run_id, "curve_inertia")] == [2, 3, 4]
    table = pl.read_parquet(_download(client, run.run_id, "k_curve.parquet"))
    assert table.rows() == [(2, 0.1, 9.0, False), (3, 0.4, 5.0, True), (4, None, 4.0, False)]
    assert _download(client, run.run_id, "k_curve.png").read_bytes().startswith(b"\x89PNG")


def test_a_fixed_k_has_no_curve(run, client):
    run.curve([], chosen=5)
    assert client.list_artifacts(run.run_id) == []


@pytest.mark.parametrize("dimensions", [0, 4])
def test_an_empty_window_is_tracked_like_any_other(run, client, dimensions):
    nobody = np.zeros((0, dimensions), np.float32)
    run.centroids(nobody, [])
    run.picture(nobody, np.zeros(0, np.int64), {}, seed=0)
    assert load_file(_download(client, run.run_id, "centroids.safetensors"))["centroids"].shape == nobody.shape


def test_centroids_are_read_back_bit_for_bit(run, client):
    run.centroids(CENTROIDS, [0, 1, 4])
    tensors = load_file(_download(client, run.run_id, "centroids.safetensors"))
    np.testing.assert_array_equal(tensors["centroids"], CENTROIDS)
    assert tensors["cluster_ids"].tolist() == [0, 1, 4]


def test_centroids_that_do_not_fit_their_clusters_are_refused(run):
    with pytest.raises(TrackingError, match=r"shape \(3, 5\) for 2 clusters"):
        run.centroids(CENTROIDS, [0, 1])


def test_a_frame_is_read_back_as_it_was(run, client):
    frame = pl.DataFrame({"cluster_id": [0, 1], "top_terms": [["kernel", "linux"], ["内核"]]})
    run.frame("clusters", frame)
    assert pl.read_parquet(_download(client, run.run_id, "clusters.parquet")).equals(frame)


def test_the_picture_is_an_artifact(run, client):
    run.picture(CENTROIDS, np.array([0, 1, 1]), {0: ["linux"], 1: ["tea"]}, seed=0)
    assert _download(client, run.run_id, "clusters.png").read_bytes().startswith(b"\x89PNG")


def test_an_artifact_that_can_not_be_written_is_one_clear_line(run, home):
    folder = home / "mlflow" / "artifacts" / run.run_id
    folder.parent.mkdir(exist_ok=True)
    folder.write_text("a file where a folder has to be")
    with pytest.raises(TrackingError, match=r"^MLflow: artifact centroids.safetensors of run \w+ can't be written"):
        run.centroids(CENTROIDS, [0, 1, 2])


def test_what_has_no_json_form_is_written_as_its_text(run, client):
    run.params({"folder": Path("a/b")})
    assert json.loads(client.get_run(run.run_id).data.params["folder"]) == "a/b"
