"""Where items lie: the mean of the vectors of the texts about them, each text once."""

import numpy as np
import polars as pl
import pytest

from interest_platform.interests import as_lists, as_matrix
from interest_platform.recommendation.items import item_vectors

VECTORS = pl.DataFrame(
    {"text_hash": ["a", "b", "c", "d"], "vector": as_lists(np.array([[1, 0], [0, 1], [-1, 0], [0.6, 0.8]], np.float32))}
)


def texts(*rows):
    return pl.DataFrame(rows, schema=["item_id", "user_key", "text_hash"], orient="row")


def test_the_unit_mean_with_how_many_texts_and_users():
    found = item_vectors(texts(("x", "u", "a"), ("x", "v", "b"), ("y", "u", "d")), VECTORS)
    assert found.select("item_id", "n_texts", "n_users").rows() == [("x", 2, 2), ("y", 1, 1)]
    assert as_matrix(found["vector"])[0] == pytest.approx([np.sqrt(0.5)] * 2)


def test_a_text_that_several_repeat_counts_once():
    once = item_vectors(texts(("x", "u", "a"), ("x", "u", "b")), VECTORS)
    again = item_vectors(texts(*[("x", f"u{n}", "a") for n in range(9)], ("x", "u", "b")), VECTORS)
    assert again["vector"].to_list() == once["vector"].to_list()
    assert again["n_users"].to_list() == [10]


def test_texts_without_item_or_vector_count_nowhere():
    found = item_vectors(texts((None, "u", "a"), ("x", "u", "unknown"), ("y", "u", "a")), VECTORS)
    assert found["item_id"].to_list() == ["y"]


def test_an_item_whose_texts_cancel_out_has_no_place():
    assert item_vectors(texts(("x", "u", "a"), ("x", "u", "c")), VECTORS).is_empty()


def test_the_order_of_rows_changes_nothing():
    rows = [("x", f"u{n}", h) for n, h in enumerate("abdabd")]
    assert item_vectors(texts(*rows), VECTORS).equals(item_vectors(texts(*rows[::-1]), VECTORS[::-1]))


def test_without_texts_there_are_no_items():
    empty = pl.DataFrame(schema={"item_id": pl.String, "user_key": pl.String, "text_hash": pl.String})
    found = item_vectors(empty, VECTORS)
    assert found.is_empty()
    assert found.columns == ["item_id", "vector", "n_texts", "n_users"]
