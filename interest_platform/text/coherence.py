"""How good lists of top terms are: whether a list's terms go together, and whether lists differ."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import polars as pl


def npmi(lists: Sequence[Sequence[str]], documents: Sequence[Sequence[str]] | pl.Series) -> list[float | None]:
    """Mean normalised pointwise mutual information, -1 to 1, of each list's pairs of terms; None below two terms.

    Of a pair: ln(p(a, b) / (p(a) p(b))) / -ln p(a, b), p the share of documents with the term (both terms); -1 where no
    document has both, 1 where the two are in the same documents, also where all have them. Source: Bouma 2009,
    "Normalized (pointwise) mutual information in collocation extraction"; documents as windows: Lau et al. 2014.

    >>> npmi([["a", "b"], ["a", "c"]], [["a", "b"], ["a", "b"], ["c"], ["c"]])
    [1.0, -1.0]
    """
    terms = sorted({term for words in lists for term in words})
    number = {term: i for i, term in enumerate(terms)}
    n, together = _together(terms, pl.Series("tokens", documents, dtype=pl.List(pl.String)))
    return [_mean([_pair(together, n, number[a], number[b]) for a, b in combinations(words, 2)]) for words in lists]


def term_diversity(lists: Sequence[Sequence[str]]) -> float | None:
    """Distinct terms over terms, of all lists together; 1 where no term is in two. None without a term.

    Source: Dieng, Ruiz and Blei 2020, "Topic modeling in embedding spaces".

    >>> term_diversity([["a", "b"], ["a", "c"]])
    0.75
    """
    terms = [term for words in lists for term in words]
    return len(set(terms)) / len(terms) if terms else None


def _together(terms: list[str], documents: pl.Series) -> tuple[int, np.ndarray]:
    """Number of documents, and how many have both of two terms, (t, t); the diagonal has those with one."""
    from scipy.sparse import csr_array

    numbers = pl.DataFrame({"term": terms, "at": range(len(terms))}, schema={"term": pl.String, "at": pl.Int64})
    rows = documents.to_frame("term").with_row_index("document").explode("term").unique()
    found = rows.join(numbers, on="term")
    places = (found["document"].to_numpy(), found["at"].to_numpy())
    incidence = csr_array((np.ones(found.height), places), shape=(len(documents), len(terms)))
    return len(documents), (incidence.T @ incidence).toarray()


def _pair(together: np.ndarray, n: int, a: int, b: int) -> float:
    both = together[a, b] / n if n else 0.0
    if both == 0:
        return -1.0
    if both == 1:
        return 1.0
    apart = (together[a, a] / n) * (together[b, b] / n)
    return float(np.log(both / apart) / -np.log(both))


def _mean(values: list[float]) -> float | None:
    return sum(values) / len(values) if values else None
