"""Events and ids of carried segments, as the carrying has them."""

import datetime as dt

import polars as pl

from interest_platform.domain.clustering_tables import CARRIED_SEGMENTS
from interest_platform.dynamics.genealogy_frames import broken_genealogy_laws, event_rows
from interest_platform.dynamics.identities import Past
from interest_platform.dynamics.lineages import Carrying, genealogy_of
from interest_platform.dynamics.sightings import Sighting


def carrying(rows, segments):
    """`rows` of (lineage, state, cluster, event, parents)."""
    columns = ["lineage", "state", "cluster_id", "event", "parents"]
    frame = pl.DataFrame(
        rows, {name: c.type.polars for name in columns for c in CARRIED_SEGMENTS.body if c.name == name}, orient="row"
    )
    return Carrying(
        frame.with_columns(reason=pl.lit("because"), began_ago=1, theme=pl.lit("t"), went_on=pl.lit(True)), segments
    )


def sighting(members):
    """Clusters 0.. with these users each."""
    clusters = pl.DataFrame(
        {
            "cluster_id": pl.Series(range(len(members)), dtype=pl.Int32),
            "size": pl.Series([len(users) for users in members], dtype=pl.Int32),
            "cohesion": [0.9] * len(members),
            "centroid": pl.Series([[1.0, float(n)] for n in range(len(members))], dtype=pl.List(pl.Float32)),
        }
    )
    rows = [(user, number, 1.0) for number, users in enumerate(members) for user in users]
    schema = {"user_key": pl.String, "cluster_id": pl.Int32, "weight": pl.Float64}
    return Sighting(clusters, pl.DataFrame(rows, schema, orient="row"), "e")


def found(told, now, before=None, names=None):
    past = Past(last=before, segments=names or {}, numbers=7)
    genealogy = genealogy_of(told, now, past)
    assert broken_genealogy_laws(genealogy, now, past, told.quiet) == []
    ids = {i.cluster_id: i.segment_id for i in genealogy.identities}
    return ids, [(e.kind, e.parents, e.children, e.users_moved) for e in genealogy.events]


def test_a_carried_segment_survives_and_a_quiet_one_has_no_event():
    told = carrying([("a", "live", 0, None, []), ("b", "quiet", None, None, [])], {"a": "s0001", "b": "s0002"})
    ids, events = found(told, sighting(["xy"]), sighting(["xz", "y"]), {0: "s0001", 1: "s0002"})
    assert ids == {0: "s0001"}
    assert events == [("survive", ("s0001",), ("s0001",), 1)]


def test_a_birth_has_the_next_number_and_a_death_none():
    told = carrying([("a", "live", 1, None, []), ("n", "live", 0, "birth", []), ("b", "ended", None, "death", [])],
                    {"a": "s0001", "b": "s0002"})  # fmt: skip
    ids, events = found(told, sighting(["uvw", "xy"]), sighting(["xy", "z"]), {0: "s0001", 1: "s0002"})
    assert ids == {0: "s0008", 1: "s0001"}
    assert [(kind, parents, children) for kind, parents, children, _ in events] == [
        ("birth", (), ("s0008",)),
        ("death", ("s0002",), ()),
        ("survive", ("s0001",), ("s0001",)),
    ]


def test_a_merge_ends_both_and_a_split_the_whole():
    rows = [("m", "live", 0, "merge", ["a", "b"]), ("p", "live", 1, "split", ["c"]), ("q", "live", 2, "split", ["c"])]
    told = carrying(rows, {"a": "s0001", "b": "s0002", "c": "s0003"})
    before = sighting(["wx", "y", "uv"])
    ids, events = found(told, sighting(["wxy", "u", "v"]), before, {0: "s0001", 1: "s0002", 2: "s0003"})
    assert events == [
        ("merge", ("s0001", "s0002"), ("s0008",), 3),
        ("split", ("s0003",), ("s0009", "s0010"), 2),
    ]
    assert ids == {0: "s0008", 1: "s0009", 2: "s0010"}


def test_the_only_part_of_a_split_that_has_users_goes_on_as_the_whole():
    rows = [("p", "live", 0, "split", ["c"]), ("q", "quiet", None, "split", ["c"])]
    ids, events = found(carrying(rows, {"c": "s0003"}), sighting(["uv"]), sighting(["uv"]), {0: "s0003"})
    assert ids == {0: "s0003"}
    assert events == [("survive", ("s0003",), ("s0003",), 2)]


def test_a_segment_that_returns_after_quiet_windows_is_itself():
    told = carrying([("a", "live", 0, None, [])], {"a": "s0001"})
    ids, events = found(told, sighting(["x"]))
    assert ids == {0: "s0001"}
    assert events == [("survive", ("s0001",), ("s0001",), 0)]


def test_an_event_is_dated_back_to_the_window_that_first_showed_it():
    told = carrying([("a", "live", 0, None, []), ("b", "live", 1, "birth", [])], {"a": "s0001"})
    genealogy = genealogy_of(told, sighting([["u"], ["v"]]), Past(last=None, segments={}, numbers=7))
    this, before = dt.datetime(2024, 1, 8), dt.datetime(2024, 1, 1)
    assert event_rows(genealogy, [this, before]).select("kind", "began").rows() == [
        ("birth", before),
        ("survive", this),
    ]
    assert event_rows(genealogy, [this])["began"].to_list() == [this, this]
