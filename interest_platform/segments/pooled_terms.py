"""What a segment's users write about more than others do, over the segment's life: the terms it is named by."""

import polars as pl

from interest_platform.text.terms import COMMON

DECAY = 0.9
"""Weight of the counts of the window before: a term of seven windows ago counts half."""

FEWEST = 2
"""Users of one window who have to use a term: what one writer repeats in every window is not what a segment has in
common."""

KEPT = 0.4
"""Pooled users below which a count is forgotten."""

MOST_KEPT = 400
"""Terms of a segment that are remembered: the most used."""

TELLING = 1.64
"""Standard errors by which a term is used more than by others, at least, to say something of a segment."""

PRIOR = 0.5
"""Mass of the prior as a share of the segment's own counts: what a rare term has to be outnumbered by."""

SWAYED = 3.0
"""Standard errors by which texts with a term are rated otherwise than its segment's: a word of praise or blame."""

RATED = 10.0
"""Rated uses below which a term is not known to be such a word."""

BIGRAM_SHARE = 0.6
"""A pair of words stands for both where it is used by this share of the users of the commoner one."""

COUNTS = {
    "segment_id": pl.String(),
    "term": pl.String(),
    "users": pl.Float64(),
    "together": pl.Int32(),
    "rated": pl.Float64(),
    "rating": pl.Float64(),
    "squares": pl.Float64(),
}
"""Pooled users of a term in a segment, the most of them in one window, its uses in rated texts, and the sum and squares
of their ratings. The term "" counts the segment's users, and its rated texts."""


def counted(documents: pl.DataFrame) -> pl.DataFrame:
    """`COUNTS` of one window from texts: segment_id, user_key, tokens in the text's order, rating (null: none)."""
    texts = documents.with_row_index("text").with_columns(pl.col("tokens").cast(pl.List(pl.String)))
    words = texts.select("segment_id", "user_key", "text", "rating", term="tokens").explode("term").drop_nulls("term")
    after, same = pl.col("term").shift(-1), pl.col("text").shift(-1) == pl.col("text")
    joined = pl.when(same & (after != pl.col("term"))).then(pl.col("term") + " " + after)
    pairs = words.with_columns(term=joined).drop_nulls("term")
    whole = texts.select("segment_id", "user_key", "text", "rating", term=pl.lit(""))
    every = pl.concat([words, pairs, whole]).unique(["segment_id", "text", "term"])
    rating = pl.col("rating").cast(pl.Float64)
    found = every.group_by("segment_id", "term").agg(
        users=pl.col("user_key").n_unique().cast(pl.Float64),
        together=pl.col("user_key").n_unique().cast(pl.Int32),
        rated=rating.is_not_null().sum().cast(pl.Float64),
        rating=rating.sort().sum(),
        squares=(rating.sort() ** 2).sum(),
    )
    return found.filter(~pl.col("term").str.contains(" ") | (pl.col("users") >= FEWEST)).sort("segment_id", "term")


def pooled(before: pl.DataFrame, now: pl.DataFrame) -> pl.DataFrame:
    """`COUNTS` after a window: what was known of the segments that go on, weighing less, and the window's own."""
    counts = ["users", "rated", "rating", "squares"]
    faded = before.select(list(COUNTS)).with_columns(pl.col(counts) * DECAY)
    both = pl.concat([faded, now.select(list(COUNTS))]).group_by("segment_id", "term")
    total = both.agg(pl.col(counts).sum(), pl.col("together").max()).select(list(COUNTS))
    kept = total.filter((pl.col("users") >= KEPT) | (pl.col("term") == ""))
    ranked = kept.sort("segment_id", "users", "term", descending=[False, True, False])
    return ranked.group_by("segment_id", maintain_order=True).head(MOST_KEPT + 1).sort("segment_id", "term")


def scored(counts: pl.DataFrame, share: float) -> pl.DataFrame:
    """Every counted term with its `score`, and `rank` from 1 where it says something of its segment, else null.

    It does where `FEWEST` users of one window, and this `share` of the segment's pooled users or `COMMON` of them, have
    used it.

    The score is the log odds ratio of a term in the segment against all other segments with an informative Dirichlet
    prior, in standard errors (Monroe, Colaresi and Quinn 2008, equations 15 to 22), on users in place of occurrences.
    Terms of praise and blame, which go with the rating within segments, have no rank, nor has a word whose users mostly
    use it within a pair that has one.
    """
    sizes = counts.filter(pl.col("term") == "").select("segment_id", of="users")
    terms = counts.filter(pl.col("term") != "").join(sizes, on="segment_id", how="left")
    terms = terms.with_columns(
        mass=pl.col("users").sum().over("segment_id"), everywhere=pl.col("users").sum().over("term")
    ).with_columns(total=pl.lit(terms["users"].sum(), pl.Float64))
    prior = PRIOR * pl.col("mass") * pl.col("everywhere") / pl.col("total")
    own, rest = pl.col("users") + prior, pl.col("everywhere") - pl.col("users") + prior
    own_mass, rest_mass = pl.col("mass") * (1 + PRIOR), pl.col("total") - pl.col("mass") * (1 - PRIOR)
    odds = (own / (own_mass - own)).log() - (rest / (rest_mass - rest).clip(1e-9)).log()
    terms = terms.with_columns(score=odds / (1 / own + 1 / rest).sqrt())
    enough = (pl.col("together") >= FEWEST) & (
        pl.col("users") >= pl.min_horizontal(share * pl.col("of").fill_null(0), pl.lit(COMMON))
    )
    told = terms.filter((pl.col("score") >= TELLING) & enough).join(_sways(counts), on="term")
    told = told.filter(pl.col("sways") < pl.max_horizontal(pl.lit(SWAYED), "score"))
    told = _without_parts(told).sort("segment_id", "score", "term", descending=[False, True, False])
    ranks = told.select("segment_id", "term", rank=pl.int_range(1, pl.len() + 1, dtype=pl.Int32).over("segment_id"))
    found = terms.select(*COUNTS, "score").join(ranks, on=["segment_id", "term"], how="left")
    return found.sort("segment_id", "term")


def _sways(counts: pl.DataFrame) -> pl.DataFrame:
    """term and `sways`: standard errors by which texts with it are rated otherwise than their segment's, 0 or more."""
    of_all = counts.filter(pl.col("term") == "").select(
        "segment_id",
        mean=pl.col("rating") / pl.col("rated"),
        variance=pl.col("squares") / pl.col("rated") - (pl.col("rating") / pl.col("rated")) ** 2,
    )
    terms = counts.filter(pl.col("term") != "").join(of_all, on="segment_id", how="left").sort("term", "segment_id")
    summed = terms.group_by("term", maintain_order=True).agg(
        off=(pl.col("rating") - pl.col("rated") * pl.col("mean")).fill_nan(0).sum(),
        variance=(pl.col("rated") * pl.col("variance")).fill_nan(0).sum(),
        rated=pl.col("rated").sum(),
    )
    known = (pl.col("rated") >= RATED) & (pl.col("variance") > 0)
    return summed.select(
        "term", sways=pl.when(known).then(pl.col("off").abs() / pl.col("variance").sqrt()).otherwise(0.0)
    )


def _without_parts(told: pl.DataFrame) -> pl.DataFrame:
    """A pair of telling words stands for both where their users mostly use it; elsewhere the words stand alone."""
    pairs = told.filter(pl.col("term").str.contains(" "))
    words = told.filter(~pl.col("term").str.contains(" "))
    parts = pairs.select("segment_id", "term", pl.col("term").str.split(" ").alias("part"), pair="users").explode(
        "part"
    )
    telling = parts.join(words.select("segment_id", part="term", alone="users"), on=["segment_id", "part"])
    both = telling.group_by("segment_id", "term").agg(pl.len(), pl.col("alone").max(), pl.col("pair").first())
    kept = both.filter((pl.col("len") == 2) & (pl.col("pair") >= BIGRAM_SHARE * pl.col("alone")))
    covered = parts.join(kept, on=["segment_id", "term"], how="semi").select("segment_id", term="part")
    alone = words.join(covered, on=["segment_id", "term"], how="anti")
    return pl.concat([alone, pairs.join(kept, on=["segment_id", "term"], how="semi")])
