from datetime import datetime

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interest_platform.domain.dynamics_tables import SEGMENT_RENAMES
from interest_platform.dynamics.names import name_hash, name_segments, overlap
from interest_platform.errors import ContractError

KNOWN = {"segment_id": pl.String, "name": pl.String, "name_hash": pl.String, "name_terms": pl.List(pl.String)}
RAIL, SKI, COOK = ["train", "ticket", "rail", "lyon"], ["ski", "snow", "alps", "lift"], ["cook", "pan", "oven", "salt"]


def window(**segments):
    """`s0001=[...]`: clusters numbered as given, and their identities."""
    rows = [(n, segment, list(terms)) for n, (segment, terms) in enumerate(segments.items())]
    schema = {"cluster_id": pl.Int32, "segment_id": pl.String, "top_terms": pl.List(pl.String)}
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    return frame.select("cluster_id", "top_terms"), frame.select("cluster_id", "segment_id")


def called(known=None, **segments):
    """Segments' names, and renames as rows."""
    clusters, identities = window(**segments)
    found = name_segments(clusters, identities, pl.DataFrame(schema=KNOWN) if known is None else known)
    names = identities.join(found.names, on="cluster_id")
    return dict(names.select("segment_id", "name").iter_rows()), found.renames.rows()


def after(**segments):
    """What is known after a window."""
    clusters, identities = window(**segments)
    names = name_segments(clusters, identities, pl.DataFrame(schema=KNOWN)).names
    return identities.join(names, on="cluster_id").select(*KNOWN)


def test_a_new_segment_is_called_by_its_first_three_terms():
    assert called(s0001=RAIL, s0002=SKI) == ({"s0001": "train, ticket, rail", "s0002": "ski, snow, alps"}, [])


@pytest.mark.parametrize(
    ("top_terms", "share"),
    [
        (["rail", "ticket", "train"], 1),
        (["lyon", "TICKET", "train"], 1.8 / 2.44),
        (["rail", "bus", "ticket"], 1.44 / 2.44),
        (["train", "bus", "tram"], 1 / 2.44),
        (["bus"], 0),
        ([], 0),
    ],
)
def test_overlap_by_hand(top_terms, share):
    assert overlap(["train", "ticket", "rail"], top_terms) == pytest.approx(share)


def test_a_name_stays_while_two_of_three_terms_describe_the_segment():
    names, renames = called(after(s0001=RAIL), s0001=["rail", "bus", "tram", "ticket"])
    assert names == {"s0001": "train, ticket, rail"} and renames == []


def test_a_segment_about_something_else_is_renamed_and_the_log_says_by_how_much():
    names, renames = called(after(s0001=RAIL, s0002=SKI), s0001=["train", "bus", "tram"], s0002=SKI)
    assert names == {"s0001": "train, bus, tram", "s0002": "ski, snow, alps"}
    assert renames == [("s0001", "train, ticket, rail", "train, bus, tram", pytest.approx(1 / 2.44))]


def test_a_name_does_not_creep_it_is_compared_with_its_own_terms_not_the_last_windows():
    known = after(s0001=RAIL)
    for terms in (["ticket", "rail", "bus"], ["rail", "ticket", "tram"]):
        assert called(known, s0001=terms)[0] == {"s0001": "train, ticket, rail"}


def test_segments_of_one_window_never_share_a_name():
    names, _ = called(s0001=RAIL, s0002=RAIL, s0003=["rail", "ticket", "train"], s0004=["ticket", "train", "rail"])
    assert names == {
        "s0001": "train, ticket, rail",
        "s0002": "train, ticket, lyon",
        "s0003": "rail, ticket, train (s0003)",
        "s0004": "ticket, train, rail (s0004)",
    }


def test_a_name_that_stays_goes_before_a_new_one_whatever_the_ids():
    names, renames = called(after(s0002=RAIL), s0001=RAIL, s0002=RAIL)
    assert names == {"s0001": "train, ticket, lyon", "s0002": "train, ticket, rail"} and renames == []


def test_one_who_returns_to_find_the_name_taken_is_renamed():
    known = pl.concat([after(s0001=RAIL), after(s0002=RAIL)])
    names, renames = called(known, s0001=RAIL, s0002=RAIL)
    assert names == {"s0001": "train, ticket, rail", "s0002": "train, ticket, lyon"}
    assert renames == [("s0002", "train, ticket, rail", "train, ticket, lyon", 1.0)]


def test_segments_without_terms_are_called_by_their_ids_and_keep_a_name_they_had():
    assert called(s0001=[], s0002=[])[0] == {
        "s0001": "no words of its own (s0001)",
        "s0002": "no words of its own (s0002)",
    }
    assert called(after(s0001=RAIL), s0001=[]) == ({"s0001": "train, ticket, rail"}, [])
    names, renames = called(after(s0001=[]), s0001=RAIL)
    assert names == {"s0001": "train, ticket, rail"}
    assert renames == [("s0001", "no words of its own (s0001)", "train, ticket, rail", 0.0)]


def test_a_key_makes_forms_of_a_word_the_same():
    clusters, identities = window(s0001=["trains", "tickets", "bus"])
    found = name_segments(clusters, identities, after(s0001=RAIL), key=lambda term: term.removesuffix("s"))
    assert found.names["name"].to_list() == ["train, ticket, rail"]


def test_the_hash_is_of_the_terms_in_no_order():
    assert name_hash(["a", "B"]) == name_hash(["b", "a"]) != name_hash(["ab"])


def test_frames_that_do_not_fit_are_refused():
    clusters, identities = window(s0001=RAIL, s0002=SKI)
    known = pl.DataFrame(schema=KNOWN)
    twice = identities.with_columns(segment_id=pl.lit("s0001"))
    for wrong in (identities.head(1), twice):
        with pytest.raises(ContractError, match="do not fit"):
            name_segments(clusters, wrong, known)
    with pytest.raises(ContractError, match="two last names"):
        name_segments(clusters, identities, pl.concat([after(s0001=RAIL)] * 2))


def test_the_renames_are_the_tables():
    for terms in (RAIL, COOK):
        clusters, identities = window(s0001=terms)
        renames = name_segments(clusters, identities, after(s0001=RAIL)).renames
        start = datetime(2024, 1, 1)
        SEGMENT_RENAMES.check(SEGMENT_RENAMES.conform(renames, start), start)


def test_another_name_has_to_win_in_two_windows():
    known = after(s0001=RAIL).with_columns(contested=pl.lit(False))
    clusters, identities = window(s0001=COOK)
    first = name_segments(clusters, identities, known)
    assert first.names.select("name", "contested").rows() == [("train, ticket, rail", True)]
    known = known.with_columns(contested=pl.lit(True))
    assert name_segments(clusters, identities, known).names.select("name", "contested").rows() == [
        ("cook, pan, oven", False)
    ]
    back = window(s0001=RAIL)
    assert name_segments(*back, known).names.select("name", "contested").rows() == [("train, ticket, rail", False)]


terms_of = st.lists(st.sampled_from("abcdef"), max_size=5, unique=True)
segments_of = st.dictionaries(st.sampled_from(["s0001", "s0002", "s0003", "s0004"]), terms_of)


@given(segments_of, segments_of, st.integers(0, 99))
@settings(deadline=None, max_examples=150)
def test_names_are_unique_stable_and_do_not_depend_on_the_order_of_rows(last, now, seed):
    known = after(**last)
    clusters, identities = window(**now)
    found = name_segments(clusters, identities, known)
    assert found.names["name"].is_unique().all()
    assert set(found.renames["segment_id"]) <= set(last) & set(now)
    again = name_segments(
        *(frame.sample(fraction=1, shuffle=True, seed=seed) for frame in (clusters, identities, known))
    )
    assert again.names.equals(found.names) and again.renames.equals(found.renames)
    # the same window once more renames nobody
    twice = identities.join(found.names, on="cluster_id").select(*KNOWN)
    settled = name_segments(clusters, identities, twice)
    assert settled.renames.is_empty() and settled.names.drop("name_evidence").equals(found.names.drop("name_evidence"))
