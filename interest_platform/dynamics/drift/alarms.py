"""Which measures of change are alarms, and the few that are headlines: more than chance, and more than is usual."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from interest_platform.configuration import DriftSettings
from interest_platform.domain.offsets import USUAL
from interest_platform.dynamics.drift.findings import SCHEMA, SEGMENT

KNOWN = {
    "window_start": pl.Datetime("us"),
    "scope": pl.String(),
    "segment_id": pl.String(),
    "metric": pl.String(),
    "effect": pl.Float64(),
    "q_value": pl.Float64(),
}
"""What is read of them."""

FEWEST = 3
"""Earlier values, at least, to know what is usual: of the same segment, else of all segments."""

ABOVE, FAR_ABOVE = 2.0, 4.0
"""Spreads above the usual that an effect has to be: in this window and the last, or in this one alone."""

HEADLINES = 3
"""Headlines of a window at most."""

JUDGED = pl.Schema(
    {**SCHEMA, "usual": pl.Float64(), "alarm": pl.Boolean(), "headline": pl.Int32(), "sentence": pl.String()}
)

SAYS = {
    "mmd": "what they write about changed",
    "energy": "what they write about changed",
    "centroid_shift": "what they write about moved, on average",
    "js_shares": "users moved between segments",
    "psi_shares": "users moved between segments",
    "vocabulary": "their words changed",
}
CAUSES = {
    "mix": "mainly since other users came, went or changed segment",
    "within": "mainly since the same segments write about something else",
    "model": "mainly since the encoder or the settings changed",
    "ingest": "mainly since texts came in otherwise: sources, languages, lengths or repeats",
}


@dataclass(frozen=True)
class _Usual:
    """The middle of earlier effects, and how far they spread."""

    middle: float
    spread: float


def judged(
    metrics: pl.DataFrame,
    history: pl.DataFrame,
    settings: DriftSettings,
    names: Mapping[str, str] | None = None,
) -> pl.DataFrame:
    """The measures with `usual`, `alarm`, `headline` and `sentence`: the one rule of alarms.

    `metrics` has the columns of drift_metrics without window_start, `history` the columns `KNOWN` of earlier windows,
    of which the last `USUAL` count. `names` has segments' names.

    An alarm needs three things. Chance alone would rarely give as much: a q-value of at most `alpha`. It matters: an
    effect of at least `min_effect`, and of `ABOVE` spreads more than is usual for this measure of this segment (median
    and 1.4826 times the median absolute deviation). And it lasts or is great: it was so in the last window too, or it
    is `FAR_ABOVE` spreads. Where less than `FEWEST` values are known the first two decide, without the usual.

    The alarms furthest above the usual are headlines, one a segment, ranked from 1, each with a sentence.
    """
    past = _Past(history, settings)
    rows = [_judge(row, past, settings) for row in metrics.iter_rows(named=True)]
    loud = sorted((row for row in rows if row["alarm"]), key=lambda row: (-row["far"], row["metric"], row["who"]))
    seen: set[str] = set()
    for row in loud:
        if row["who"] not in seen and len(seen) < HEADLINES:
            seen.add(row["who"])
            row["headline"], row["sentence"] = len(seen), _sentence(row, names or {})
    return pl.DataFrame([{name: row[name] for name in JUDGED} for row in rows], JUDGED)


class _Past:
    """Effects of earlier windows by measure, and what the last window had."""

    def __init__(self, history: pl.DataFrame, settings: DriftSettings) -> None:
        self._settings = settings
        self._own: dict[tuple[str | None, str], list[float]] = defaultdict(list)
        self._all: dict[tuple[str, str], list[float]] = defaultdict(list)
        self._last: dict[tuple[str | None, str], tuple[float, float]] = {}
        windows = history["window_start"].unique().sort().tail(USUAL).to_list()
        known = history.filter(pl.col("effect").is_not_null() & pl.col("window_start").is_in(windows))
        newest = windows[-1] if windows else None
        for window, scope, segment, metric, effect, q in known.select(list(KNOWN)).sort("window_start").iter_rows():
            self._own[segment, metric].append(effect)
            self._all[scope, metric].append(effect)
            if window == newest and q is not None:
                self._last[segment, metric] = (effect, q)

    def usual(self, scope: str, segment: str | None, metric: str) -> _Usual | None:
        values = self._own[segment, metric]
        if len(values) < FEWEST and scope == SEGMENT:
            values = self._all[scope, metric]
        if len(values) < FEWEST:
            return None
        middle = float(np.median(values))
        spread = 1.4826 * float(np.median(np.abs(np.array(values) - middle)))
        return _Usual(middle, max(spread, self._settings.min_effect / 2))

    def lasted(self, segment: str | None, metric: str, usual: _Usual) -> bool:
        """Whether it was already so in the last window."""
        effect, q = self._last.get((segment, metric), (0.0, 1.0))
        return q <= self._settings.alpha and effect >= usual.middle + ABOVE * usual.spread


def _judge(row: dict[str, Any], past: _Past, settings: DriftSettings) -> dict[str, Any]:
    effect, q = row["effect"], row["q_value"]
    usual = past.usual(row["scope"], row["segment_id"], row["metric"]) if effect is not None else None
    told = row | {"usual": None if usual is None else usual.middle, "headline": None, "sentence": None}
    told |= {"who": row["segment_id"] or "", "far": 0.0, "alarm": False}
    if q is None or effect is None or q > settings.alpha or effect < settings.min_effect:
        return told
    if usual is None:
        return told | {"alarm": True, "far": effect / max(settings.min_effect, 1e-9)}
    far = (effect - usual.middle) / usual.spread
    lasting = far >= ABOVE and past.lasted(row["segment_id"], row["metric"], usual)
    return told | {"alarm": far >= FAR_ABOVE or lasting, "far": far}


def _sentence(row: Mapping[str, Any], names: Mapping[str, str]) -> str:
    segment = row["segment_id"]
    who = f"Segment {segment}" + (f" ({names[segment]})" if segment in names else "") if segment else "All users"
    usual = "" if row["usual"] is None else f" where {row['usual']:.2f} is usual"
    # a segment's own change is always within it
    cause = f", {CAUSES[row['cause']]}" if row["cause"] in CAUSES and not segment else ""
    says = SAYS.get(row["metric"], f"{row['metric'].replace('_', ' ')} changed")
    return f"{who}: {says} (effect {row['effect']:.2f}{usual}){cause}."
