"""Pairs of windows to compare: users on a sphere in blurred segments, who write the words of theirs."""

import numpy as np
import polars as pl

from interest_platform.dynamics.drift import Side

K = 4


def unit(vectors) -> np.ndarray:
    vectors = np.asarray(vectors, np.float32)
    return (vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)).astype(np.float32)


def interests(users, vectors, segments, encoder="minilm") -> pl.DataFrame:
    """One interest a user."""
    return pl.DataFrame(
        {
            "user_key": list(users),
            "interest_no": [0] * len(users),
            "weight": [1.0] * len(users),
            "vector": [list(map(float, v)) for v in vectors],
            "encoder": [encoder] * len(users),
            "segment_id": list(segments),
        },
        {
            "user_key": pl.String,
            "interest_no": pl.Int32,
            "weight": pl.Float64,
            "vector": pl.List(pl.Float32),
            "encoder": pl.String,
            "segment_id": pl.String,
        },
    )


def texts(rows) -> pl.DataFrame:
    """(user, source, lang, text_hash, tokens) a row."""
    columns = {"user_key": pl.String, "source": pl.String, "lang": pl.String, "text_hash": pl.String}
    frame = pl.DataFrame(list(rows), {**columns, "tokens": pl.List(pl.String)}, orient="row")
    return frame.with_columns(n_tokens=pl.col("tokens").list.len().cast(pl.Int32))


def side(window, who: pl.DataFrame, written: pl.DataFrame, settings="kmeans, k silhouette") -> Side:
    history = written.select(pl.lit(window).alias("window"), "user_key", "source", "lang", "text_hash")
    return Side(window, who, written, history, settings)


def pair(seed, users=200, dimensions=16, returning=0.4, new=0.0, blur=0.8, german=0.1) -> tuple[Side, Side]:
    """Two windows of one population; a share `new` of the second's users is in a segment that the first has not."""
    rng = np.random.default_rng(seed)
    centres = unit(rng.standard_normal((K + 1, dimensions)))
    back = round(returning * users)
    names = [f"user {i:05d}" for i in rng.permutation(2 * users - back)]
    first, second = rng.integers(0, K, (2, users))
    noise = blur * rng.standard_normal((2, users, dimensions)) / np.sqrt(dimensions)
    second[:back], noise[1, :back] = first[:back], 0.7 * noise[0, :back] + 0.51**0.5 * noise[1, :back]
    second[users - round(new * users) :] = K
    return (
        _side(rng, "2024-01-01", names[:users], centres[first] + noise[0], first, 0.1),
        _side(rng, "2024-01-08", names[:back] + names[users:], centres[second] + noise[1], second, german),
    )


def _side(rng, window, names, vectors, number, german) -> Side:
    segments = [f"s{n:04d}" for n in number]
    written = [
        (
            user,
            "mail" if rng.random() < 0.7 else "forum",
            "de" if rng.random() < german else "en",
            f"{window} {user} {i}",
            [f"{segment}-{w}" for w in rng.integers(0, 12, rng.integers(3, 9))],
        )
        for user, segment in zip(names, segments, strict=True)
        for i in range(1 + rng.poisson(0.7))
    ]
    return side(window, interests(names, unit(vectors), segments), texts(written))
