"""The pictures are PNGs of their size, drawn for any number of users and clusters, and the same every time."""

import io

import matplotlib.image
import numpy as np
import polars as pl
import pytest

from interest_platform.tracking import TrackingError
from interest_platform.tracking.canvas import COLOURS, fitted, style
from interest_platform.tracking.pictures import DRAWN, LISTED, cluster_map, k_curve


def _pixels(png):
    return matplotlib.image.imread(io.BytesIO(png), format="png")[..., :3]


def _users(count, clusters, seed=0, dimensions=16):
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % max(clusters, 1)
    centres = rng.normal(size=(max(clusters, 1), dimensions))
    return (centres[labels] + 0.3 * rng.normal(size=(count, dimensions))).astype(np.float32), labels


def _map(vectors, labels, terms=None, seed=0):
    return cluster_map(vectors, labels, terms or {}, title="Users of [2024-01-01, 2024-01-08)", seed=seed)


def _colours(pixels):
    codes = (pixels * 255).round().astype(np.uint32) @ np.array([65536, 256, 1], np.uint32)
    return {f"#{code:06X}" for code in np.unique(codes)}


@pytest.mark.parametrize(("users", "clusters"), [(0, 0), (1, 1), (2, 1), (2, 2), (50, 1), (300, 12), (400, 55)])
def test_a_map_is_drawn_for_any_number_of_users_and_clusters(users, clusters):
    pixels = _pixels(_map(*_users(users, clusters), {c: ["linux", "kernel"] for c in range(clusters)}))
    assert pixels.shape == (900, 1400, 3)
    assert (pixels < 0.9).any()
    assert _colours(pixels) >= {style(cluster)[0] for cluster in range(min(clusters, LISTED))}


def test_forty_clusters_look_different():
    assert len({style(cluster) for cluster in range(40)}) == 40
    assert len(set(COLOURS)) == 10


# linear RGB as seen without one kind of cone (Machado, Oliveira, Fernandes 2009, severity 1)
VISION = {
    "full": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    "protan": [[0.1523, 1.0526, -0.2049], [0.1145, 0.7863, 0.0992], [-0.0039, -0.0481, 1.0520]],
    "deutan": [[0.3673, 0.8606, -0.2280], [0.2801, 0.6725, 0.0474], [-0.0118, 0.0429, 0.9689]],
    "tritan": [[1.2555, -0.0767, -0.1788], [-0.0784, 0.9308, 0.1476], [0.0047, 0.6914, 0.3039]],
}


@pytest.mark.parametrize("vision", VISION)
def test_colours_are_told_apart_with_any_colour_vision(vision):
    light = np.array([[int(c[i : i + 2], 16) for i in (1, 3, 5)] for c in COLOURS]) / 255
    light = np.where(light <= 0.04045, light / 12.92, ((light + 0.055) / 1.055) ** 2.4) @ np.array(VISION[vision]).T
    xyz = np.clip(light, 0, 1) @ np.array(
        [[0.4124, 0.2126, 0.0193], [0.3576, 0.7152, 0.1192], [0.1805, 0.0722, 0.9505]]
    )
    f = np.cbrt(xyz / [0.9505, 1, 1.089])
    f = np.where(f > 6 / 29, f, (f**3) * 7.787 + 16 / 116)
    lab = np.stack([116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], axis=1)
    distances = np.linalg.norm(lab[:, None] - lab[None], axis=2)[np.triu_indices(len(lab), 1)]
    assert distances.min() > 10  # CIE 1976; 2.3 is just noticeable


def test_the_users_own_matplotlib_style_changes_nothing_and_is_left_as_it_was():
    expected = _map(*_users(20, 2))
    with matplotlib.rc_context({"savefig.bbox": "tight", "axes.facecolor": "black", "text.color": "red"}):
        assert _map(*_users(20, 2)) == expected
        assert matplotlib.rcParams["axes.facecolor"] == "black"


def test_users_in_no_cluster_are_drawn_but_not_listed():
    vectors, labels = _users(60, 2)
    labels = np.where(np.arange(60) < 20, -1, labels)
    assert COLOURS[0] not in _colours(_pixels(_map(vectors, np.full(60, -1))))
    assert COLOURS[0] in _colours(_pixels(_map(vectors, labels)))


def test_the_map_does_not_depend_on_the_order_of_the_users():
    vectors, labels = _users(DRAWN + 500, 5, dimensions=8)
    order = np.random.default_rng(3).permutation(len(labels))
    first, again = _pixels(_map(vectors, labels)), _pixels(_map(vectors[order], labels[order]))
    np.testing.assert_array_equal(first, again)


def test_terms_are_drawn_as_they_are():
    # a lone $ or an unknown command would be an error in matplotlib's mathematics, and a line break would move lines
    odd = {0: ["$x_", "\\frac{1}$"], 1: ["咖啡", "two\nlines"], 2: []}
    assert _pixels(_map(*_users(30, 3), odd)).shape == (900, 1400, 3)


@pytest.mark.parametrize(
    ("terms", "most", "width", "shown"),
    [
        (["linux", "kernel", "patch", "more"], 3, 40, "linux, kernel, patch"),
        (["linux", "kernel", "patch"], 3, 13, "linux, kernel"),
        (["internationalisation"], 3, 10, "internati…"),
        (["咖啡", "机器"], 2, 7, "咖啡"),
        (["a\tb", "c"], 2, 9, "a b, c"),
        ([], 3, 10, ""),
    ],
)
def test_terms_are_cut_to_the_room_there_is(terms, most, width, shown):
    assert fitted(terms, most, width) == shown


def test_vectors_and_labels_of_two_sets_are_refused():
    with pytest.raises(TrackingError, match=r"\(3, 2\) and labels of shape \(2,\)"):
        _map(np.zeros((3, 2), np.float32), np.zeros(2, int))


@pytest.mark.parametrize("rows", [[], [(2, 0.1, 9.0, True)], [(k, None, 9.0 / k, k == 7) for k in range(2, 41)]])
def test_the_curve_is_drawn_for_any_number_of_points(rows):
    schema = {"k": pl.Int32, "silhouette": pl.Float64, "inertia": pl.Float64, "chosen": pl.Boolean}
    pixels = _pixels(k_curve(pl.DataFrame(rows, schema, orient="row"), title="Choosing k"))
    assert pixels.shape == (640, 1000, 3)
    assert (COLOURS[1] in _colours(pixels)) == bool(rows)
