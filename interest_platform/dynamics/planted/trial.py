"""A planted passage put through the platform: its clustering and its tracker."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from interest_platform.clustering import cluster
from interest_platform.configuration import ClusteringSettings
from interest_platform.domain.unassigned import UNASSIGNED
from interest_platform.dynamics.planted.scene import NEW, PRESENT, Crowd, Happening, Scene
from interest_platform.dynamics.sightings import Sighting, passage
from interest_platform.dynamics.tracker import Event, transition
from interest_platform.dynamics.warm_start import warm_start
from interest_platform.interests.vectors import as_lists

ENCODER = "planted"


@dataclass(frozen=True)
class Report:
    """What tracking reported of a passage: planted changes that it did, changes that were not planted, and the segment
    id of each user of the next window, (m,) str."""

    noticed: frozenset[Happening]
    false: tuple[Happening, ...]
    segments: np.ndarray


def tracked(scene: Scene, settings: ClusteringSettings) -> Report:
    """Cluster the next window from where the last one's clusters are now, follow the segments, and compare."""
    clusters, members = _described(scene.before, scene.before.segments), _members(scene.before, scene.before.segments)
    start = warm_start(_interests(scene.after), clusters, members, ENCODER)
    found = cluster(scene.after.vectors, settings, start=start)
    after = Sighting(_described(scene.after, found.labels), _members(scene.after, found.labels), ENCODER)
    events = transition(passage(Sighting(clusters, members, ENCODER), after), scored=False).events
    parents, children = clusters["cluster_id"].to_list(), majorities(found.labels, scene.after.segments)
    noticed, false = compared(happenings(events, parents, children), scene.truth)
    return Report(noticed, false, _followed(events, parents, found.labels))


def majorities(labels: np.ndarray, segments: np.ndarray) -> list[int]:
    """Of each label 0..k-1 the true segment that most of its rows are in; of two as frequent the smaller.

    >>> majorities(np.array([0, 0, 0, 1, 1]), np.array([4, 4, 2, 3, 2]))
    [4, 2]
    """
    return [int(np.bincount(segments[labels == c]).argmax()) for c in range(int(labels.max(initial=-1)) + 1)]


def happenings(events: Sequence[Event], parents: Sequence[int], children: Sequence[int]) -> list[Happening]:
    """The events other than survivals, by the true segments of the clusters that they name."""
    return [
        (e.kind, tuple(sorted(parents[p] for p in e.parents)), tuple(sorted(children[c] for c in e.children)))
        for e in events
        if e.kind != "survive"
    ]


def compared(
    reported: Sequence[Happening], truth: frozenset[Happening]
) -> tuple[frozenset[Happening], tuple[Happening, ...]]:
    """Planted changes that are among the reported, exactly; and the reported ones that are not, or come again.

    >>> compared([("birth", (), (7,)), ("birth", (), (7,)), ("death", (1,), ())], frozenset({("birth", (), (7,))}))
    (frozenset({('birth', (), (7,))}), (('birth', (), (7,)), ('death', (1,), ())))
    """
    noticed = truth & frozenset(reported)
    return noticed, tuple(sorted((Counter(reported) - Counter(noticed)).elements()))


def _followed(events: Sequence[Event], parents: Sequence[int], labels: np.ndarray) -> np.ndarray:
    """Segment ids of the next window's rows, (m,) str: its parent's where a cluster survives, else a new or no one."""
    names = [f"{NEW}{c}" for c in range(int(labels.max(initial=-1)) + 1)]
    for event in events:
        if event.kind == "survive":
            names[event.children[0]] = f"{PRESENT}{parents[event.parents[0]]}"
    return np.array([*names, UNASSIGNED])[labels]  # label -1 is the last


def _described(crowd: Crowd, labels: np.ndarray) -> pl.DataFrame:
    """cluster_id, size, cohesion and centroid of each label, as in cluster_snapshots."""
    ids, sizes = np.unique(labels[labels >= 0], return_counts=True)
    means = np.stack([crowd.vectors[labels == c].mean(axis=0, dtype=np.float64) for c in ids])
    lengths = np.linalg.norm(means, axis=1)
    told = {"cluster_id": ids.astype(np.int32), "size": sizes, "cohesion": lengths}
    return pl.DataFrame(told).with_columns(as_lists(means / np.maximum(lengths, 1e-12)[:, None]).alias("centroid"))


def _interests(crowd: Crowd) -> pl.DataFrame:
    keys = _keys(crowd.users).with_columns(interest_no=pl.lit(0), encoder=pl.lit(ENCODER))
    return keys.with_columns(as_lists(crowd.vectors).alias("vector"))


def _members(crowd: Crowd, labels: np.ndarray) -> pl.DataFrame:
    told = pl.Series("cluster_id", labels.astype(np.int32))
    return _keys(crowd.users).with_columns(told, interest_no=pl.lit(0), weight=pl.lit(1.0))


def _keys(users: np.ndarray) -> pl.DataFrame:
    return pl.DataFrame({"user_key": users}).select(pl.col("user_key").cast(pl.String))
