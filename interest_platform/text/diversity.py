"""Terms that say something new beside those before them: maximal marginal relevance.

Source: Carbonell and Goldstein 1998, "The use of MMR, diversity-based reranking for reordering documents".
"""

import numpy as np
import polars as pl


def diverse(candidates: pl.DataFrame, uses: pl.DataFrame, top: int, diversity: float) -> pl.DataFrame:
    """Up to `top` of each class's candidates in the order they are chosen: class_id, term.

    `candidates` has class_id, term and score, best first within a class; `uses` class_id, user and term, each once. The
    next term has the largest (1 - diversity) * score / best score - diversity * similarity to the most similar one
    chosen. Similarity is the cosine of two terms' users: a phrase is used as a whole, by the same users.
    """
    rows = []
    for (class_id,), group in candidates.group_by("class_id", maintain_order=True):
        terms = group["term"].to_list()
        relevance = group["score"].to_numpy() / group["score"].to_numpy().max()
        alike = _similarity(uses.filter(pl.col("class_id") == class_id), terms)
        rows += [(class_id, terms[i]) for i in choose(relevance, alike, top, diversity)]
    return pl.DataFrame(rows, schema={"class_id": pl.Int32, "term": pl.String}, orient="row")


def choose(relevance: np.ndarray, similarity: np.ndarray, top: int, diversity: float) -> list[int]:
    """Positions in the order chosen. `relevance` (n,) is 0 to 1, `similarity` (n, n); the first of equals is taken."""
    chosen: list[int] = []
    nearest = np.zeros(len(relevance))
    worth = (1 - diversity) * relevance
    while len(chosen) < min(top, len(relevance)):
        value = worth - diversity * nearest
        value[chosen] = -np.inf
        best = int(value.argmax())
        chosen.append(best)
        nearest = np.maximum(nearest, similarity[best])
    return chosen


def _similarity(uses: pl.DataFrame, terms: list[str]) -> np.ndarray:
    """Cosines (n, n) of the terms' users."""
    from scipy.sparse import csr_array

    numbers = pl.DataFrame({"term": terms, "at": range(len(terms))}, schema={"term": pl.String, "at": pl.Int64})
    pairs = uses.join(numbers, on="term")
    user = pairs["user"].rank("dense").to_numpy().astype(np.int64) - 1
    shape = (int(user.max()) + 1 if len(user) else 0, len(terms))
    incidence = csr_array((np.ones(len(user)), (user, pairs["at"].to_numpy())), shape=shape)
    together = (incidence.T @ incidence).toarray()
    norms = np.sqrt(together.diagonal())
    return together / np.maximum(np.outer(norms, norms), 1e-12)
