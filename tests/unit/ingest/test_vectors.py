"""Ready-made vectors instead of texts."""

import json

import numpy as np
import polars as pl
import pytest

COLUMNS = {"vector": "embedding"}


def vectors_of(found):
    return [np.asarray(v) for v in found.accepted.sort("ts")["vector"]]


@pytest.mark.parametrize("name", ["r.parquet", "r.jsonl", "r.csv"])
def test_vectors_are_scaled_to_unit_length_and_text_may_be_missing(platform, name):
    columns = {"user_id": ["a", "b"], "ts": ["2024-01-02", "2024-01-03"], "text": [None, "t"]}
    frame = pl.DataFrame(columns | {"embedding": [[3.0, 4.0], [0.0, -2.0]]})
    path = platform.folder / name
    if name.endswith("csv"):
        frame.with_columns(pl.Series("embedding", ["[3.0, 4.0]", "[0, -2]"])).write_csv(path)
    else:
        (frame.write_parquet if name.endswith("parquet") else frame.write_ndjson)(path)
    found = platform.read(name, source={"columns": COLUMNS})
    assert np.allclose(vectors_of(found), [[0.6, 0.8], [0.0, -1.0]])
    assert found.accepted.sort("ts")["text"].to_list() == [None, "t"]
    assert found.accepted.schema["vector"] == pl.List(pl.Float32)


def test_fixed_size_arrays_and_integers_are_vectors_too(platform):
    columns = {"user_id": ["a"], "ts": ["2024-01-02"], "embedding": [[3, 4]]}
    frame = pl.DataFrame(columns, schema_overrides={"embedding": pl.Array(pl.Int32, 2)})
    frame.write_parquet(platform.folder / "r.parquet")
    assert np.allclose(vectors_of(platform.read("r.parquet", source={"columns": COLUMNS})), [[0.6, 0.8]])


@pytest.mark.parametrize(
    ("vector", "reason"),
    [
        ([1.0, 2.0, 3.0], "wrong_type"),
        ([], "wrong_type"),
        ([0.0, 0.0], "wrong_type"),
        ([1.0, None], "wrong_type"),
        (["a", "b"], "wrong_type"),
        ("a text", "wrong_type"),
        (None, "no_vector"),
    ],
)
def test_vectors_that_can_not_be_used_are_rejected(platform, vector, reason):
    rows = [{"user_id": "a", "ts": "2024-01-02", "text": f"t{i}", "embedding": [1.0, i]} for i in range(3)]
    rows.append({"user_id": "a", "ts": "2024-01-02", "text": "bad", "embedding": vector})
    platform.write("r.jsonl", "\n".join(json.dumps(r) for r in rows))
    found = platform.read("r.jsonl", source={"columns": COLUMNS})
    assert found.reasons == {"r.jsonl#4": reason}
    assert found.accepted.height == 3
    assert json.loads(found.rejected["raw"][0])["text"] == "bad"


def test_the_length_is_the_sources_not_the_windows(platform):
    rows = [{"user_id": "a", "ts": f"2024-0{m}-02", "embedding": [1.0] * n} for m, n in [(1, 2), (1, 2), (2, 3)]]
    pl.DataFrame([r | {"text": str(i)} for i, r in enumerate(rows)]).write_parquet(platform.folder / "r.parquet")
    assert platform.read("r.parquet", source={"columns": COLUMNS}).reasons == {"r.parquet#3": "wrong_type"}


def test_rows_that_differ_only_in_their_vector_are_no_duplicates(platform):
    rows = [{"user_id": "a", "ts": "2024-01-02", "embedding": v} for v in ([1.0, 0.0], [0.0, 1.0], [2.0, 0.0])]
    pl.DataFrame(rows).write_parquet(platform.folder / "r.parquet")
    found = platform.read("r.parquet", source={"columns": COLUMNS})
    assert found.reasons == {"r.parquet#3": "duplicate"}  # the same direction, unit length
