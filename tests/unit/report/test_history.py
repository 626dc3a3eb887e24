"""The history that all pictures are drawn from: names, order, colours, and words."""

import datetime as dt

import numpy as np
import polars as pl
import pytest
from planted_history import many_frames, planted_frames

from interest_platform.domain.tables import TABLES
from interest_platform.report import Frames, pictures, read_frames
from interest_platform.report.history import history_of
from interest_platform.report.palette import BASE, DARK, INK, MUTED, PAPER, colour_of, outline_of
from interest_platform.report.words import cut, listed, number, width_of


def test_the_made_up_history_is_of_the_lakes_tables():
    frames = planted_frames()
    for name, frame in {
        "segment_identities": frames.identities,
        "segment_events": frames.events,
        "segment_migrations": frames.migrations,
        "drift_metrics": frames.drift,
        "cluster_snapshots": frames.snapshots,
    }.items():
        for (start,), window in frame.group_by("window_start"):
            TABLES[name].check(window, start)


def test_parts_stand_beside_what_they_came_from():
    order = list(history_of(planted_frames()).segments)
    assert order.index("s0009") - order.index("s0002") in (1, 2)
    assert order.index("s0010") - order.index("s0002") in (1, 2)
    assert order.index("s0012") - 1 in (order.index("s0003"), order.index("s0004"))
    assert order[-1] == "s0011"  # a birth has no family


def test_into_the_first_window_nothing_flows():
    history = history_of(planted_frames())
    assert min(flow.into for flow in history.flows) == 1
    assert {flow.into for flow in history.flows} == set(range(1, 10))


def test_the_order_of_rows_does_not_matter():
    frames = planted_frames()
    turned = Frames(**{k: v.reverse() if isinstance(v, pl.DataFrame) else v for k, v in vars(frames).items()})
    for one, other in zip(pictures(frames), pictures(turned), strict=True):
        assert one.spec == other.spec
        assert all(one.tables[t].equals(other.tables[t]) for t in one.tables)


def test_the_name_is_the_newest():
    start = dt.datetime(2024, 1, 1)
    identities = planted_frames(windows=2).identities.with_columns(
        name=pl.when(pl.col("window_start") == start).then(pl.lit("old")).otherwise(pl.lit("new"))
    )
    history = history_of(Frames(identities=identities, snapshots=planted_frames(windows=2).snapshots))
    assert {s.name for s in history.segments.values() if s.last == 1} == {"new"}


def test_colours_belong_to_the_segment_not_to_the_report():
    assert len({colour_of(f"s{i:04d}") for i in range(1, 21)}) == 20
    assert colour_of("s0021") == colour_of("s0001")
    assert colour_of("w20240101-c03") == colour_of("w20240101-c03")
    assert outline_of("s0011") == outline_of("s0001") == BASE[0]


def _light(colour):
    value = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4) @ [0.2126, 0.7152, 0.0722]


def _contrast(one, other):
    low, high = sorted((_light(one), _light(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("dark", [False, True])
def test_texts_and_marks_stand_out_from_the_page(dark):
    seen = (lambda c: DARK.get(c, c)) if dark else (lambda c: c)
    assert min(_contrast(seen(c), seen(PAPER)) for c in (INK, MUTED)) >= 4.5
    # yellow and teal are light on white, as any palette of ten that all can tell apart has some
    assert min(_contrast(seen(c), seen(PAPER)) for c in BASE) >= (3 if dark else 2)


@pytest.mark.parametrize(
    ("text", "width", "expected"),
    [
        ("short", 100, "short"),
        ("a\nb\tc", 100, "a b c"),
        ("中文中文", 12 * 3.5, "中文…"),
        ("", 10, ""),
        ("word", 0, "…"),
    ],
)
def test_texts_are_cut_to_a_width(text, width, expected):
    assert cut(text, width) == expected


def test_the_estimated_width_is_not_below_that_of_a_wide_font():
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    for text in ("espresso, grinder, crema", "WWW MOMENTUM", "iiii llll", "s0001 2024-01-01"):
        real = TextPath((0, 0), text, 12, prop=FontProperties("DejaVu Sans")).get_extents().width
        assert real <= width_of(text, 12) <= 1.7 * real


def test_words():
    assert [number(v) for v in (None, 3.0, 0.1234, 12.34, 1234567.0)] == ["", "3", "0.123", "12.3", "1,234,567"]
    assert [listed(p) for p in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == ["", "a", "a and b", "a, b and c"]


def test_frames_are_read_at_one_version_of_the_newest_windows():
    from interest_platform.domain.windows import Grain, WindowGrid

    asked = []

    class Lake:
        def read(self, table, windows=None, *, columns=None, version=None):
            asked.append((table.name, len(windows), version))
            return table.empty().select(columns or table.names)

    windows = list(WindowGrid(Grain.DAY, dt.date(2024, 1, 1), dt.date(2024, 2, 1)))
    frames = read_frames(Lake(), windows, 7)
    assert {version for _, _, version in asked} == {7}
    assert {name: n for name, n, _ in asked}["segment_identities"] == 24
    assert {name: n for name, n, _ in asked}["user_interests"] == 1
    assert [picture.spec for picture in pictures(frames)] == [None] * 6


def test_a_crowded_history_stays_within_bounds():
    [flows, timeline, drift, places, *_] = pictures(many_frames())
    assert len(flows.marks["ribbons"]) <= 1_500
    assert len(timeline.marks["bands"]) == 40 and "The 20 smallest segments have no lane" in timeline.summary
    assert len(drift.spec["data"]) < 10
    assert len(places.marks["users"]) == 1_500 and "1,500 of 3,000 users drawn" in places.summary
