"""What micro-batches need of the lake: rows of some users alone, vectors made between windows, and no loaded window."""

from collections.abc import Callable

import polars as pl
import pytest

from interest_platform.domain.live_tables import PROVISIONAL_SEGMENTS, PROVISIONAL_VECTORS
from interest_platform.domain.tables import EMBEDDINGS, RAW_TEXTS
from interest_platform.domain.windows import Window
from interest_platform.lake import Lake, Stamp
from interest_platform.lake.live import loaded_since
from interest_platform.lake.staleness import load_times

Frames = Callable[..., pl.DataFrame]


def test_rows_among_some_keys_are_those_of_the_whole_table_with_such_a_key(
    lake: Lake, windows: list[Window], stamp: Stamp, frame: Frames
) -> None:
    for window in windows[:2]:
        lake.replace(window, {"raw_texts": frame(RAW_TEXTS, window)}, stamp)
    whole = lake.read(RAW_TEXTS)
    users = whole.select("user_key").gather([0, 2, 0])
    wanted = pl.concat([users, pl.DataFrame({"user_key": ["of nobody"]})])
    assert lake.read(RAW_TEXTS, among=wanted).equals(whole.join(users, on="user_key", how="semi"))
    two = whole.select("user_key", "text_id").head(1)
    assert lake.read(RAW_TEXTS, [windows[1]], columns=["text_id"], among=two).height == 1
    assert lake.read(RAW_TEXTS, among=wanted.clear()).is_empty()
    # what is asked for in one reading leaves nothing behind in the next
    assert lake.read(RAW_TEXTS).equals(whole)


def vectors(table: str, window: Window, rows: dict[str, float]) -> dict[str, pl.DataFrame]:
    told = [
        {"text_hash": h, "encoder": "e", "vector": [v], "n_model_tokens": 1, "truncated": False}
        for h, v in rows.items()
    ]
    return {table: {"embeddings": EMBEDDINGS, "provisional_vectors": PROVISIONAL_VECTORS}[table].conform(
        pl.DataFrame(told), window.start
    )}  # fmt: skip


def test_a_vector_that_a_micro_batch_made_is_known_and_that_of_a_window_goes_before_it(
    lake: Lake, windows: list[Window], stamp: Stamp
) -> None:
    lake.replace(windows[1], vectors("provisional_vectors", windows[1], {"a": 1.0, "b": 2.0}), stamp)
    lake.replace(windows[0], vectors("embeddings", windows[0], {"a": 10.0}), stamp)
    found = lake.known_vectors("e", pl.Series(["a", "b", "c"]))
    assert found.select("text_hash", "vector").rows() == [("a", [10.0]), ("b", [2.0])]


def test_what_a_micro_batch_writes_is_no_load_of_a_window(
    lake: Lake, windows: list[Window], stamp: Stamp, frame: Frames
) -> None:
    lake.replace(windows[0], {"provisional_segments": frame(PROVISIONAL_SEGMENTS, windows[0])}, stamp)
    lake.replace(windows[0], vectors("provisional_vectors", windows[0], {"a": 1.0}), stamp)
    assert load_times(lake).is_empty()


@pytest.mark.parametrize("loaded", [False, True])
def test_vectors_are_to_go_once_their_window_is_loaded(
    loaded: bool, lake: Lake, windows: list[Window], stamp: Stamp
) -> None:
    lake.replace(windows[1], vectors("provisional_vectors", windows[1], {"a": 1.0}), stamp)
    if loaded:
        lake.replace(windows[1], vectors("embeddings", windows[1], {"a": 1.0}), stamp)
    assert loaded_since(lake, lake.version()) == [windows[1]] * loaded
