"""Streams followed by the platform's library calls, and by the rules it is compared with."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import polars as pl
from following import Following
from planted_streams import Drawn, Row, majority

from interest_platform.clustering import cluster
from interest_platform.configuration import ClusteringSettings
from interest_platform.dynamics.sightings import Sighting
from interest_platform.dynamics.warm_start import warm_start
from interest_platform.interests.vectors import as_lists

SETTINGS = ClusteringSettings()
RIVAL_K = ClusteringSettings(k_rule="silhouette", k_range=(2, 16), n_init=3)
"""The rivals' k: the best silhouette of each window. No stream has more than 16 segments; a longer curve is slower."""

GRACE = 2
Choice = Callable[[Drawn, "Labelled | None"], np.ndarray]
Change = tuple[str, tuple[int, ...], tuple[int, ...]]
"""Kind, parents and children by cluster number."""


@dataclass(frozen=True)
class Labelled:
    """A window with its clusters: labels (n,), unit centroids (k, d), the clusters' true segments by majority."""

    window: Drawn
    labels: np.ndarray
    centroids: np.ndarray
    called: tuple[int, ...]

    @property
    def wrong_k(self) -> bool:
        """Whether there are not as many clusters as true segments."""
        return len(self.centroids) != len(np.unique(self.window.truth))


def labelled(window: Drawn, labels: np.ndarray) -> Labelled:
    """A window by labels 0..k-1, all used."""
    sums = np.stack([window.vectors[labels == c].sum(axis=0, dtype=np.float64) for c in range(labels.max() + 1)])
    centroids = sums / np.linalg.norm(sums, axis=1, keepdims=True)
    called = tuple(majority(window.truth[labels == c]) for c in range(len(sums)))
    return Labelled(window, labels, centroids.astype(np.float32), called)


def interests(window: Drawn) -> pl.DataFrame:
    """The window as user_interests, with the columns that dynamics reads."""
    users = pl.DataFrame({"user_key": [f"u{u:09d}" for u in window.users]})
    return users.with_columns(
        pl.lit(0).alias("interest_no"),
        pl.lit(1.0).alias("weight"),
        pl.lit("planted").alias("encoder"),
        as_lists(window.vectors).alias("vector"),
    )


def sighting(found: Labelled) -> Sighting:
    """The window as the tracker sees it."""
    k, cosines = len(found.centroids), (found.window.vectors * found.centroids[found.labels]).sum(axis=1)
    sizes = np.bincount(found.labels, minlength=k)
    clusters = pl.DataFrame(
        {
            "cluster_id": np.arange(k, dtype=np.int32),
            "size": sizes,
            "cohesion": np.bincount(found.labels, cosines, k) / sizes,
            "centroid": as_lists(found.centroids),
        }
    )
    members = interests(found.window).with_columns(cluster_id=pl.Series(found.labels, dtype=pl.Int32))
    return Sighting(clusters, members.select("user_key", "interest_no", "cluster_id", "weight"), "planted")


def platform_clusters(window: Drawn, last: Labelled | None) -> Labelled:
    """The platform's clusters, k by its rule and its start from the last window."""
    start = None
    if last is not None:
        seen = sighting(last)
        start = warm_start(interests(window), seen.clusters, seen.members, seen.encoder)
    return labelled(window, cluster(window.vectors, SETTINGS, start=start).labels)


def follow(windows: Iterable[Drawn], floor: int = 0) -> tuple[list[Row], list[bool]]:
    """Rows of all changes the platform tells, and whether k was wrong in each window. Clusters below the floor are
    joined to their nearest before anyone sees them.
    """
    rows: list[Row] = []
    wrong, last = [], None
    called: dict[str, int] = {}
    following = Following(GRACE)
    for number, window in enumerate(windows):
        found = _above(platform_clusters(window, last), floor)
        told = following.step(sighting(found))
        before, called = called, called | {i.segment_id: found.called[i.cluster_id] for i in told.identities}
        if number:
            rows += [
                (number, e.kind, _by(before, e.parents), _by(called, e.children))
                for e in told.events
                if e.kind != "survive"
            ]
        wrong.append(found.wrong_k)
        last = found
    return rows, wrong


def _by(called: dict[str, int], segments: Iterable[str]) -> tuple[int, ...]:
    return tuple(sorted(called[s] for s in segments))


def _above(found: Labelled, floor: int) -> Labelled:
    while len(found.centroids) > 1 and (small := int((sizes := np.bincount(found.labels)).argmin())) >= 0:
        if sizes[small] >= floor:
            break
        cosines = found.centroids @ found.centroids[small]
        cosines[small] = -2
        labels = np.where(found.labels == small, cosines.argmax(), found.labels)
        found = labelled(found.window, np.unique(labels, return_inverse=True)[1])
    return found


def follow_by(rule: Callable[[Labelled, Labelled], list[Change]], seen: Sequence[Labelled]) -> list[Row]:
    """Rows of all changes that a rule tells between each window and the next."""
    return [
        (number, kind, tuple(sorted(a.called[p] for p in parents)), tuple(sorted(b.called[c] for c in children)))
        for number, (a, b) in enumerate(pairwise(seen), 1)
        for kind, parents, children in rule(a, b)
        if kind != "survive"
    ]


def fresh_clusters(windows: Iterable[Drawn], true_k: bool) -> list[Labelled]:
    """Each window clustered by itself, with the true k or the best silhouette's."""
    found = []
    for window in windows:
        settings = RIVAL_K.model_copy(update={"k": len(np.unique(window.truth))}) if true_k else RIVAL_K
        found.append(labelled(window, cluster(window.vectors, settings).labels))
    return found


def monic(least: float, part: float) -> Callable[[Labelled, Labelled], list[Change]]:
    """MONIC (Spiliopoulou, Ntoutsi, Theodoridis, Schult 2006): overlap of returning members against thresholds.

    A cluster whose overlap with one later cluster reaches `least` lives on in it; two that do so in the same are
    absorbed; one whose overlaps of at least `part` sum up to `least` has split; any other has vanished.
    """

    def rule(before: Labelled, after: Labelled) -> list[Change]:
        _, i, j = np.intersect1d(before.window.users, after.window.users, return_indices=True)
        flows = np.zeros((len(before.centroids), len(after.centroids)))
        np.add.at(flows, (before.labels[i], after.labels[j]), 1)
        overlap = flows / np.maximum(flows.sum(axis=1, keepdims=True), 1)
        links: list[tuple[int, ...]] = []
        for row in overlap:
            parts = tuple(np.flatnonzero(row >= part).tolist())
            if row.max() >= least:
                links.append((int(row.argmax()),))
            else:
                links.append(parts if len(parts) > 1 and row[list(parts)].sum() >= least else ())
        return _linked(links, len(after.centroids))

    return rule


def nearest(least: float) -> Callable[[Labelled, Labelled], list[Change]]:
    """A cluster lives on in the nearest centroid of cosine at least `least`, and in all whose nearest it is."""

    def rule(before: Labelled, after: Labelled) -> list[Change]:
        cosines = before.centroids @ after.centroids.T
        links = [{int(row.argmax())} if row.max() >= least else set() for row in cosines]
        for child, column in enumerate(cosines.T):
            taken = any(child in to for to in links)
            if not taken and column.max() >= least:
                links[int(column.argmax())].add(child)
        return _linked([tuple(sorted(to)) for to in links], len(after.centroids))

    return rule


def _linked(links: list[tuple[int, ...]], after: int) -> list[Change]:
    """Links as changes: several children are a split, several parents of one child a merge, no link death and birth."""
    parents_of = [[p for p, to in enumerate(links) if child in to] for child in range(after)]
    changes: list[Change] = [("death", (p,), ()) for p, to in enumerate(links) if not to]
    changes += [("split", (p,), to) for p, to in enumerate(links) if len(to) > 1]
    changes += [("merge", tuple(from_), (c,)) for c, from_ in enumerate(parents_of) if len(from_) > 1]
    changes += [("birth", (), (c,)) for c, from_ in enumerate(parents_of) if not from_]
    return changes
