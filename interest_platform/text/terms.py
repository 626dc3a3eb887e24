"""Which terms set a class of users apart: class-based TF-IDF over users, diverse by maximal marginal relevance.

Source: Grootendorst 2022, "BERTopic: Neural topic modeling with a class-based TF-IDF procedure", equation 2, with users
in place of occurrences: what one user, a feed or a template repeats a thousand times is one user's word.
"""

import polars as pl

from interest_platform.text.diversity import diverse

SHARE = 0.05
"""Of a class's users who must use a term, by default."""

FEWEST = 2
"""Users who must use a term, where the class has as many: one writer's word is not what a class has in common."""

COMMON = 10
"""Users who are enough, however small their share is: of titles and searches no word reaches a share of many users."""

CANDIDATES = 3
"""Times `top` terms that diversity is chosen among."""

_TERMS = pl.List(pl.String)


def class_terms(
    documents: pl.DataFrame, top: int = 10, *, share: float = SHARE, diversity: float = 0.0
) -> pl.DataFrame:
    """The `top` best terms of each class, best first: `class_id`, `top_terms`; one row a class, by class_id.

    `documents` has one row a document: `class_id`, `tokens` and `user_key`; without the last, every document is of
    another user. A term t of class c scores u(t, c) * ln(1 + U / u(t)): u(t, c) users of the class who use it, u(t)
    users who do summed over all classes, U the mean number of users a class. Terms of fewer than `share` of the class's
    users (`COMMON` of them are always enough), or of one user alone, are left out, so that a class of two or more who
    share no word has []. `diversity`, 0 to 1, is how much a term loses for being used by the same users as a better one
    (0: nothing). Equal scores are ordered by term. A class without tokens has [].

    >>> class_terms(pl.DataFrame({"class_id": [0, 1], "tokens": [["tea", "tea", "cup"], ["bean", "cup"]]}), 1).rows()
    [(0, ['tea']), (1, ['bean'])]
    """
    classes = documents.select(pl.col("class_id").cast(pl.Int32)).unique().sort("class_id")
    uses = _uses(documents)
    ranked = _eligible(_scored(uses), share).sort("class_id", "score", "term", descending=[False, True, False])
    if diversity:
        candidates = ranked.group_by("class_id", maintain_order=True).head(CANDIDATES * top)
        ranked = diverse(candidates, uses, top, diversity)
    lists = ranked.group_by("class_id", maintain_order=True).agg(top_terms=pl.col("term").head(top))
    result = classes.join(lists, on="class_id", how="left", maintain_order="left")
    return result.with_columns(pl.col("top_terms").fill_null(pl.lit([], _TERMS)))


def _uses(documents: pl.DataFrame) -> pl.DataFrame:
    """class_id, user, term: each user's terms in a class, each once. Users are numbers."""
    user = pl.col("user_key").rank("dense") if "user_key" in documents.columns else pl.int_range(pl.len())
    told = documents.select(
        pl.col("class_id").cast(pl.Int32), user.cast(pl.UInt32).alias("user"), pl.col("tokens").cast(_TERMS)
    )
    return told.explode("tokens").drop_nulls("tokens").rename({"tokens": "term"}).unique()


def _scored(uses: pl.DataFrame) -> pl.DataFrame:
    """class_id, term, users (of the class who use it), of (the class's users with a term) and score."""
    sizes = uses.group_by("class_id").agg(of=pl.col("user").n_unique())
    counts = uses.group_by("class_id", "term").agg(users=pl.len()).join(sizes, on="class_id")
    mean_users = (sizes["of"].sum() / sizes.height) if sizes.height else 0.0
    everywhere = pl.col("users").sum().over("term")
    return counts.with_columns(score=pl.col("users") * (1 + mean_users / everywhere).log())


def _eligible(scored: pl.DataFrame, share: float) -> pl.DataFrame:
    enough = pl.max_horizontal(pl.lit(FEWEST), pl.min_horizontal((share * pl.col("of")).ceil(), pl.lit(COMMON)))
    return scored.filter(pl.col("users") >= pl.min_horizontal(enough, "of"))
