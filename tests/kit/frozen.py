"""Digests of what the platform shows and computes, to see that a change of its code changes nothing else.

    python tests/kit/frozen.py > before.json                          commands, tables, graph
    python tests/kit/frozen.py --home HOME --config interest.yaml     with the rows of a home that has been run
    python tests/kit/frozen.py ... --against before.json              what is no longer the same; exit 1 if anything

Rows are compared one for one, in the order of their keys. What differs from run to run is left out: `VOLATILE`.
`tests/dagster/test_frozen.py` holds commands, tables and graph against `frozen.json` beside this file. Where a change
of these is meant, write it again by `python tests/kit/frozen.py > tests/kit/frozen.json`.
"""

import argparse
import hashlib
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

import duckdb
import polars as pl
import typer

from interest_platform.domain.tables import TABLES, WINDOW_LOADS
from interest_platform.lake import Lake
from interest_platform.settings import Settings, load_settings

VOLATILE = {
    "loaded_at",
    "ingested_at",
    "dagster_run_id",
    "mlflow_run_id",
    "lake_version",
    "seconds",
    "published_at",
    "read_at",
    "segmented_at",
}
"""Columns of times, runs and versions."""

Digests = Mapping[str, str]


def frozen(settings: Settings) -> Digests:
    """A digest of each command's help, each table's contract and each part of Dagster's graph."""
    parts = [*_commands(), *_tables(), *_graph(settings)]
    return {name: digest(told) for name, told in sorted(parts, key=lambda each: each[0])}


def rows_of(settings: Settings) -> Digests:
    """A digest of the rows of every table of the lake and of the published file, and of the names of artefacts."""
    lake = Lake(settings)
    found = {f"lake {name}": _rows(lake.read(table)) for name, table in TABLES.items() if name != WINDOW_LOADS.name}
    lake.close()
    published = settings.home / "serving" / "interest.duckdb"
    if published.exists():
        with duckdb.connect(str(published), read_only=True) as connection:
            for (name,) in connection.execute("SELECT table_name FROM information_schema.tables ORDER BY 1").fetchall():
                rows = connection.execute(f'FROM "{name}"').pl()
                found[f"published {name}"] = _rows(rows)
    artefacts = {each.name for each in (settings.home / "mlflow").rglob("*") if each.is_file() and each.suffix != ".db"}
    return found | {"artefact names": digest(sorted(artefacts - {"meta.yaml"}))}


def differences(before: Digests, after: Digests) -> list[str]:
    """What one of the two lacks, or has otherwise."""
    return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))


def digest(told: Any) -> str:
    """Sixteen hexadecimal digits of anything that JSON can hold."""
    return hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode()).hexdigest()[:16]


def _rows(frame: pl.DataFrame) -> str:
    kept = frame.select(sorted(name for name in frame.columns if name not in VOLATILE))
    return digest(sorted(json.dumps(row, sort_keys=True, default=str) for row in kept.iter_rows(named=True)))


def _commands() -> Iterator[tuple[str, Any]]:
    from interest_platform.cli import app

    yield from _below("interest", typer.main.get_command(app))


def _below(path: str, command: Any) -> Iterator[tuple[str, Any]]:
    options = [
        [list(each.opts), str(each.default), each.required, getattr(each, "help", "")] for each in command.params
    ]
    yield f"command {path}", [command.help, options]
    for name, each in getattr(command, "commands", {}).items():
        yield from _below(f"{path} {name}", each)


def _tables() -> Iterator[tuple[str, Any]]:
    for name, table in TABLES.items():
        columns = [[c.name, c.type.sql, c.nullable, c.description] for c in table.columns]
        yield f"table {name}", [table.row, list(table.key), columns]


def _graph(settings: Settings) -> Iterator[tuple[str, Any]]:
    from interest_platform.code_location import platform_definitions

    defs = platform_definitions(settings)
    graph, repository = defs.resolve_asset_graph(), defs.get_repository_def()
    for key in graph.get_all_asset_keys():
        node = graph.get(key)
        deps = {each.to_user_string(): str(node.partition_mappings.get(each)) for each in sorted(node.parent_keys)}
        windows = str(node.partitions_def)
        yield f"asset {key.to_user_string()}", [node.group_name, sorted(node.kinds), deps, windows]
    yield "checks", sorted(f"{k.asset_key.to_user_string()} {k.name}" for k in graph.asset_check_keys)
    yield "jobs", sorted(job.name for job in repository.get_all_jobs())
    yield "schedules", sorted([each.name, str(each.cron_schedule)] for each in repository.schedule_defs)
    yield "sensors", sorted(each.name for each in repository.sensor_defs)


def example(folder: Path) -> Settings:
    """The settings of the suites' workplace, made in the folder: they name no machine's path."""
    from support import make_workplace

    make_workplace(folder)
    environ = {"INTEREST_CONFIG": str(folder / "interest.yaml"), "INTEREST_HOME": str(folder / "home")}
    return load_settings(environ)


def main() -> None:
    """Print the digests, or what is no longer the same."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, help="a home that has been run: with its rows")
    parser.add_argument("--config", type=Path, help="its interest.yaml")
    parser.add_argument("--against", type=Path, help="earlier digests")
    given = parser.parse_args()
    if (given.home is None) != (given.config is None):
        parser.error("--home and --config go together")
    with tempfile.TemporaryDirectory() as folder:
        found = dict(frozen(example(Path(folder) / "workplace")))
    if given.home is not None:
        environ = {"INTEREST_HOME": str(given.home), "INTEREST_CONFIG": str(given.config)}
        found |= rows_of(load_settings(environ))
    if given.against is None:
        print(json.dumps(found, indent=1, sort_keys=True))
        return
    changed = differences(json.loads(given.against.read_text()), found)
    print("\n".join(changed) or f"the same: {len(found)} digests")
    sys.exit(1 if changed else 0)


if __name__ == "__main__":
    main()
