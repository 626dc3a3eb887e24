"""A distinct text is encoded once: its vector is found in whatever window holds it."""

from collections.abc import Callable

import polars as pl

from interest_platform.domain.tables import EMBEDDINGS
from interest_platform.domain.windows import Window
from interest_platform.lake import Lake, Stamp


def _embeddings(window: Window, vectors: dict[tuple[str, str], float]) -> pl.DataFrame:
    rows = [
        {"text_hash": h, "encoder": e, "vector": [v], "n_model_tokens": 1, "truncated": False}
        for (h, e), v in vectors.items()
    ]
    return EMBEDDINGS.conform(pl.DataFrame(rows), window.start)


def test_known_vectors_are_of_the_asked_hashes_and_encoder_one_row_a_hash_from_the_earliest_window(
    lake: Lake, windows: list[Window], stamp: Stamp
) -> None:
    second = {("b", "e"): 20.0, ("c", "e"): 30.0, ("d", "e"): 40.0}
    lake.replace(windows[1], {"embeddings": _embeddings(windows[1], second)}, stamp)
    first = {("a", "e"): 1.0, ("b", "e"): 2.0, ("c", "other"): 3.0}
    version = lake.replace(windows[0], {"embeddings": _embeddings(windows[0], first)}, stamp).version
    lake.replace(windows[2], {"embeddings": _embeddings(windows[2], {("new", "e"): 5.0})}, stamp)

    found = lake.known_vectors("e", pl.Series(["c", "b", "new", "b", "absent", None]))

    assert found.schema == EMBEDDINGS.schema.to_frame().drop("window_start", "encoder").schema
    assert found.select("text_hash", "vector").rows() == [("b", [2.0]), ("c", [30.0]), ("new", [5.0])]
    assert lake.known_vectors("e", pl.Series(["new", "d"]), version=version)["text_hash"].to_list() == ["d"]


def test_no_known_vector_is_an_empty_frame_of_the_same_columns(
    lake: Lake, windows: list[Window], stamp: Stamp, frame: Callable[..., pl.DataFrame]
) -> None:
    lake.replace(windows[0], {"embeddings": frame(EMBEDDINGS, windows[0])}, stamp)
    for hashes in (pl.Series([], dtype=pl.String), pl.Series(["absent"])):
        found = lake.known_vectors("e", hashes)
        assert found.columns == ["text_hash", "vector", "n_model_tokens", "truncated"]
        assert found.schema["vector"] == pl.List(pl.Float32)
        assert found.is_empty()
