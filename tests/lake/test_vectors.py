"""A distinct text is encoded once: its vector is found in whatever window holds it."""

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest

from interest_platform.domain.tables import EMBEDDINGS, USER_INTERESTS
from interest_platform.domain.windows import Window
from interest_platform.errors import LakeError
from interest_platform.interests.vectors import as_lists, as_matrix
from interest_platform.lake import Lake, Stamp, batches


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


def _interests(window: Window, vectors: np.ndarray) -> pl.DataFrame:
    keys = [f"u{number:05d}" for number in np.random.default_rng(0).permutation(len(vectors))]
    frame = pl.DataFrame({"user_key": keys, "vector": as_lists(vectors)}).with_columns(
        interest_no=0, weight=1.0, n_texts=1, windows_present=1, encoder=pl.lit("e")
    )
    missing = [pl.lit(None, c.type.polars).alias(c.name) for c in USER_INTERESTS.body if c.name not in frame.columns]
    return USER_INTERESTS.conform(frame.with_columns(missing), window.start)


def test_vectors_read_in_batches_stand_where_their_keys_do(
    lake: Lake, windows: list[Window], stamp: Stamp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "BATCH", 2_048)
    frame = _interests(windows[0], np.random.default_rng(1).normal(size=(5_000, 3)).astype(np.float32))
    lake.replace(windows[0], {"user_interests": frame}, stamp)
    keys = frame.select("user_key", "interest_no").sample(fraction=1, shuffle=True, seed=0)

    found = lake.vectors(USER_INTERESTS, windows[0], keys)

    assert found.flags.writeable
    joined = keys.join(frame, on=["user_key", "interest_no"], maintain_order="left")
    np.testing.assert_array_equal(found, as_matrix(joined["vector"]))
    assert lake.vectors(USER_INTERESTS, windows[1], keys.head(0)).shape == (0, 0)
    with pytest.raises(LakeError, match="1 rows of which no key"):
        lake.vectors(USER_INTERESTS, windows[0], keys.head(4_999))
    extra = pl.DataFrame({"user_key": ["new"], "interest_no": [0]}, schema=keys.schema)
    with pytest.raises(LakeError, match="lacks 1 of 5001 keys"):
        lake.vectors(USER_INTERESTS, windows[0], pl.concat([keys, extra]))
