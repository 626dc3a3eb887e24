"""Names for what a cell was measured on, so that nothing is measured twice."""

import hashlib

import polars as pl

from interest_platform.clustering.rows import checked
from interest_platform.configuration import Configuration
from interest_platform.interests import as_matrix

VERSION = 2
"""Raised whenever the code that measures would measure something else."""


def measured_on(interests: pl.DataFrame, documents: pl.DataFrame, labels: pl.Series, config: Configuration) -> str:
    """Hexadecimal SHA-256 of the window's vectors, texts and labels, and of the settings that all cells obey."""
    texts = documents.select("user_key", "text_hash", "ts").sort("user_key", "text_hash", "ts")
    told = hashlib.sha256(f"{VERSION}{config.text.model_dump_json()}{config.naming.model_dump_json()}".encode())
    told.update(interests.select("user_key", "interest_no").with_columns(labels.alias("label")).write_csv().encode())
    told.update(checked(as_matrix(interests["vector"])).tobytes())
    told.update(texts.write_csv().encode())
    return told.hexdigest()


def digest(*parts: str) -> str:
    """16 hexadecimal digits that name the parts in their order."""
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:16]
