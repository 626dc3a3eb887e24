"""segment_identities and what follows from them: events, migrations and renames of the window's segments."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg
import polars as pl

from interest_platform.assets.facts import Family, check_specs_of, specs_of
from interest_platform.assets.loading import Loaded, Outcome, Write, load_windows
from interest_platform.assets.segment_terms import describing, segment_terms
from interest_platform.checks import EVENTS_COVER, FLOWS_ADD_UP
from interest_platform.domain.dynamics_tables import (
    SEGMENT_EVENTS,
    SEGMENT_IDENTITIES,
    SEGMENT_MIGRATIONS,
    SEGMENT_RENAMES,
    SEGMENT_TERMS,
)
from interest_platform.domain.steps import SEGMENT_IDENTITIES_STEP
from interest_platform.domain.tables import (
    CLUSTER_SNAPSHOTS,
)
from interest_platform.domain.unassigned import UNASSIGNED
from interest_platform.domain.windows import Window
from interest_platform.dynamics.genealogy_frames import broken_genealogy_laws, event_rows, identity_rows
from interest_platform.dynamics.identities import Genealogy, Past, genealogy
from interest_platform.dynamics.lineages import genealogy_of
from interest_platform.dynamics.mapped import past_in
from interest_platform.dynamics.migrations import broken_migration_laws
from interest_platform.dynamics.migrations import segment_migrations as migrations_of
from interest_platform.dynamics.names import Names, Title, name_segments
from interest_platform.dynamics.sightings import Sighting
from interest_platform.lake import Lake
from interest_platform.lake.carried import carrying_of
from interest_platform.lake.mappings import mappings
from interest_platform.lake.past import known_identities, past, sighting
from interest_platform.resources import LakeResource, SettingsResource
from interest_platform.segments.chat_names import ChatNamer

FAMILY = Family("segments", frozenset({"scipy", "polars"}), code_version="2")


@dg.multi_asset(
    name=SEGMENT_IDENTITIES.name,
    specs=specs_of(SEGMENT_IDENTITIES_STEP, FAMILY),
    check_specs=check_specs_of(SEGMENT_IDENTITIES_STEP, EVENTS_COVER, FLOWS_ADD_UP),
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def segment_identities(
    context: dg.AssetExecutionContext, settings: SettingsResource, lake: LakeResource
) -> Iterator[dg.MaterializeResult]:
    """Follow the segments of the last window into this one; give new ones their ids and names."""
    grace = settings.config.dynamics.grace

    def work(window: Window, write: Write) -> Loaded:
        version = lake.lake.version()
        now = sighting(lake.lake, window, version)
        known = known_identities(lake.lake, settings.grid, window, version)
        before, last = past(lake.lake, settings.grid, window, known, grace, version)
        crossings = mappings(lake.lake, settings.grid.lookback(window, 1 + grace), version)
        before = past_in(now.encoder, before, crossings)
        adjacent = last if last is not None and not before.gap else None
        return write(_outcome(lake.lake, settings, window, now, before, known, adjacent, version))

    yield from load_windows(context, lake, work)


def _outcome(
    lake: Lake,
    settings: SettingsResource,
    window: Window,
    now: Sighting,
    before: Past,
    known: pl.DataFrame,
    last: Window | None,
    version: int,
) -> Outcome:
    carrying = carrying_of(lake, window, known, version)
    carried = carrying.goes_on
    found = genealogy_of(carrying, now, before) if carried else genealogy(now, before)
    starts = [each.start for each in reversed(settings.grid.lookback(window, 2))]
    identities, events = identity_rows(found, known, window), event_rows(found, starts)
    terms = segment_terms(lake, settings.grid, window, found, settings.config, version)
    latest = known.sort("window_start").unique("segment_id", keep="last", maintain_order=True)
    title = _titles(lake, settings, window, version)
    named = name_segments(describing(terms, found), identities, latest, title=title)
    after = _weights(now, dict(identities.select("cluster_id", "segment_id").iter_rows()))
    earlier = _weights(before.last if last else None, before.segments)
    flows = migrations_of(earlier, after)
    covered = broken_genealogy_laws(found, now, before, carrying.quiet if carried else frozenset())
    broken = broken_migration_laws(flows, earlier, after)
    whole = identities.join(carrying.placed, on="cluster_id", how="left").join(named.names, on="cluster_id")
    return Outcome(
        frames={
            SEGMENT_IDENTITIES.name: whole,
            SEGMENT_EVENTS.name: events,
            SEGMENT_TERMS.name: terms,
            SEGMENT_MIGRATIONS.name: flows,
            SEGMENT_RENAMES.name: named.renames,
        },
        version=version,
        metadata={
            "compared_with": last.key if last else "nothing: a beginning",
            "followed_by": "carrying" if carried else "tracker",
            **_told(found, events, named),
        },
        findings=[
            EVENTS_COVER.found(not covered, broken="; ".join(covered) or "none"),
            FLOWS_ADD_UP.found(not broken, broken="; ".join(broken) or "none"),
        ],
    )


def _told(found: Genealogy, events: pl.DataFrame, named: Names) -> dict[str, Any]:
    learned = {} if found.leaving is None else {"leaving": found.leaving, "drift": found.drift}
    return {
        "events": dict(sorted(events["kind"].value_counts().iter_rows())),
        "renames": named.renames.height,
        "named_by_chat": _named_by_chat(named.names),
        **learned,
    }


def _titles(lake: Lake, settings: SettingsResource, window: Window, version: int) -> Title | None:
    """Asks the chat model for names, by the window's terms and texts, where the settings have one."""
    chat = settings.config.naming.chat
    if chat is None:
        return None
    namer = ChatNamer(chat, settings.settings.home)
    columns = ["cluster_id", "top_terms", "example_texts"]
    clusters = lake.read(CLUSTER_SNAPSHOTS, [window], columns=columns, version=version)
    told = {c: (terms, texts) for c, terms, texts in clusters.iter_rows()}

    def title(cluster: int) -> tuple[str | None, str]:
        name, evidence = namer.name(*told[cluster])
        return name, evidence.text

    return title


def _named_by_chat(names: pl.DataFrame) -> int:
    """How many names of the window are new and a chat model's."""
    return sum(json.loads(evidence)["by"] == "chat" for evidence in names["name_evidence"].drop_nulls())


def _weights(sighted: Sighting | None, segments: Mapping[int, str]) -> pl.DataFrame:
    """user_key, segment_id, weight of a window's members; those in no cluster are `unassigned`."""
    if sighted is None:
        return pl.DataFrame(schema={"user_key": pl.String, "segment_id": pl.String, "weight": pl.Float64})
    ids = {"cluster_id": list(segments.keys()), "segment_id": list(segments.values())}
    names = pl.DataFrame(ids, schema={"cluster_id": pl.Int32, "segment_id": pl.String})
    placed = sighted.members.join(names, on="cluster_id", how="left")
    return placed.select("user_key", pl.col("segment_id").fill_null(UNASSIGNED), "weight")
