"""Ids of texts, unit vectors, pseudonyms: against the plain definition."""

import hashlib
from datetime import datetime

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from interest_platform.domain.pseudonyms import IDENTITIES, user_key
from interest_platform.sources.text_ids import text_ids
from interest_platform.sources.users import Users
from interest_platform.sources.vectors import unit_vectors

SCHEMA = {"source": pl.String, "user_key": pl.String, "item_id": pl.String, "ts": pl.Datetime("us"), "text": pl.String}


def ids(*rows):
    return text_ids(pl.DataFrame(list(rows), schema=SCHEMA, orient="row")).to_list()


def test_an_id_is_the_hash_of_its_parts_and_their_lengths():
    moment = datetime(1970, 1, 1, 0, 0, 1)
    plain = b"1:s1:u-7:10000003:\xc3\xa9!"
    assert ids(("s", "u", None, moment, "é!")) == [hashlib.sha256(plain).hexdigest()[:32]]


@given(
    st.lists(
        st.tuples(st.text(max_size=3), st.none() | st.text(max_size=3), st.none() | st.text(max_size=3)), unique=True
    )
)
def test_different_rows_have_different_ids(rows):
    moment = datetime(2024, 1, 1)
    found = ids(*(("s", user, item, moment, text) for user, item, text in rows))
    assert len(set(found)) == len(rows)


def test_vectors_are_part_of_the_id():
    row = {"source": "s", "user_key": "u", "item_id": None, "ts": datetime(2024, 1, 1), "text": None}
    rows = [row | {"vector": vector} for vector in ([1.0, 0.0], [0.0, 1.0])]
    frame = pl.DataFrame(rows, schema=SCHEMA | {"vector": pl.List(pl.Float32)})
    assert text_ids(frame).n_unique() == 2


def test_unit_vectors_keep_their_direction_at_every_scale():
    given_ = [[3.0, 4.0], [3e200, 4e200], [3e-200, 4e-200], [1.0], [0.0, 0.0], [1.0, float("nan")], [1.0, None], None]
    found = unit_vectors(pl.Series(given_, dtype=pl.List(pl.Float64)), 2)
    assert np.allclose(found[:3].to_list(), [[0.6, 0.8]] * 3)
    assert found[3:].null_count() == 5
    assert found.dtype == pl.List(pl.Float32)


def test_users_are_pseudonymised_by_source_or_by_person():
    persons = pl.DataFrame({"user_id": ["b"], "person_id": ["p"]})
    found = Users("s", b"k", persons).keys(pl.Series(["b", None, "a", "b"]))
    person = user_key(b"k", IDENTITIES, "p")
    assert found.to_list() == [person, None, user_key(b"k", "s", "a"), person]
    assert "k'" not in repr(Users("s", b"k"))
