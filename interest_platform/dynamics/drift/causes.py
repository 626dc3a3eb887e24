"""Why the window changed: mix, within, model and ingest, which add up exactly.

What is decomposed is the change of the window's picture, the matrix v (segments, d) whose row s is the share of the
users in segment s times their mean interest; total = |v' - v| (Frobenius), and each cause is the part of v' - v that
points in that direction, so that the parts sum to the total. Parts may be negative (they then work against the change).

- model: what is left of the change when users are counted by one ruler instead of by two clusterings of different
  settings. Nought where the settings are the same. Vectors of two encoders have no common picture at all.
- ingest: users are grouped by where their texts come from (source, language, repeated or not); Kitagawa's (1955, J. Am.
  Stat. Assoc. 50) symmetric decomposition takes out what is due to the groups' shares.
- mix and within: the same decomposition of what remains, inside each group: shares of segments, and their means.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from interest_platform.interests.vectors import weighted_sums

FloatArray = NDArray[np.float64]
CAUSES = ("mix", "within", "model", "ingest")


@dataclass(frozen=True)
class Members:
    """A window's interests: vectors (rows, d), share of the window (rows,) summing to 1, and what each belongs to.

    `own` is the segment (rows,) by the window's clustering, `common` by one ruler of both windows, `group` (rows,)
    where the user's texts come from.
    """

    vectors: NDArray[np.float32]
    share: FloatArray
    own: NDArray[np.str_]
    common: NDArray[np.str_]
    group: NDArray[np.str_]


@dataclass(frozen=True)
class Causes:
    """The total and its parts by cause; parts of mix and within by segment, too."""

    total: float
    parts: Mapping[str, float]
    by_segment: Mapping[str, tuple[float, float]]


def decompose(before: Members, after: Members, same_settings: bool) -> Causes:
    """Split the change from one window to the other; see the module for the terms."""
    names = np.unique(np.concatenate([before.own, after.own, before.common, after.common]))
    own = _picture(after, after.own, names) - _picture(before, before.own, names)
    total = float(np.linalg.norm(own))
    along = own / total if total > 0 else own
    of = "own" if same_settings else "common"
    ingest, mix, within = np.zeros_like(own), np.zeros_like(own), np.zeros_like(own)
    for group in np.unique(np.concatenate([before.group, after.group])):
        sides = [_shared_out(m, getattr(m, of), names, m.group == group) for m in (before, after)]
        for whole, part in zip((ingest, mix, within), _of_group(*sides), strict=True):
            whole += part
    by_segment = np.stack([(mix * along).sum(axis=1), (within * along).sum(axis=1)], axis=1)
    parts = {"mix": mix, "within": within, "model": own - ingest - mix - within, "ingest": ingest}
    if same_settings:
        parts["model"] = np.zeros_like(own)
    told = {cause: float((parts[cause] * along).sum()) for cause in CAUSES}
    return Causes(total, told, {str(n): (float(m), float(w)) for n, (m, w) in zip(names, by_segment, strict=True)})


@dataclass(frozen=True)
class _Group:
    """A group of a window: its share of the window, and shares (segments,) and means (segments, d) within it."""

    size: float
    shares: FloatArray
    means: FloatArray


def _picture(members: Members, labels: NDArray[np.str_], names: NDArray[np.str_]) -> FloatArray:
    group = _shared_out(members, labels, names, np.ones(len(labels), np.bool_))
    return group.size * group.shares[:, None] * group.means


def _shared_out(
    members: Members, labels: NDArray[np.str_], names: NDArray[np.str_], chosen: NDArray[np.bool_]
) -> _Group:
    from scipy.sparse import csr_array

    rows = np.flatnonzero(chosen)
    places = (np.searchsorted(names, labels[rows]), np.arange(len(rows)))
    weights = csr_array((members.share[rows], places), (len(names), len(rows)))
    sums = weighted_sums(weights, members.vectors[rows])
    amounts = np.asarray(weights.sum(axis=1), np.float64)
    size = float(amounts.sum())
    return _Group(size, amounts / max(size, 1e-300), sums / np.maximum(amounts, 1e-300)[:, None])


def _of_group(before: _Group, after: _Group) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The group's ingest, mix and within, (segments, d) each; they sum to the change of its part of the picture."""
    # a group, or a segment, that one window lacks is taken to be there as the other has it, with a share of nought
    if not before.size or not after.size:
        known = after if after.size else before
        ingest = (after.size - before.size) * known.shares[:, None] * known.means
        return ingest, np.zeros_like(ingest), np.zeros_like(ingest)
    there, here = before.shares[:, None] > 0, after.shares[:, None] > 0
    m0, m1 = np.where(there, before.means, after.means), np.where(here, after.means, before.means)
    p0, p1 = before.shares[:, None], after.shares[:, None]
    size = (before.size + after.size) / 2
    ingest = (after.size - before.size) * (p0 * m0 + p1 * m1) / 2
    return ingest, size * (p1 - p0) * (m0 + m1) / 2, size * (p0 + p1) / 2 * (m1 - m0)
