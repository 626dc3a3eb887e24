"""What is measured of a cell in a window: the clusters that the line would make, and how good they are."""

from dataclasses import asdict, dataclass
from time import perf_counter

import numpy as np
import polars as pl

from interest_platform.clustering import Clustering, CurvePoint, cluster
from interest_platform.clustering.snapshot import term_quality
from interest_platform.comparison.held_out import held_out
from interest_platform.comparison.memory import peak_memory
from interest_platform.configuration import ClusteringSettings, NamingSettings
from interest_platform.interests import as_matrix


@dataclass(frozen=True)
class Measured:
    """The columns of `comparison_leaderboard` of the same names; None where a measure is not defined."""

    k: int
    interests: int
    unassigned_share: float
    largest_share: float | None
    silhouette: float | None
    stability: float | None
    held_out: float | None
    npmi: float | None
    diversity: float | None
    labelled: int
    ami: float | None
    ari: float | None
    seconds: float
    peak_memory_mib: float

    @property
    def metrics(self) -> dict[str, float | None]:
        """By name, for tracking."""
        return asdict(self)


def measure(
    interests: pl.DataFrame,
    documents: pl.DataFrame,
    labels: pl.Series,
    settings: ClusteringSettings,
    naming: NamingSettings,
) -> tuple[Measured, tuple[CurvePoint, ...]]:
    """Cluster a window's interests as the line does, beginning from nothing, and measure; the curve over k beside it.

    `interests` and `documents` are those of `clustering.snapshot`, `labels` what each interest is about (null: not
    known). Seconds and memory are those of the clustering, choice of k included, and not of the measuring.
    """
    vectors = as_matrix(interests["vector"])
    began = perf_counter()
    with peak_memory() as peak:
        clustering = cluster(vectors, settings)
        seconds = perf_counter() - began
    again = held_out(vectors, clustering, settings)
    npmi, diversity = term_quality(interests, clustering, documents, naming)
    ami, ari = agreement(clustering, labels)
    found = Measured(
        k=clustering.k,
        interests=interests.height,
        unassigned_share=float((clustering.labels < 0).sum() / max(interests.height, 1)),
        largest_share=float(clustering.sizes.max() / interests.height) if clustering.k else None,
        silhouette=clustering.silhouette,
        stability=again.stability,
        held_out=again.silhouette,
        npmi=npmi,
        diversity=diversity,
        labelled=len(labels) - labels.null_count(),
        ami=ami,
        ari=ari,
        seconds=seconds,
        peak_memory_mib=peak.mib,
    )
    return found, clustering.curve


def agreement(clustering: Clustering, labels: pl.Series) -> tuple[float | None, float | None]:
    """Adjusted mutual information (Vinh, Epps and Bailey 2010) and adjusted Rand index to the labels that are known.

    The unassigned count as one cluster more, so that leaving users out wins nothing.
    """
    from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score

    known = labels.is_not_null().to_numpy()
    if not known.any():
        return None, None
    truth, found = np.asarray(labels.drop_nulls().to_list()), clustering.labels[known]
    return float(adjusted_mutual_info_score(truth, found)), float(adjusted_rand_score(truth, found))
