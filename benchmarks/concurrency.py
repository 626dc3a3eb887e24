"""A backfill by several processes while somebody reads: our lake beside the stock DuckDBPolarsIOManager, in one run.

Each process materialises its own partitions of one Dagster asset, one after the other; a reader polls all the while,
as a BI tool does. Printed for both: partitions that landed, partitions and reads that failed, rows found at the end,
seconds from the first write to the last (starting Python and importing libraries are not counted).
"""

import argparse
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from multiprocessing.synchronize import Barrier, Event
from pathlib import Path
from queue import Empty
from typing import Any

os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "true")

FIRST = datetime(2024, 1, 1)


@dataclass(frozen=True)
class Plan:
    """What is written: `processes` x `partitions` partitions of `rows` embeddings each."""

    processes: int
    partitions: int
    rows: int
    home: Path


def embeddings(rows: int, day: datetime) -> Any:
    """A frame of the table `embeddings`: random unit vectors of 384 dimensions, seeded by the day."""
    import numpy as np
    import polars as pl

    from interest_platform.domain.tables import EMBEDDINGS

    vectors = np.random.default_rng(day.toordinal()).standard_normal((rows, 384), dtype=np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    columns = {
        "text_hash": [f"{day:%Y%m%d}-{i}" for i in range(rows)],
        "encoder": ["benchmark"] * rows,
        "vector": pl.Series(vectors).cast(pl.List(pl.Float32)),
        "n_model_tokens": [128] * rows,
        "truncated": [False] * rows,
    }
    return EMBEDDINGS.conform(pl.DataFrame(columns), day)


def our_lake(home: Path) -> Any:
    """The lake of a home, with the platform's defaults."""
    from interest_platform.configuration import Configuration
    from interest_platform.lake import Lake
    from interest_platform.settings import Settings

    config = Configuration.model_validate(
        {"sources": [{"name": "a", "uri": "a.parquet"}], "windows": {"grain": "day", "start": "2024-01-01"}}
    )
    return Lake(Settings(config=config, config_path=home / "interest.yaml", home=home))


def our_asset(plan: Plan) -> tuple[Any, dict[str, Any]]:
    """The asset that writes through our lake."""
    import dagster as dg

    from interest_platform.domain.windows import Window
    from interest_platform.lake import Stamp

    lake = our_lake(plan.home)

    @dg.asset(partitions_def=dg.DailyPartitionsDefinition(start_date="2024-01-01"))
    def embedding(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        day = datetime.strptime(context.partition_key, "%Y-%m-%d")
        window = Window(day, day + timedelta(days=1))
        lake.replace(window, {"embeddings": embeddings(plan.rows, day)}, Stamp("embedding", context.run_id, "1"))
        return dg.MaterializeResult()

    return embedding, {}


def stock_asset(plan: Plan) -> tuple[Any, dict[str, Any]]:
    """The same asset, written by the stock IO manager."""
    import dagster as dg
    import polars as pl
    from dagster_duckdb_polars import DuckDBPolarsIOManager

    partitions = dg.DailyPartitionsDefinition(start_date="2024-01-01")

    @dg.asset(partitions_def=partitions, metadata={"partition_expr": "window_start"})
    def embedding(context: dg.AssetExecutionContext) -> pl.DataFrame:
        return embeddings(plan.rows, datetime.strptime(context.partition_key, "%Y-%m-%d"))

    manager = DuckDBPolarsIOManager(database=str(plan.home / "stock.duckdb"), schema="interest")
    return embedding, {"io_manager": manager}


def our_count(home: Path) -> Callable[[], tuple[int, int]]:
    """A read of the lake: partitions and rows, with a value of every vector looked at."""
    lake = our_lake(home)

    def count() -> tuple[int, int]:
        with lake.connect() as connection:
            return _count(connection, "embeddings")

    return count


def stock_count(home: Path) -> Callable[[], tuple[int, int]]:
    """The same read of the stock IO manager's file."""
    import duckdb

    def count() -> tuple[int, int]:
        if not (home / "stock.duckdb").exists():
            return 0, 0
        with duckdb.connect(str(home / "stock.duckdb"), read_only=True) as connection:
            try:
                return _count(connection, "interest.embedding")
            except duckdb.CatalogException:
                return 0, 0  # nothing has landed yet

    return count


def _count(connection: Any, table: str) -> tuple[int, int]:
    row = connection.execute(f"SELECT count(DISTINCT window_start), count(vector[1]) FROM {table}").fetchone()
    return int(row[0]), int(row[1])


ASSETS = {"ours": our_asset, "stock": stock_asset}
COUNTS = {"ours": our_count, "stock": stock_count}


def write(kind: str, plan: Plan, number: int, start: Barrier, results: Any) -> None:
    """One process: materialise its partitions, and report how many landed, failed, and when it ended."""
    import logging

    import dagster as dg

    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # Dagster prints each failure's traceback; they are counted instead
    logging.disable(logging.CRITICAL)
    asset, resources = ASSETS[kind](plan)
    days = [FIRST + timedelta(days=number * plan.partitions + i) for i in range(plan.partitions)]
    start.wait()
    landed = 0
    for day in days:
        key = f"{day:%Y-%m-%d}"
        landed += dg.materialize([asset], partition_key=key, resources=resources, raise_on_error=False).success
    results.put((landed, len(days) - landed, time.time()))


def read(kind: str, plan: Plan, start: Barrier, done: Event, results: Any) -> None:
    """Poll until told to stop, and report reads that were answered and reads that failed."""
    count = COUNTS[kind](plan.home)
    start.wait()
    answered = failed = 0
    while not done.is_set():
        try:
            count()
            answered += 1
        except Exception:
            failed += 1
        time.sleep(0.05)
    results.put((answered, failed))


def measure(kind: str, plan: Plan, minutes: float) -> tuple[int, int, float]:
    """Run one side and print its line. Returns partitions landed and failed, and seconds."""
    context = multiprocessing.get_context("spawn")
    start, done = context.Barrier(plan.processes + 2), context.Event()
    results, reads = context.Queue(), context.Queue()
    reader = context.Process(target=read, args=(kind, plan, start, done, reads))
    writers = [
        context.Process(target=write, args=(kind, plan, number, start, results)) for number in range(plan.processes)
    ]
    for process in (reader, *writers):
        process.start()
    start.wait()
    began, told = time.time(), []
    try:
        while len(told) < plan.processes:
            told.append(results.get(timeout=max(0.1, began + 60 * minutes - time.time())))
    except Empty:
        print(f"  {kind}: {plan.processes - len(told)} processes did not end within {minutes:g} minutes")
    done.set()
    answered, refused = reads.get(timeout=60)
    for process in (reader, *writers):
        process.join(timeout=0.0 if len(told) < plan.processes else 60)
        process.terminate()
    landed, failed = sum(t[0] for t in told), sum(t[1] for t in told)
    seconds = max((t[2] for t in told), default=time.time()) - began
    partitions, rows = COUNTS[kind](plan.home)()
    print(
        f"  {kind:5}  {landed:3} of {plan.processes * plan.partitions} landed, {failed:3} failed; "
        f"{partitions} partitions with {rows} rows found; "
        f"{answered} reads answered, {refused} failed; {seconds:.1f} s"
    )
    return landed, failed, seconds


def main() -> int:
    """Run both sides; exit code 1 when ours lost a partition."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--processes", type=int, default=8, help="processes that write at once (default 8)")
    parser.add_argument("--partitions", type=int, default=5, help="partitions each of them writes (default 5)")
    parser.add_argument("--rows", type=int, default=2_000, help="rows a partition, each a vector of 384 (default 2000)")
    parser.add_argument("--minutes", type=float, default=10, help="give up on a side after this long (default 10)")
    parser.add_argument("--only", choices=list(ASSETS), help="measure one side only")
    arguments = parser.parse_args()
    sides = {}
    print(f"{arguments.processes} processes x {arguments.partitions} partitions x {arguments.rows} rows, one reader:")
    for kind in [arguments.only] if arguments.only else list(ASSETS):
        with tempfile.TemporaryDirectory(prefix="interest-bench-") as folder:
            plan = Plan(arguments.processes, arguments.partitions, arguments.rows, Path(folder))
            if kind == "ours":
                our_lake(plan.home).prepare()
            sides[kind] = measure(kind, plan, arguments.minutes)
    if len(sides) == 2:
        print(f"  the stock IO manager took {sides['stock'][2] / sides['ours'][2]:.1f} times as long as ours")
    return int("ours" in sides and sides["ours"][0] < arguments.processes * arguments.partitions)


if __name__ == "__main__":
    sys.exit(main())
