"""Lists that are not ten times the same: a pool of candidates put in another order."""

import numpy as np

FLOOR = 0.01
"""Share of the wanted mix that is mixed into a list's own, so that what the list lacks costs much, not infinitely."""


def mmr(relevance: np.ndarray, vectors: np.ndarray, n: int, trade_off: float = 0.7) -> np.ndarray:
    """Maximal marginal relevance (Carbonell and Goldstein 1998): places (at most n,) in the pool, in their new order.

    Each next item has the largest trade_off * relevance - (1 - trade_off) * (largest cosine to those chosen).
    `relevance` (c,) is brought to [0, 1] within the pool, `vectors` (c, d) are unit. trade_off 1 is by relevance alone;
    ties go to the earlier. c * n * d operations.
    """
    gain = trade_off * _unit_range(relevance)
    nearest = np.full(len(gain), -np.inf)
    chosen: list[int] = []
    for _ in range(min(n, len(gain))):
        worth = gain - (1 - trade_off) * np.where(np.isfinite(nearest), nearest, 0)
        worth[chosen] = -np.inf
        chosen.append(int(worth.argmax()))
        nearest = np.maximum(nearest, vectors @ vectors[chosen[-1]])
    return np.array(chosen, np.int64)


def calibrated(
    relevance: np.ndarray, kinds: np.ndarray, wanted: np.ndarray, n: int, trade_off: float = 0.5
) -> np.ndarray:
    """Calibrated re-ranking (Steck 2018): places (at most n,) in the pool, in their new order.

    Greedy on (1 - trade_off) * sum of relevance - trade_off * KL(wanted || list), `kinds` (c, g) being shares of each
    item in kinds (genres, segments), `wanted` (g,) the mix in the user's own history; both sum to 1. The list's mix is
    the mean of its items', mixed with `FLOOR` of the wanted. trade_off 0 is by relevance alone; ties go to the earlier.
    """
    gain = (1 - trade_off) * _unit_range(relevance)
    mix = np.zeros(kinds.shape[1])
    chosen: list[int] = []
    for place in range(min(n, len(gain))):
        worth = gain - trade_off * _divergence(wanted, (mix + kinds) / (place + 1))
        worth[chosen] = -np.inf
        chosen.append(int(worth.argmax()))
        mix = mix + kinds[chosen[-1]]
    return np.array(chosen, np.int64)


def _divergence(wanted: np.ndarray, mixes: np.ndarray) -> np.ndarray:
    """KL of the wanted mix (g,) from each of (c, g), in nats, (c,); a kind that is not wanted adds nothing."""
    asked = wanted > 0
    smoothed = (1 - FLOOR) * mixes[:, asked] + FLOOR * wanted[asked]
    return (wanted[asked] * np.log(wanted[asked] / smoothed)).sum(axis=1)


def _unit_range(values: np.ndarray) -> np.ndarray:
    """Brought to [0, 1]; all equal: 1."""
    values = np.asarray(values, float)
    spread = np.ptp(values) if len(values) else 0
    return (values - values.min()) / spread if spread > 0 else np.ones(len(values))
