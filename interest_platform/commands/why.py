"""`interest why`: a user's segments window by window, and why each move."""

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from interest_platform.commands.identify import find_user
from interest_platform.domain.unassigned import UNASSIGNED
from interest_platform.domain.windows import Window, WindowGrid
from interest_platform.errors import InterestError
from interest_platform.settings import load_settings

if TYPE_CHECKING:
    import polars as pl

SHOWN_CHARS = 100
"""Characters of a text that are shown."""

PARTS = {"new_texts": "new texts", "decay": "older texts fading", "clustering": "the segments themselves moving"}


def why(
    user: Annotated[str, typer.Argument(help="The user's id as in the source, or a user_key.")],
    window: Annotated[str | None, typer.Option(help="Explain only the move into this window (its first day).")] = None,
    source: Annotated[str | None, typer.Option(help="The source the id is of; needed where several have it.")] = None,
) -> None:
    """Tell why a user moved from segment to segment: new texts, older ones fading, or the clustering."""
    from rich.console import Console

    from interest_platform.lake import Lake
    from interest_platform.lake.user_history import user_history

    settings = load_settings()
    chosen = None if window is None else settings.grid.window(window)
    lake = Lake(settings)
    lake.prepare()
    with user_history(lake) as history:
        user_key = find_user(settings, history, user, source)
        segments, moves = history.segments(user_key), history.moves(user_key)
        _require(segments, chosen)
        texts = history.texts(user_key, [t for ids in moves["text_ids"] for t in ids])
    out = Console(highlight=False, soft_wrap=True)
    out.print(f"user {user_key}")
    out.print(_table(segments))
    for line in _lines(settings.grid, segments, moves, texts, chosen):
        out.print(line, markup=False)


def _require(segments: "pl.DataFrame", chosen: Window | None) -> None:
    """Raise `InterestError` where there is no window to tell of."""
    starts = segments["window_start"].to_list()
    if not starts:
        raise InterestError(
            "the user has texts but is in no window's clusters: too few texts (interests.min_texts), or "
            "cluster_snapshots is not materialised"
        )
    if chosen is not None and chosen.start not in starts:
        told = ", ".join(f"{start:%Y-%m-%d}" for start in starts)
        raise InterestError(f"--window {chosen.key}: the user is in no segment of that window, but in those of {told}")


def _table(segments: "pl.DataFrame") -> Any:
    from rich.markup import escape
    from rich.table import Table

    table = Table("window", "segment", "name", "membership")
    for start, segment, name, membership in segments.iter_rows():
        table.add_row(f"{start:%Y-%m-%d}", segment or "-", escape(name or "-"), f"{membership:.2f}")
    return table


def _lines(
    grid: WindowGrid, segments: "pl.DataFrame", moves: "pl.DataFrame", texts: "pl.DataFrame", chosen: Window | None
) -> Iterator[str]:
    """What is told of each window that the user came to from another segment, or of the chosen one."""
    of_window = {row["window_start"]: row for row in segments.iter_rows(named=True)}
    explained = {row["window_start"]: row for row in moves.iter_rows(named=True)}
    known = {row["text_id"]: row for row in texts.iter_rows(named=True)}
    told = False
    for start, now in of_window.items():
        if chosen is not None and chosen.start != start:
            continue
        before = of_window.get(grid.shift(grid.window(f"{start:%Y-%m-%d}"), -1).start)
        if start in explained:
            yield from _move(explained[start], before, now, known)
        elif before is not None and before["segment_id"] != now["segment_id"]:
            yield f"{start:%Y-%m-%d}: {_unexplained(before, now)}"
        elif chosen is not None:
            yield f"{start:%Y-%m-%d}: no move; " + ("stayed" if before else "was in no segment of the window before")
        else:
            continue
        told = True
    if not told:
        yield "never moved"


def _unexplained(before: dict[str, Any], now: dict[str, Any]) -> str:
    if UNASSIGNED in (before["segment_id"], now["segment_id"]):
        return (
            f"from {before['segment_id']} to {now['segment_id']}: where one side is no cluster nothing can be explained"
        )
    return "moved, not explained yet: materialise user_moves of that window"


def _move(
    move: dict[str, Any], before: dict[str, Any] | None, now: dict[str, Any], known: dict[str, dict[str, Any]]
) -> Iterator[str]:
    """The move's segments, its parts, largest first, and the texts that count most."""
    old = move["from_segment"] + (f" ({before['name']})" if before and before["name"] else "")
    yield f"{move['window_start']:%Y-%m-%d}: from {old} to {move['to_segment']} ({now['name']})"
    parts = sorted(PARTS, key=lambda part: -move[part])
    yield f"  nearer to the new than to the old by {move['margin']:.3f} (cosine): " + ", ".join(
        f"{PARTS[part]} {move[part]:+.3f}" for part in parts
    )
    for text_id, part in zip(move["text_ids"], move["text_parts"], strict=True):
        yield f"  {part:+.3f}  " + _told(known.get(text_id), move["window_start"], text_id)


def _told(text: dict[str, Any] | None, start: datetime, text_id: str) -> str:
    if text is None:
        return f"text {text_id}, no longer in the lake"
    words = " ".join((text["text"] or f"text {text_id} (a vector only)").split())
    shown = words if len(words) <= SHOWN_CHARS else words[: SHOWN_CHARS - 1] + "…"
    return f"{text['ts']:%Y-%m-%d} {'new' if text['ts'] >= start else 'old'}  {shown}"
