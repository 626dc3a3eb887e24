"""The pictures say what the tables say: worked out by hand for a small history, and conserved for a large one."""

import datetime as dt
import itertools
import re
from collections import Counter

import numpy as np
import polars as pl
import pytest
from planted_history import planted_frames

from interest_platform.domain.tables import TABLES
from interest_platform.report import (
    Frames,
    drift_picture,
    flow_picture,
    map_picture,
    pictures,
    planted_picture,
    png_markdown,
    timeline_picture,
)
from interest_platform.report.columns import columns
from interest_platform.report.history import Flow
from interest_platform.report.placing import placed
from interest_platform.report.projection import drawn, fit_plane, fitted
from interest_platform.report.sankey_layout import GONE, NEW, OTHERS, layout

FIRST, SECOND = dt.datetime(2024, 1, 1), dt.datetime(2024, 1, 8)


def _frame(name, rows):
    """Rows of a table; columns that they lack are null or, where the pictures read none of them, absent."""
    table = TABLES[name]
    kept = [c for c in table.names if c in rows[0]]
    return pl.DataFrame(rows, schema={c: table.schema[c] for c in kept})


def _two_windows():
    """10 users of s0001 and 6 of s0002; in the second window s0002 has split, two users left and one came."""
    where = [(FIRST, 0, "s0001", 10), (FIRST, 1, "s0002", 6)]
    where += [(SECOND, 0, "s0001", 9), (SECOND, 1, "s0003", 4), (SECOND, 2, "s0004", 2)]
    keys = [{"window_start": start, "cluster_id": c} for start, c, _, _ in where]
    identities = [k | {"segment_id": s, "name": f"name of {s}"} for k, (_, _, s, _) in zip(keys, where, strict=True)]
    axes = {"s0001": [1.0, 0.0], "s0002": [0.0, 1.0], "s0003": [0.1, 0.9], "s0004": [-0.1, 0.9]}
    snapshots = [k | {"size": n, "centroid": axes[s]} for k, (_, _, s, n) in zip(keys, where, strict=True)]
    flows = [("s0001", "s0001", 8.0), ("s0001", None, 2.0), ("s0002", "s0003", 4.0), ("s0002", "s0004", 2.0)]
    flows += [(None, "s0001", 1.0)]
    event = {"event_no": 0, "kind": "split", "parents": ["s0002"], "children": ["s0004", "s0003"]}
    return Frames(
        identities=_frame("segment_identities", identities),
        snapshots=_frame("cluster_snapshots", snapshots),
        migrations=_frame(
            "segment_migrations",
            [{"window_start": SECOND, "from_segment": a, "to_segment": b, "users": n} for a, b, n in flows],
        ),
        events=_frame("segment_events", [event | {"window_start": SECOND, "users_moved": 6, "score": 0.9}]),
    )


def _rows(picture, layer):
    [data] = [d["values"] for d in picture.spec["data"] if d["name"] == f"data-{layer}"]
    return data


def test_the_sankey_of_two_windows():
    picture = flow_picture(_two_windows())
    assert picture.summary == (
        "Into 2024-01-08: 8 users stayed in their segment, 6 changed it, 1 came new, 2 did not come back."
    )
    assert {row["description"] for row in _rows(picture, "ribbons")} == {
        "8 users stay in s0001 name of s0001, 2024-01-01 to 2024-01-08",
        "2 users from s0001 name of s0001 to gone, 2024-01-01 to 2024-01-08",
        "4 users from s0002 name of s0002 to s0003 name of s0003, 2024-01-01 to 2024-01-08",
        "2 users from s0002 name of s0002 to s0004 name of s0004, 2024-01-01 to 2024-01-08",
        "1 user from new users to s0001 name of s0001, 2024-01-01 to 2024-01-08",
    }
    [table] = picture.tables.values()
    assert table["users"].sum() == 17


def test_ribbons_tile_their_nodes():
    flows = [Flow(1, "a", "a", 6.0), Flow(1, "a", "b", 4.0), Flow(1, None, "b", 5.0), Flow(1, "c", None, 10.0)]
    placed_ = layout([*flows, Flow(1, "x", "y", 2.0)], ["a", "b", "c"], columns(2, 0, 0), top=0)
    assert {at: node.users for at, node in placed_.nodes.items()} == {
        **{(0, "a"): 10.0, (0, "c"): 10.0, (0, NEW): 5.0, (0, OTHERS): 2.0},
        **{(1, "a"): 6.0, (1, "b"): 9.0, (1, GONE): 10.0, (1, OTHERS): 2.0},
    }
    for at, node in placed_.nodes.items():
        side = 0 if at[0] == 0 else 1
        spans = []
        for ribbon in placed_.ribbons:
            if at == (ribbon.stream.start, ribbon.stream.end)[side]:
                # M x0,y0 C .. x1,y1 V y1+height C .. x0,y0+height
                numbers = [float(n) for n in re.findall(r"-?\d+\.?\d*", ribbon.path)]
                spans.append((numbers[1], numbers[14]) if side == 0 else (numbers[7], numbers[8]))
        spans.sort()
        assert spans[0][0] == pytest.approx(node.y, abs=0.11)
        assert spans[-1][1] == pytest.approx(node.y + node.height, abs=0.11)
        assert all(a[1] == pytest.approx(b[0], abs=0.11) for a, b in itertools.pairwise(spans))


def test_nodes_of_a_window_never_meet():
    history = planted_frames()
    picture = flow_picture(history)
    by_column = {}
    for node in _rows(picture, "nodes"):
        by_column.setdefault(node["x"], []).append((node["y"], node["y"] + node["height"]))
    for spans in by_column.values():
        spans.sort()
        assert all(a[1] + 14 <= b[0] for a, b in itertools.pairwise(spans))


def test_the_timeline_marks_a_split_where_the_parent_ends():
    picture = timeline_picture(_two_windows())
    assert picture.summary == "3 segments in the newest window; 1 split over 2 windows."
    [mark] = _rows(picture, "events")
    assert mark["description"] == (
        "2024-01-08: s0002 name of s0002 splits into s0003 name of s0003 and s0004 name of s0004; "
        "6 users moved, probability 0.90"
    )
    assert len(_rows(picture, "links")) == 2
    sizes = picture.tables["Members by window"]
    assert sizes.rows() == [
        ("s0001 name of s0001", 10, 9),
        ("s0002 name of s0002", 6, None),
        ("s0004 name of s0004", None, 2),
        ("s0003 name of s0003", None, 4),
    ]


def test_every_event_of_the_history_is_marked():
    frames = planted_frames()
    picture = timeline_picture(frames)
    assert Counter(picture.tables["Events"]["event"]) == {"split": 2, "birth": 1, "merge": 1, "death": 1}
    assert picture.summary == (
        "9 segments in the newest window; 1 birth, 2 splits, 1 merge and 1 death over 10 windows."
    )


def test_a_segment_that_was_away_has_two_bands():
    frames = planted_frames()
    away = (pl.col("segment_id") == "s0007") & (pl.col("window_start") == dt.datetime(2024, 1, 22))
    picture = timeline_picture(Frames(identities=frames.identities.filter(~away), snapshots=frames.snapshots))
    assert picture.marks["bands"].count("s0007") == 2


def _drift(**row):
    base = {"window_start": SECOND, "scope": "segment", "segment_id": "s0001", "metric": "shift", "value": 0.2}
    base |= {"p_value": 0.01, "q_value": 0.04, "effect": -0.5, "n_before": 10, "n_after": 9, "cause": "within"}
    base |= {"alarm": True, "headline": None, "sentence": None}
    return _frame("drift_metrics", [base | {"reference": "2024-01-01"} | row])


def test_a_cell_of_the_heat_map_tells_its_numbers():
    two = _two_windows()
    picture = drift_picture(Frames(identities=two.identities, snapshots=two.snapshots, drift=_drift()))
    assert picture.summary == "1 alarm, 1 of them in 2024-01-08."
    assert [row["text"] for row in _rows(picture, "effects")] == ["−0.50 *"]
    assert _rows(picture, "cells")[0]["description"] == (
        "s0001 name of s0001, 2024-01-08: shift 0.2, effect −0.50, q 0.04, cause: within, n 10 before, 9 after; "
        "an alarm"
    )


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"q_value": None, "alarm": False}, "−0.50"),
        ({"alarm": None}, "−0.50"),
        ({"effect": 0.0}, "0.00 *"),
        ({"effect": -1e-9}, "0.00 *"),
    ],
)
def test_a_cell_is_marked_where_it_is_an_alarm(change, text):
    two = _two_windows()
    picture = drift_picture(Frames(identities=two.identities, snapshots=two.snapshots, drift=_drift(**change)))
    assert [row["text"] for row in _rows(picture, "effects")] == [text]


@pytest.mark.parametrize("effect", [None, float("nan"), float("inf")])
def test_measures_without_an_effect_are_in_the_table_only(effect):
    two = _two_windows()
    picture = drift_picture(Frames(identities=two.identities, snapshots=two.snapshots, drift=_drift(effect=effect)))
    assert picture.spec is None and "no effect size" in picture.summary
    assert picture.tables["Measures of change"].height == 1


def test_the_map_shows_each_user_once_and_no_pseudonym():
    frames = planted_frames()
    picture = map_picture(frames)
    assert len(picture.marks["users"]) == frames.members["user_key"].n_unique()
    assert not any(key in str(picture.spec) for key in frames.members["user_key"].head(50))


def test_windows_of_another_encoder_are_left_out_and_said_to_be():
    frames = planted_frames()
    shorter = pl.when(pl.col("window_start") < dt.datetime(2024, 1, 15)).then(pl.col("centroid").list.head(5))
    snapshots = frames.snapshots.with_columns(centroid=shorter.otherwise(pl.col("centroid")))
    picture = map_picture(Frames(identities=frames.identities, snapshots=snapshots))
    assert "2 windows left out, whose vectors are of another encoder" in picture.summary


def test_the_plane_is_that_of_the_centroids():
    centroids = np.array([[4, 0, 0], [-4, 0, 0], [0, 2, 0], [0, -2, 0]], np.float32)
    plane = fit_plane(centroids, [1, 1, 1, 1], np.zeros((0, 3), np.float32))
    assert np.allclose(plane.axes, [[1, 0, 0], [0, 1, 0]])
    assert np.allclose(plane.points(centroids), centroids[:, :2])


@pytest.mark.parametrize("count", [1, 2])
def test_a_plane_of_few_centroids(count):
    plane = fit_plane(np.eye(3, dtype=np.float32)[:count], [5] * count, np.zeros((0, 3), np.float32))
    points = plane.points(np.eye(3, dtype=np.float32)[:count])
    assert np.isfinite(points).all()
    offset, scale = fitted(points, (0, 0, 100, 100))
    assert ((points * scale + offset >= -1e-6) & (points * scale + offset <= 100 + 1e-6)).all()


def test_the_same_users_are_drawn_in_any_order():
    vectors = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)
    turned = vectors[::-1]
    assert np.array_equal(vectors[drawn(vectors, 20)], turned[drawn(turned, 20)])


def test_labels_keep_apart_and_inside():
    rng = np.random.default_rng(1)
    anchors = [tuple(p) for p in rng.uniform(100, 200, size=(40, 2)).tolist()]
    boxes = [b for b in placed(anchors, [(60, 15)] * 40, (0, 0, 400, 400)) if b]
    assert len(boxes) == 40
    assert all(b[0] >= 0 and b[2] <= 400 and b[1] >= 0 and b[3] <= 400 for b in boxes)
    for i, a in enumerate(boxes):
        assert not any(a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3] for b in boxes[:i])


def test_planted_changes_say_the_smallest_size_that_is_noticed():
    picture = planted_picture(planted_frames())
    assert picture.summary == "In 2024-03-04 changes that touch 10% of the users or more are noticed nine times of ten."
    assert len(_rows(picture, "bars")) == 24


@pytest.mark.parametrize("windows", [1, 2])
def test_few_windows_are_drawn_or_said_to_be_too_few(windows):
    flows, timeline, drift, places, *_ = pictures(planted_frames(windows=windows))
    assert (flows.spec is None) == (drift.spec is None) == (windows == 1)
    assert timeline.spec is not None and places.spec is not None
    if windows == 1:
        assert flows.summary == "Flows run between two windows; there is one window so far."
        assert drift.summary == "Change is measured between two windows; there is one so far."


def test_before_drift_and_migrations_are_there_the_page_says_so():
    two = _two_windows()
    flows, _, drift, _, planted, _ = pictures(Frames(identities=two.identities, snapshots=two.snapshots))
    assert "segment_migrations is empty" in flows.summary
    assert "drift_metrics is empty" in drift.summary
    assert "planted_events is empty" in planted.summary


def test_a_png_keeps_to_its_bytes_and_is_the_same_every_time():
    picture = timeline_picture(planted_frames())
    full, small = picture.png(), picture.png(most_bytes=15_000)
    assert full.startswith(b"\x89PNG") and picture.png() == full
    assert len(small) < 15_000 < len(full) <= 300_000


def test_markdown_of_a_png():
    text = png_markdown(b"\x89PNG", "segments [over] <time>")
    assert text == "![segments over time](data:image/png;base64,iVBORw==)"
    assert png_markdown(None, "drift") == "*drift: nothing to draw yet*"
    assert png_markdown(b"x" * 11, "drift", most_bytes=10) == (
        "*drift: 11 bytes are too many to keep here; the MLflow run has it*"
    )
