"""Texts that people have labelled, and their vectors by each encoder: what benchmarks of quality measure on.

Data sets: `mailing-lists` (the demo's sample, by list), and of the folder `--data` `amazon` (by category),
`stack-exchange` (two sites, by site and first tag) and `chinese-shopping` (by category). Texts are cleaned as the line
cleans them, distinct, of 20 characters at least (Chinese: 5), and of labels with 20 texts at least.
"""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from interest_platform.configuration import EncoderSettings

DATA = Path(__file__).parents[2] / "shared" / "data"
FEWEST_TEXTS = 20
FILES = {
    "amazon": ("amazon_reviews_6cat.parquet", 20),
    "stack-exchange": ("stackexchange_coffee_dsmeta.parquet", 20),
    "chinese-shopping": ("zh_online_shopping_10cat.parquet", 5),
}
"""File of each data set in the folder, and the fewest characters of a text."""

NAMES = ("mailing-lists", *FILES)
ENCODERS = {
    "transformer": EncoderSettings(),
    "multilingual": EncoderSettings(kind="multilingual"),
    "static": EncoderSettings(kind="static"),
    "tfidf": EncoderSettings(kind="tfidf"),
    "word2vec": EncoderSettings(kind="word2vec"),
}


@dataclass(frozen=True)
class Labelled:
    """Distinct clean texts, their label 0..k-1 (n,), and their author (n,), -1 where none is known."""

    name: str
    texts: list[str]
    labels: np.ndarray
    users: np.ndarray

    @property
    def k(self) -> int:
        """How many labels there are."""
        return int(self.labels.max()) + 1


def load(name: str, data: Path, most: int, seed: int = 0) -> Labelled:
    """At most `most` texts, as many of each label while there are any, drawn by the seed.

    Raises `FileNotFoundError` where the folder lacks the file, `SampleError` where the sample can't be fetched.
    """
    from interest_platform.text.cleaning import clean_texts

    raw, shortest = _raw(name, data)
    clean = raw.drop_nulls(["text", "category"]).with_columns(clean_texts(raw.drop_nulls(["text", "category"])["text"]))
    long = clean.filter(pl.col("text").str.len_chars() >= shortest).unique("text", keep="first", maintain_order=True)
    placed = long.with_columns(place=pl.int_range(pl.len()).shuffle(seed=seed).over("category"))
    drawn = placed.sort("place", "category", "text").head(most)
    drawn = drawn.filter(pl.len().over("category") >= FEWEST_TEXTS)
    numbers = [
        drawn[column].rank("dense").fill_null(0).to_numpy().astype(int) - 1 for column in ("category", "user_id")
    ]
    return Labelled(name, drawn["text"].to_list(), *numbers)


def _raw(name: str, data: Path) -> tuple[pl.DataFrame, int]:
    if name == "mailing-lists":
        from interest_platform.settings import SAMPLES_NAME, home_folder
        from interest_platform.sources.samples import fetch

        return pl.read_parquet(fetch(name, home_folder() / SAMPLES_NAME)), 20
    file, shortest = FILES[name]
    if not (data / file).is_file():
        raise FileNotFoundError(f"{name}: {data / file} is not there; name the folder that holds it with --data")
    frame = pl.read_parquet(data / file, columns=["user_id", "text", "category"])
    return frame.with_columns(pl.col("user_id").cast(pl.String)), shortest


def vectors_of(texts: Sequence[str], encoder: str, kept: Path) -> np.ndarray:
    """Unit vectors (n, d) of the texts by the encoder; kept in the folder. A trained encoder learns from the texts."""
    digest = hashlib.sha256("\0".join([encoder, *texts]).encode()).hexdigest()[:16]
    path = kept / f"{encoder}-{digest}.npy"
    if not path.is_file():
        kept.mkdir(parents=True, exist_ok=True)
        beside = path.with_suffix(f".{os.getpid()}.npy")
        np.save(beside, encoded(texts, texts, encoder, kept))
        beside.replace(path)
    return np.load(path)


def encoded(texts: Sequence[str], learnt: Sequence[str], encoder: str, kept: Path) -> np.ndarray:
    """Unit vectors (n, d) of texts by an encoder that, where it is a trained one, has learnt from others."""
    from interest_platform.embedding import load_encoder
    from interest_platform.embedding.trained import train

    settings = ENCODERS[encoder]
    if settings.kind in ("tfidf", "word2vec"):
        model = train(settings, kept, sorted(set(learnt)), {})
    else:
        model = load_encoder(settings, Path.cwd(), kept)
    return model.encode(list(texts)).vectors


def common_options(parser, most: int) -> None:  # type: ignore[no-untyped-def]
    """The options that benchmarks on labelled texts share."""
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the data sets (default: ../shared/data)")
    parser.add_argument("--sets", nargs="+", choices=NAMES, default=list(NAMES), help="data sets (default: all)")
    parser.add_argument("--encoders", nargs="+", choices=list(ENCODERS), default=list(ENCODERS), help="default: all")
    parser.add_argument("--most", type=int, default=most, help=f"texts of a data set at most (default: {most})")
    parser.add_argument("--kept", type=Path, help="folder that keeps vectors (default: one in the temporary folder)")
