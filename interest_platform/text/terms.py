"""Which terms set a class of documents apart: class-based TF-IDF.

Source: Grootendorst 2022, "BERTopic: Neural topic modeling with a class-based TF-IDF procedure", equation 2.
"""

import polars as pl

_TERMS = pl.List(pl.String)


def class_terms(documents: pl.DataFrame, top: int = 10) -> pl.DataFrame:
    """The `top` best terms of each class, best first: `class_id`, `top_terms`; one row a class, by class_id.

    `documents` has one row a document: `class_id`, `tokens`. A term t of class c scores tf(t, c) * ln(1 + A / f(t)):
    tf its occurrences in the class, f in all classes, A the mean number of tokens a class. Terms that only one
    document of the class uses come after all that several share, whatever they score: one writer's word is not what
    a class has in common. Equal scores are ordered by term. A class without tokens has [].

    >>> class_terms(pl.DataFrame({"class_id": [0, 1], "tokens": [["tea", "tea", "cup"], ["bean", "cup"]]}), 1).rows()
    [(0, ['tea']), (1, ['bean'])]
    """
    documents = documents.select(pl.col("class_id").cast(pl.Int32), pl.col("tokens").cast(_TERMS))
    counts = _counts(documents)
    classes = documents.select("class_id").unique().sort("class_id")
    best = _scored(counts, classes.height).sort(
        "class_id", pl.col("documents") == 1, "score", "term", descending=[False, False, True, False]
    )
    lists = best.group_by("class_id", maintain_order=True).agg(top_terms=pl.col("term").head(top))
    result = classes.join(lists, on="class_id", how="left", maintain_order="left")
    return result.with_columns(pl.col("top_terms").fill_null(pl.lit([], _TERMS)))


def _counts(documents: pl.DataFrame) -> pl.DataFrame:
    """Each class's terms: `tf` occurrences in the class, `documents` of the class that use it."""
    tokens = documents.with_row_index("document").explode("tokens").drop_nulls("tokens").rename({"tokens": "term"})
    return tokens.group_by("class_id", "term").agg(tf=pl.len(), documents=pl.col("document").n_unique())


def _scored(counts: pl.DataFrame, n_classes: int) -> pl.DataFrame:
    mean_tokens = pl.col("tf").sum() / n_classes
    everywhere = pl.col("tf").sum().over("term")
    return counts.with_columns(score=pl.col("tf") * (1 + mean_tokens / everywhere).log())
