"""All pictures of the frames, and the report page."""

from collections.abc import Sequence
from datetime import datetime

import polars as pl

from interest_platform.report.frames import Frames
from interest_platform.report.heatmap import heat_map
from interest_platform.report.history import History, history_of
from interest_platform.report.page import page_of
from interest_platform.report.picture import Picture
from interest_platform.report.planted import planted
from interest_platform.report.recommendations import recommendations
from interest_platform.report.sankey import sankey
from interest_platform.report.timeline import timeline
from interest_platform.report.user_map import user_map
from interest_platform.report.words import listed
from interest_platform.segments.structure import structure_in

TITLE = "What your users are interested in"


def flow_picture(frames: Frames) -> Picture:
    """The Sankey of segment flows."""
    return sankey(history_of(frames))


def timeline_picture(frames: Frames) -> Picture:
    """The timeline of segments with their events."""
    return timeline(history_of(frames), frames.events)


def drift_picture(frames: Frames) -> Picture:
    """The drift heat map."""
    return heat_map(history_of(frames), frames.drift)


def map_picture(frames: Frames) -> Picture:
    """The map of users and of the ways of segments."""
    return user_map(history_of(frames), frames)


def planted_picture(frames: Frames) -> Picture:
    """How many planted changes are noticed."""
    return planted(history_of(frames), frames.planted)


def quality_picture(frames: Frames) -> Picture:
    """How good recommendations are."""
    return recommendations(frames.quality)


def pictures(frames: Frames) -> list[Picture]:
    """All pictures, in the order of the page."""
    history = history_of(frames)
    return [
        sankey(history),
        timeline(history, frames.events),
        heat_map(history, frames.drift),
        user_map(history, frames),
        planted(history, frames.planted),
        recommendations(frames.quality),
    ]


def report(frames: Frames, *, made_at: datetime, title: str = TITLE, drawn: Sequence[Picture] | None = None) -> str:
    """The report page of the frames; `made_at` (UTC) is told at its end. Empty frames yield a page that says so.

    `drawn`: the frames' pictures where they are there already.
    """
    history = history_of(frames)
    note = f"Made {made_at:%Y-%m-%d %H:%M} UTC by `interest report`. {_advice(history)}"
    segments = {i: s.label for i, s in sorted(history.segments.items())}
    return page_of(
        pictures(frames) if drawn is None else drawn,
        title=title,
        facts=_facts(history, frames),
        segments=segments,
        note=note,
    )


def _facts(history: History, frames: Frames) -> dict[str, str]:
    if not history.windows:
        return {"Windows": "none loaded yet"} | _version(frames)
    last = len(history.windows) - 1
    newest = frames.members.filter(pl.col("window_start") == history.windows[-1])
    alive = sum(segment.last == last for segment in history.segments.values())
    span = history.keys[0] if not last else f"{last + 1}, from {history.keys[0]} to {history.keys[-1]}"
    return (
        {
            "Windows": span,
            "Users in the newest": f"{newest['user_key'].n_unique():,}",
            "Segments in the newest": f"{alive:,}",
        }
        | _structure(history, frames)
        | _version(frames)
    )


def _structure(history: History, frames: Frames) -> dict[str, str]:
    """How far the newest window's users fall into groups."""
    if "structure" not in frames.snapshots.columns:
        return {}
    found = structure_in(frames.snapshots.filter(pl.col("window_start") == history.windows[-1]))
    return {} if found is None else {"Groups": found.told}


def _version(frames: Frames) -> dict[str, str]:
    return {} if frames.version is None else {"Lake version": f"{frames.version:,}"}


def _advice(history: History) -> str:
    if not history.windows:
        return "Load windows with `interest run`, then make the report again."
    tables = ["segment_identities", "segment_events", "segment_migrations", "drift_metrics", "planted_events"]
    tables.append("recommendation_metrics")
    return f"The numbers are in the lake's tables {listed(tables)}: `interest sql` reads them."
