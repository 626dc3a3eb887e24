"""`interest restate`: load again, in order, what shows windows as they no longer are, and tell what has changed."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from interest_platform.domain.windows import Window
from interest_platform.settings import load_settings

if TYPE_CHECKING:
    from interest_platform.lake import Lake
    from interest_platform.lake.staleness import Restatement
    from interest_platform.segments.difference import Difference, Segments, Told


def restate(
    plan: Annotated[bool, typer.Option("--plan", help="Only tell which windows, and why.")] = False,
    publishing: Annotated[bool, typer.Option("--publish/--no-publish", help="Build the marts afterwards.")] = True,
) -> None:
    """Restate the stale windows: those made from windows that were loaded again since, or that never came to an end."""
    from interest_platform.code_location import platform_definitions
    from interest_platform.commands.bars import RunBars, console
    from interest_platform.commands.run import home_instance, publish_marts
    from interest_platform.lake import Lake
    from interest_platform.progress import reporting_to
    from interest_platform.restating import restate as run_again
    from interest_platform.restating import to_restate
    from interest_platform.segments.difference import differences

    settings = load_settings()
    instance, lake, defs = home_instance(settings), Lake(settings), platform_definitions(settings)
    wanted = to_restate(defs, lake)
    if plan or not wanted:
        _tell_plan(lake, wanted)
        return
    windows = [window for each in wanted for window in each.windows]
    before = _segments(lake, windows)
    with RunBars() as bars, reporting_to(bars):
        run_again(defs, instance, wanted)
    if publishing:
        publish_marts(defs, instance)
    found = differences([window.start for window in windows], before, _segments(lake, windows))
    console.print(f"restated {len(windows)} windows", highlight=False)
    _tell_differences(found)


def _segments(lake: "Lake", windows: Sequence[Window]) -> "Segments":
    """The windows' segments as the lake has them now."""
    from interest_platform.domain.dynamics_tables import SEGMENT_EVENTS, SEGMENT_IDENTITIES
    from interest_platform.domain.tables import CLUSTER_MEMBERS
    from interest_platform.segments.difference import Segments

    version = lake.version()
    events = lake.read(SEGMENT_EVENTS, windows, version=version)
    key = ["window_start", "cluster_id"]
    identities = lake.read(SEGMENT_IDENTITIES, windows, columns=[*key, "segment_id"], version=version)
    members = lake.read(CLUSTER_MEMBERS, windows, columns=[*key, "user_key", "interest_no"], version=version)
    strongest = members.filter(members["interest_no"] == 0)
    return Segments(events, strongest.join(identities, on=key).select("window_start", "user_key", "segment_id"))


def _tell_plan(lake: "Lake", wanted: Sequence["Restatement"]) -> None:
    from rich.console import Console

    from interest_platform.lake.staleness import reasons

    out = Console(highlight=False, soft_wrap=True)
    if not wanted:
        out.print("no window is stale")
        return
    for start, because in reasons(lake, wanted).items():
        out.print(f"{start:%Y-%m-%d}  {because}")
    for each in wanted:
        first, last = each.windows[0].key, each.windows[-1].key
        out.print(f"to run on {len(each.windows)} windows, {first} to {last}: {', '.join(each.steps)}")


def _tell_differences(found: Sequence["Difference"]) -> None:
    from rich.console import Console

    out = Console(highlight=False, soft_wrap=True)
    changed = [difference for difference in found if difference.is_any]
    if not changed:
        out.print("ids and events are what they were")
    for each in changed:
        out.print(f"{each.window_start:%Y-%m-%d}: {each.users} users in another segment{_ids(each)}")
        for sign, events in (("-", each.events_gone), ("+", each.events_new)):
            for event in events:
                out.print(f"  {sign} {_event(event)}", markup=False)


def _ids(each: "Difference") -> str:
    gone, new = ", ".join(each.ids_gone), ", ".join(each.ids_new)
    return (f"; gone {gone}" if gone else "") + (f"; new {new}" if new else "")


def _event(event: "Told") -> str:
    kind, parents, children = event
    return f"{kind} " + " -> ".join(", ".join(segments) for segments in (parents, children) if segments)
