"""What segments are called: a name stays until the segment is about something else."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations

import polars as pl

from interest_platform.domain.dynamics_tables import SEGMENT_RENAMES
from interest_platform.errors import ContractError
from interest_platform.segments.names import NAME_TERMS, segment_name

KEPT_OVERLAP = 0.5
"""A name stays while at least this share of its terms, weighted by rank, is among the segment's top terms."""

PERSISTENCE = 0.8
"""A term of a name weighs this much of the one before it. So two of three terms keep a name, whichever they are."""

WORDLESS = "no words of its own"
"""What a segment is called whose users use no term more than others do; its id follows."""

HASH_DIGITS = 16
"""Hex digits of a name's hash."""

_SCHEMA = {
    "cluster_id": pl.Int32(),
    "name": pl.String(),
    "name_hash": pl.String(),
    "name_terms": pl.List(pl.String()),
    "name_evidence": pl.String(),
    "contested": pl.Boolean(),
}

Key = Callable[[str], str]
"""What a term is compared by: its lower case, or its stem, so that `ticket` and `tickets` are the same."""

Title = Callable[[int], tuple[str | None, str]]
"""A name for a cluster that gets a new one, None where its terms are to be the name, and the evidence as JSON."""


@dataclass(frozen=True)
class Names:
    """`names`: cluster_id, name, name_hash, name_terms, name_evidence (null where the name has stayed) and contested
    (whether the name would no longer be given), by cluster_id.

    `renames`: the columns of `segment_renames`.
    """

    names: pl.DataFrame
    renames: pl.DataFrame


def name_segments(
    clusters: pl.DataFrame,
    identities: pl.DataFrame,
    known: pl.DataFrame,
    key: Key = str.casefold,
    title: Title | None = None,
) -> Names:
    """Name a window's segments: as they were called last, or anew by their top terms.

    `clusters` has cluster_id and top_terms (best first), `identities` cluster_id and segment_id, `known` segment_id,
    name and name_terms: each segment's name in the last window that had it. A name stays while `overlap` of its terms
    with the top terms is at least `KEPT_OVERLAP`, or where the cluster has no terms, for then nothing speaks against
    it; where `known` has `contested`, also while it was not contested in that window: another name has to win in two
    windows. A new name is what `title` gives, else the first three top terms; a segment without any is `WORDLESS`.

    No two segments of a window are called by the same terms: names that stay come first, then new ones, each in the
    order of segment ids; who comes later takes the next best choice of its terms. The order of rows does not matter.
    Raises `ContractError` unless every cluster has one identity of its own.
    """
    terms, last = dict(clusters.select("cluster_id", "top_terms").iter_rows()), _last_names(known)
    segments = {segment: cluster for cluster, segment in identities.select("cluster_id", "segment_id").iter_rows()}
    if not len(segments) == identities.height == clusters.height or sorted(segments.values()) != sorted(terms):
        raise ContractError(
            f"segment_identities: clusters {sorted(terms)} and identities of {sorted(segments.values())} do not fit"
        )
    called = _Called(key, title)
    overlaps = {s: overlap(last[s][1], terms[c], key) for s, c in segments.items() if s in last}
    fits = {s: share >= KEPT_OVERLAP or not terms[segments[s]] for s, share in overlaps.items()}
    doubted = _doubted(known)
    for segment in sorted(s for s in fits if fits[s] or not doubted.get(s, True)):
        called.keep(segment, *last[segment])
    for segment in sorted(segments.keys() - called.names.keys()):
        called.invent(segment, segments[segment], terms[segments[segment]])
    contested = {s for s, fit in fits.items() if not fit and called.names[s][0] == last[s][0]}
    rows = [(cluster, *called.row(segment), segment in contested) for segment, cluster in segments.items()]
    names = pl.DataFrame(rows, schema=_SCHEMA, orient="row").sort("cluster_id")
    return Names(names, _renames(called.names, last, overlaps))


def overlap(name_terms: Sequence[str], top_terms: Sequence[str], key: Key = str.casefold) -> float:
    """Share, 0 to 1, of a name's terms that are among the top terms; the i-th (from 0) weighs `PERSISTENCE` ** i.

    The weights are those of rank-biased overlap (Webber, Moffat and Zobel 2010). A name without terms describes a
    segment without terms, and no other.

    >>> round(overlap(["train", "ticket", "rail"], ["rail", "lyon", "train"]), 3)  # (1 + .64) / (1 + .8 + .64)
    0.672
    """
    if not name_terms:
        return float(not top_terms)
    current = {key(term) for term in top_terms}
    weights = [PERSISTENCE**i for i in range(len(name_terms))]
    return sum(w for w, term in zip(weights, name_terms, strict=True) if key(term) in current) / sum(weights)


def name_hash(name_terms: Sequence[str], key: Key = str.casefold) -> str:
    """Hash of the terms in no order: unlike a name, it does not change with the ranks of its terms."""
    content = "\x1f".join(sorted(key(term) for term in name_terms))
    return hashlib.sha256(content.encode()).hexdigest()[:HASH_DIGITS]


class _Called:
    """The names given so far in a window: segment to name and terms."""

    def __init__(self, key: Key, title: Title | None) -> None:
        self.names: dict[str, tuple[str, list[str]]] = {}
        self._key = key
        self._title = title
        self._evidence: dict[str, str] = {}
        self._taken: set[frozenset[str]] = set()

    def keep(self, segment: str, name: str, terms: Sequence[str]) -> None:
        """Call a segment as before, unless another one is called so by now; a name with the id in it is its own."""
        if name.endswith(f"({segment})") or self._take(terms):
            self.names[segment] = name, list(terms)

    def invent(self, segment: str, cluster: int, top_terms: Sequence[str]) -> None:
        """Call a segment by its best free choice of terms; by the best and its id where none is free.

        The title, where there is one that no other segment has, takes the place of the terms in the name alone.
        """
        size = min(NAME_TERMS, len(top_terms))
        # combinations come in the order of ranks: 0 1 2, 0 1 3, ..., 0 2 3, ...
        free = (list(choice) for choice in combinations(top_terms, size) if self._take(choice))
        chosen = next(free, None) if size else None
        if chosen is not None:
            self.names[segment] = segment_name(chosen, 0), chosen
        elif size:
            self.names[segment] = f"{segment_name(top_terms, 0)} ({segment})", list(top_terms[:size])
        else:
            self.names[segment] = f"{WORDLESS} ({segment})", []
        if size and self._title:
            self._entitle(segment, *self._title(cluster))
        else:
            self._evidence[segment] = json.dumps({"by": "terms"})

    def _entitle(self, segment: str, title: str | None, evidence: str) -> None:
        if title is not None and title.casefold() in {name.casefold() for name, _ in self.names.values()}:
            told = {**json.loads(evidence), "by": "terms", "refused": "another segment of the window is called so"}
            title, evidence = None, json.dumps(told, ensure_ascii=False)
        if title is not None:
            self.names[segment] = title, self.names[segment][1]
        self._evidence[segment] = evidence

    def row(self, segment: str) -> tuple[str, str, list[str], str | None]:
        """name, name_hash, name_terms, name_evidence."""
        name, terms = self.names[segment]
        return name, name_hash(terms, self._key), terms, self._evidence.get(segment)

    def _take(self, terms: Sequence[str]) -> bool:
        wanted = frozenset(self._key(term) for term in terms)
        if wanted and wanted in self._taken:
            return False
        self._taken.add(wanted)
        return True


def _last_names(known: pl.DataFrame) -> dict[str, tuple[str, list[str]]]:
    rows = known.select("segment_id", "name", "name_terms")
    if rows["segment_id"].is_duplicated().any():
        raise ContractError("segment_identities: a segment has two last names; give the one of its last window")
    return {segment: (name, terms) for segment, name, terms in rows.iter_rows()}


def _doubted(known: pl.DataFrame) -> dict[str, bool]:
    """Segments whose name was contested in their last window; none where that is not known."""
    if "contested" not in known.columns:
        return {}
    told = known.select("segment_id", pl.col("contested").fill_null(False))
    return dict(told.iter_rows())


def _renames(
    now: dict[str, tuple[str, list[str]]], last: dict[str, tuple[str, list[str]]], overlaps: dict[str, float]
) -> pl.DataFrame:
    """Segments known before that are called otherwise now, sorted."""
    changed = [s for s in sorted(overlaps) if now[s][0] != last[s][0]]
    rows = [(s, last[s][0], now[s][0], overlaps[s]) for s in changed]
    schema = {name: kind for name, kind in SEGMENT_RENAMES.schema.items() if name != "window_start"}
    return pl.DataFrame(rows, schema=schema, orient="row")
