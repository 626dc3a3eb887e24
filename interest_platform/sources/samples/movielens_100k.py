"""`movielens-100k`: ratings of films, each with the film's title and genres as its text."""

import io
import zipfile
from functools import partial
from pathlib import Path

import polars as pl

from interest_platform.sources.samples.clients import pip_download
from interest_platform.sources.samples.registry import Progress, Sample

_FOLDER = "recbole/dataset_example/ml-100k/ml-100k"


def build(archive: Path, progress: Progress) -> pl.DataFrame:
    """All ratings in the order of the file: user_id, item_id, rating (1 to 5), ts (Unix seconds), text, category."""
    ratings, films = _table(archive, "inter"), _table(archive, "item")
    progress("joining titles", 0.5)
    genres = pl.col("class").str.split(" ")
    texts = films.select(
        "item_id",
        pl.format("{} ({}). {}", "movie_title", "release_year", genres.list.join(", ")).alias("text"),
        genres.list.first().alias("category"),
    )
    joined = ratings.join(texts, on="item_id", how="left", maintain_order="left")
    return joined.select(
        "user_id",
        "item_id",
        pl.col("rating").cast(pl.Float64),
        pl.col("timestamp").cast(pl.Int64).alias("ts"),
        "text",
        "category",
    )


def _table(archive: Path, ending: str) -> pl.DataFrame:
    with zipfile.ZipFile(archive) as wheel:
        content = wheel.read(f"{_FOLDER}.{ending}")
    table = pl.read_csv(io.BytesIO(content), separator="\t", quote_char=None, infer_schema=False)
    return table.rename(lambda column: column.partition(":")[0])


SAMPLE = Sample(
    name="movielens-100k",
    description="100,000 ratings of 1,682 films by 943 people, September 1997 to April 1998",
    package="recbole",
    version="1.2.1",
    licence="GroupLens terms: research use, no redistribution; fetched only, never shipped",
    checksum="sha256:9c9948202011f37eb0a7c6768129313f00d6403ad221ec940d5e2d5d5f33a407",
    download=partial(pip_download, "recbole", "1.2.1"),
    build=build,
)
