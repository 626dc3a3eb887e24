"""New texts, placed by the bundled encoder among the segments of a lake."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import polars as pl
import pytest
from serving import client_of, settings_of, until

from interest_platform.configuration import Configuration
from interest_platform.domain.dynamics_tables import SEGMENT_IDENTITIES
from interest_platform.domain.tables import CLUSTER_SNAPSHOTS, USER_INTERESTS
from interest_platform.embedding import load_encoder
from interest_platform.embedding.frames import embed_texts
from interest_platform.interests import as_lists, as_matrix, user_interests
from interest_platform.lake import Lake, Stamp
from interest_platform.lake.segment_map import segment_map
from interest_platform.service import placing
from interest_platform.text import clean

SUBJECTS = {
    "coffee": "espresso, roasted beans and a burr grinder",
    "bikes": "a mountain bicycle, its chain and its tubeless tyres",
    "stars": "a telescope, the night sky and the orbit of mars",
}
TEXTS = [
    "My new <b>grinder</b> makes a fine espresso. https://example.org/a\n\n> which beans?\n-- \nAnn",
    "The gravel ride broke my chain &amp; a tyre.",
    "Comets seen with a telescope last night",
    "Nothing of the kind",
]


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    """The bundled encoder, which the service of these tests shares with the test."""
    settings = settings_of(tmp_path_factory.mktemp("encoder"))
    return load_encoder(settings.config.encoder, settings.config_path.parent, settings.home)


@pytest.fixture
def shared(encoder, monkeypatch):
    """The services of a test get the encoder that is loaded already."""
    monkeypatch.setattr(placing, "load_encoder", lambda *_: encoder)


def filled(table, window, **columns):
    """A frame of the table with these columns, and anything allowed in the others."""
    anything = {"VARCHAR": "x", "DOUBLE": 0.5, "TIMESTAMP": window.start, "VARCHAR[]": [], "FLOAT[]": [1.0]}
    rows = pl.DataFrame(columns)
    rest = [
        pl.lit(anything.get(c.type.sql, 1), c.type.polars).alias(c.name)
        for c in table.body
        if c.name not in columns and not c.nullable
    ]
    return table.conform(rows.with_columns(rest), window.start)


def segmented(settings, encoder, fingerprint=None):
    """Make a lake with a segment a subject in the newest published week; its version."""
    lake, window = Lake(settings), settings.grid.window("2024-01-15")
    lake.prepare()
    centroids = as_lists(encoder.encode(list(SUBJECTS.values())).vectors)
    ids = {"cluster_id": [0, 1, 2]}
    frames = {
        "cluster_snapshots": filled(
            CLUSTER_SNAPSHOTS, window, **ids, size=[4, 3, 3], cohesion=[0.3] * 3, centroid=centroids
        ),
        "segment_identities": filled(
            SEGMENT_IDENTITIES, window, **ids, segment_id=["s0003", "s0001", "s0002"], name=list(SUBJECTS)
        ),
        "user_interests": filled(
            USER_INTERESTS,
            window,
            user_key=["a" * 64],
            interest_no=[0],
            vector=centroids[:1],
            encoder=[fingerprint or encoder.fingerprint],
        ),
    }
    version = lake.replace(window, frames, Stamp("test", "run", "1")).version
    lake.close()
    return version


@pytest.fixture
def assign(world, encoder, shared):
    """Ask a service over a lake of three segments."""
    world.publish(segmented(world.settings, encoder))
    with client_of(world.settings) as client:
        assert client.get("/ready").json()["assign"] == "ready"
        yield lambda *texts: client.post("/v1/assign", json={"texts": list(texts)})


def as_the_line_does(settings, encoder, texts):
    """The best segment, its membership and cosine, by the line's own steps: cleaned, embedded, one interest, placed."""
    lake, window = Lake(settings), settings.grid.window("2024-01-15")
    segments = segment_map(lake, window, lake.version())
    lake.close()
    frame = pl.DataFrame({"text_id": [str(n) for n in range(len(texts))], "text": texts})
    cleaned = clean(frame, settings.config.text).filter(pl.col("clean_text") != "")
    vectors = embed_texts(encoder, cleaned.unique("text_hash", keep="first", maintain_order=True))
    owned = cleaned.select(
        pl.lit("u").alias("user_key"), pl.lit(window.start).alias("window_start"), "text_hash", ts=pl.lit(window.start)
    )
    interests = user_interests(
        owned, vectors, window, half_life_days=14, min_texts=1, windows_present=1, encoder=encoder.fingerprint
    )
    placed = segments.place(as_matrix(interests["vector"]))
    return segments.segment_ids[placed.best[0]], placed.membership.max(), placed.cosine[0]


@pytest.mark.parametrize("texts", [TEXTS[:1], TEXTS[1:2], TEXTS[2:3], TEXTS, [TEXTS[0], TEXTS[0], TEXTS[1]]])
def test_texts_are_placed_as_the_line_places_a_user_who_wrote_them(world, encoder, assign, texts):
    found = assign(*texts)
    assert found.status_code == 200, found.text
    body = found.json()
    segment, membership, cosine = as_the_line_does(world.settings, encoder, texts)
    assert body["segment_id"] == segment
    assert body["membership"] == pytest.approx(membership, abs=1e-4)
    assert body["cosine"] == pytest.approx(cosine, abs=1e-5)
    assert (body["window"], body["encoder"]) == ("2024-01-15", encoder.fingerprint)
    assert body["texts"] == len(set(texts)) and body["truncated"] == 0


def test_the_segments_that_come_next_are_told_most_probable_first(assign):
    body = assign(TEXTS[0]).json()
    assert (body["segment_id"], body["name"]) == ("s0003", "coffee")
    others = body["alternatives"]
    assert {o["name"] for o in others} == {"bikes", "stars"}
    assert body["membership"] >= others[0]["membership"] >= others[1]["membership"]
    assert body["membership"] + sum(o["membership"] for o in others) == pytest.approx(1)
    assert body["cosine"] > max(o["cosine"] for o in others)


def test_a_text_longer_than_the_encoder_reads_is_told(assign):
    assert assign("espresso machine " * 500, "beans").json()["truncated"] == 1


@pytest.mark.parametrize("texts", [["> only a quote\n> of others\n"], ["", "  ", "\0"], ["<b></b>"]])
def test_texts_of_which_cleaning_leaves_nothing_are_told_so(assign, texts):
    refused = assign(*texts)
    assert refused.status_code == 422 and "cleaning leaves nothing" in refused.json()["detail"]


def test_another_encoder_than_the_segments_is_refused_and_named(world, encoder, shared):
    world.publish(segmented(world.settings, encoder, "transformer-0123456789abcdef"))
    with client_of(world.settings) as client:
        refused = client.post("/v1/assign", json={"texts": TEXTS})
        assert client.get("/v1/users/ann@example.org/recommendations").status_code == 200
    assert refused.status_code == 503
    told = refused.json()["detail"]
    assert "transformer-0123456789abcdef" in told and encoder.fingerprint in told and "\n" not in told


def test_sources_of_vectors_can_not_have_texts_placed(world):
    source = {"name": "shop", "uri": "a.parquet", "columns": {"vector": "v", "text": None}, "encoder": "their model"}
    config = world.settings.config.model_dump(exclude_unset=True) | {"sources": [source]}
    world.publish(3)
    settings = world.settings.model_copy(update={"config": Configuration.model_validate(config)})
    with client_of(settings) as client:
        refused = client.post("/v1/assign", json={"texts": TEXTS})
    assert refused.status_code == 503 and "their own vectors (their model)" in refused.json()["detail"]


def test_when_the_queue_is_full_clients_are_sent_away_and_may_come_again(world, encoder, monkeypatch):
    gate, begun = threading.Event(), threading.Event()

    class Slow:
        fingerprint = encoder.fingerprint

        def encode(self, texts, progress=None):
            begun.set()
            gate.wait(20)
            return encoder.encode(texts)

    monkeypatch.setattr(placing, "load_encoder", lambda *_: Slow())
    world.publish(segmented(world.settings, encoder))
    with client_of(settings_of(world.settings.home, queue=2)) as client, ThreadPoolExecutor(1) as pool:
        assert begun.wait(20)  # it warms up
        waits = pool.submit(client.post, "/v1/assign", json={"texts": TEXTS})
        until(lambda: client.get("/metrics").text.count("interest_encoder_queue 2.0") == 1)
        refused = client.post("/v1/assign", json={"texts": TEXTS})
        # what needs no encoder is answered meanwhile
        assert client.get("/v1/users/ann@example.org/recommendations").status_code == 200
        gate.set()
        assert waits.result().status_code == 200
        assert client.post("/v1/assign", json={"texts": TEXTS}).status_code == 200
    assert refused.status_code == 503 and refused.headers["retry-after"] == "1"
    assert refused.json()["detail"] == "2 requests wait for the encoder already; try again"


def test_a_new_map_is_placed_by_once_it_is_published(world, encoder, shared):
    world.publish(segmented(world.settings, encoder))
    with client_of(world.settings) as client:
        first = client.post("/v1/assign", json={"texts": TEXTS[:1]}).json()
        newer = segmented(world.settings, encoder)
        world.publish(newer)
        until(lambda: client.get("/ready").json()["lake_version"] == newer)
        second = client.post("/v1/assign", json={"texts": TEXTS[:1]}).json()
    assert second["lake_version"] > first["lake_version"]
    assert second["segment_id"] == first["segment_id"]


def test_vectors_that_cancel_out_leave_the_last_one():
    opposed = np.array([[1, 0], [-1, 0]], np.float32)
    assert placing._direction(opposed).tolist() == [-1, 0]
    np.testing.assert_allclose(placing._direction(np.eye(2, dtype=np.float32)), np.sqrt([0.5, 0.5]), rtol=1e-6)
