"""The terms of segments, pooled over their lives: what they are named by."""

from collections.abc import Mapping, Sequence

import polars as pl

from interest_platform.configuration import Configuration, TextSettings
from interest_platform.domain.dynamics_tables import SEGMENT_TERMS
from interest_platform.domain.tables import CLEANED_TOKENS, CLUSTER_MEMBERS, RAW_TEXTS, USER_INTERESTS
from interest_platform.domain.windows import Window, WindowGrid
from interest_platform.dynamics.identities import Genealogy
from interest_platform.interests.texts import texts_elsewhere, with_interest_no
from interest_platform.lake import Lake
from interest_platform.segments.pooled_terms import COUNTS, counted, pooled, scored
from interest_platform.text import surface_forms
from interest_platform.text.praise import PRAISE

SHOWN = 20
"""Terms that speak for or against a name."""


def segment_terms(
    lake: Lake, grid: WindowGrid, window: Window, found: Genealogy, config: Configuration, version: int
) -> pl.DataFrame:
    """The columns of `segment_terms` but window_start: what was known, fading, and what this window's texts add.

    The whole of a merge begins with the terms of its parts; what has ended is left out.
    """
    cluster_of = {i.cluster_id: i.segment_id for i in found.identities}
    texts = _texts(lake, window, cluster_of, version)
    last = lake.read(SEGMENT_TERMS, [grid.shift(window, -1)], version=version)
    counts = pooled(_going_on(last, found), counted(texts))
    ranked = scored(counts, config.naming.term_share)
    forms = _forms(texts, last, config.text)
    nothing = {"score": pl.lit(None, pl.Float64), "rank": pl.lit(None, pl.Int32)}
    whole = counts.filter(pl.col("term") == "").with_columns(**nothing)
    return pl.concat([ranked, whole.select(ranked.columns)]).with_columns(form=_read(pl.col("term"), forms))


def describing(terms: pl.DataFrame, found: Genealogy) -> pl.DataFrame:
    """cluster_id and top_terms: the best terms of each cluster's segment as people write them, none of plain praise."""
    ranked = terms.drop_nulls("rank").sort("segment_id", "rank")
    plain = pl.col("form").str.to_lowercase().str.split(" ").list.eval(pl.element().is_in(list(PRAISE))).list.any()
    best = (
        ranked.filter(~plain)
        .group_by("segment_id", maintain_order=True)
        .agg(top_terms=pl.col("form").unique(maintain_order=True).head(SHOWN))
    )
    rows = [(i.cluster_id, i.segment_id) for i in found.identities]
    clusters = pl.DataFrame(rows, {"cluster_id": pl.Int32, "segment_id": pl.String}, orient="row")
    joined = clusters.join(best, on="segment_id", how="left")
    return joined.select("cluster_id", pl.col("top_terms").fill_null(pl.lit([], pl.List(pl.String))))


def _texts(lake: Lake, window: Window, segment_of: Mapping[int, str], version: int) -> pl.DataFrame:
    """The window's texts of users in a segment: segment_id, user_key, tokens, rating, lang, clean_text."""
    raw = lake.read(RAW_TEXTS, [window], columns=["text_id", "user_key", "rating"], version=version)
    columns = ["text_id", "tokens", "text_hash", "lang", "clean_text"]
    cleaned = lake.read(CLEANED_TOKENS, [window], columns=columns, version=version)
    of = ["user_key", "interest_no", "text_hashes"]
    interests = lake.read(USER_INTERESTS, [window], columns=of, version=version)
    members = lake.read(CLUSTER_MEMBERS, [window], columns=["user_key", "interest_no", "cluster_id"], version=version)
    names = pl.DataFrame(
        {"cluster_id": list(segment_of), "segment_id": list(segment_of.values())},
        {"cluster_id": pl.Int32, "segment_id": pl.String},
    )
    placed = members.join(names, on="cluster_id").select("user_key", "interest_no", "segment_id")
    texts = with_interest_no(raw.join(cleaned, on="text_id"), texts_elsewhere(interests))
    return texts.join(placed, on=["user_key", "interest_no"]).sort("text_id")


def _going_on(last: pl.DataFrame, found: Genealogy) -> pl.DataFrame:
    """The last counts by the segments that they count for now."""
    ended = {p for e in found.events if e.kind in ("death", "split", "merge") for p in e.parents}
    into = {p: e.children[0] for e in found.events if e.kind == "merge" for p in e.parents}
    gone = sorted(ended - into.keys())
    kept = last.select(list(COUNTS)).filter(~pl.col("segment_id").is_in(gone))
    return kept.with_columns(pl.col("segment_id").replace(into)) if into else kept


def _forms(texts: pl.DataFrame, last: pl.DataFrame, text: TextSettings) -> dict[str, str]:
    """Each token as people write it: as in this window's texts, else as it was written before."""
    known = last.filter(~pl.col("term").str.contains(" ")).select("term", "form").unique("term", keep="first")
    now = surface_forms(texts.select("lang", "clean_text"), text).sort("uses", "lang", descending=[True, False])
    best = now.unique("token", keep="first", maintain_order=True).select("token", "form")
    return dict(known.iter_rows()) | dict(best.iter_rows())


def _read(term: pl.Expr, forms: Mapping[str, str]) -> pl.Expr:
    """Terms with every token in its form."""
    tokens: Sequence[str] = list(forms)
    if not tokens:
        return term
    return term.str.split(" ").list.eval(pl.element().replace(forms)).list.join(" ")
