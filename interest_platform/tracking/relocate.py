"""Let MLflow find its artifacts again after the home has been moved: its store keeps absolute addresses."""

import sqlite3

ADDRESSES = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "storage_location"),
    ("model_versions", "source"),
)
"""Every (table, column) of MLflow's store that holds an absolute address of artifacts."""


def relocate(connection: sqlite3.Connection, old: str, new: str) -> int:
    """Rewrite every address at or below `old` to the same place below `new`, in one transaction; returns how many.

    `old` and `new` are `file:` URIs without a slash at the end. Addresses elsewhere (S3, another folder whose name
    merely begins alike) are left as they are.
    """
    rewritten = 0
    with connection:
        for table, column in ADDRESSES:
            cursor = connection.execute(
                f"UPDATE {table} SET {column} = :new || substr({column}, length(:old) + 1) "  # noqa: S608 (constants)
                f"WHERE {column} = :old OR substr({column}, 1, length(:old) + 1) = :old || '/'",
                {"old": old, "new": new},
            )
            rewritten += cursor.rowcount
    return rewritten
