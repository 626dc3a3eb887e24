"""The segments of users, everyone's included."""

import numpy as np
from scipy.sparse import csr_array

from interest_platform.recommendation.context import Context


def memberships(context: Context) -> csr_array:
    """Shares of the users in each segment and, in the last column, in none, (n, s + 1) float32; rows sum to 1."""
    n = len(context.interactions.users)
    known = np.zeros((n, 0), np.float32) if context.segments is None else context.segments
    rest = np.clip(1 - known.sum(axis=1, keepdims=True, dtype=np.float64), 0, 1)
    rest[rest < 1e-6] = 0  # shares are float32: what rounding leaves is no share
    return csr_array(np.concatenate([known, rest], axis=1, dtype=np.float32))


def group_sums(context: Context, matrix: csr_array) -> np.ndarray:
    """Sums of rows of (n, m) by their users' shares, (s + 1, m); the last is the sum of all users, whatever segment."""
    return np.concatenate(
        [(memberships(context)[:, :-1].T @ matrix).toarray(), np.asarray(matrix.sum(axis=0), np.float32)[None]]
    )


def segment_name(context: Context, group: int) -> str | None:
    """The id of a column of `memberships`, None for the last."""
    return context.segment_ids[group] if group < len(context.segment_ids) else None
