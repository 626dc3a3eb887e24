"""Where the segments of a window lie, so that a vector that the window has not seen can be placed among them."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from interest_platform.clustering.membership import concentration, posterior_at
from interest_platform.domain.windows import Window
from interest_platform.errors import ContractError
from interest_platform.interests.vectors import as_matrix


@dataclass(frozen=True)
class Placed:
    """Where vectors (n) lie among the segments (k) of a map: `best` (n,) their segment, a place in `segment_ids`;
    `membership` (n, k) float64 its probability, rows sum to 1; `cosine` (n,) to the centroid of `best`.
    """

    best: np.ndarray
    membership: np.ndarray
    cosine: np.ndarray


@dataclass(frozen=True)
class SegmentMap:
    """The segments (k) of one window, by the id of their cluster, and the encoder that their vectors are of."""

    window: Window
    encoder: str
    segment_ids: tuple[str, ...]
    names: tuple[str, ...]
    centroids: np.ndarray
    """(k, d) float32 unit vectors."""
    shares: np.ndarray
    """(k,) float64 shares of the members in clusters, which sum to 1."""
    kappa: float
    """Concentration of the members around their centroids, one for all clusters."""

    @classmethod
    def of(cls, window: Window, encoder: str, clusters: pl.DataFrame, identities: pl.DataFrame) -> "SegmentMap | None":
        """From rows of `cluster_snapshots` (cluster_id, size, cohesion, centroid), `segment_identities`; None of none.

        Raises `ContractError` unless the identities are those of the clusters, each exactly once.
        """
        if sorted(clusters["cluster_id"]) != sorted(identities["cluster_id"]):
            raise ContractError(f"segment_identities of {window} are of another clustering: materialise them again")
        if clusters.is_empty():
            return None
        rows = clusters.join(identities.select("cluster_id", "segment_id", "name"), on="cluster_id").sort("cluster_id")
        sizes, centroids = rows["size"].to_numpy().astype(np.float64), as_matrix(rows["centroid"])
        # cohesion is the mean cosine of the members to the centroid, as kappa is estimated from
        kappa = concentration(float(rows["cohesion"].to_numpy() @ sizes / sizes.sum()), centroids.shape[1])
        shares = sizes / sizes.sum()
        return cls(window, encoder, tuple(rows["segment_id"]), tuple(rows["name"]), centroids, shares, kappa)

    def place(self, vectors: np.ndarray) -> Placed:
        """Of unit vectors (n, d), by the posterior of `clustering.membership`, whatever method found the clusters.

        A vector has the probabilities that it would have had as a member: the mixture of von Mises-Fisher distributions
        with the clusters' shares and one concentration (Banerjee, Dhillon, Ghosh and Sra 2005). Ties go to the larger
        cluster. Raises `ContractError` for vectors of another length: they are another encoder's.
        """
        if vectors.ndim != 2 or vectors.shape[1] != self.centroids.shape[1]:
            raise ContractError(
                f"vectors of the shape {vectors.shape} for segments in {self.centroids.shape[1]} dimensions: "
                f"encode them with {self.encoder}"
            )
        cosines = vectors @ self.centroids.T
        membership = posterior_at(cosines, self.shares, self.kappa)
        best = membership.argmax(axis=1)
        return Placed(best, membership, np.take_along_axis(cosines, best[:, None], axis=1)[:, 0])
