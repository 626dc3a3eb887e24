"""Progress bars of a run: one for each asset's windows, one for the texts that are encoded."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

from interest_platform.progress import Progress

console = Console(stderr=True)
"""Where people are told things; standard output is for results."""


@contextmanager
def quiet_output() -> Iterator[None]:
    """Drop what libraries print to standard output (dbt's log): what failed is told by the error's own line."""
    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):
        yield


class RunBars(Progress):
    """Shows a run's progress on standard error."""

    def __init__(self) -> None:
        self.encoded_texts = 0
        self._bars = Bars(
            TextColumn("{task.description:<18}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[unit]}"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[last]}", style="dim"),
            console=console,
        )
        self._assets: dict[str, TaskID] = {}
        self._texts: TaskID | None = None
        self._cells: TaskID | None = None
        self._warned = False

    def __enter__(self) -> "RunBars":
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def asset_started(self, asset: str, windows: int) -> None:
        """A bar for the asset."""
        self._assets[asset] = self._bars.add_task(asset, total=windows, unit="windows", last="")

    def window_loaded(self, asset: str, window: str, rows: int) -> None:
        """One window further."""
        self._bars.update(self._assets[asset], advance=1, last=f"{window}: {rows:,} rows")

    def encoding(self, texts: int) -> None:
        """More texts are to be encoded."""
        self._texts = self._more(self._texts, "  texts encoded", "texts", texts)

    def encoded(self, texts: int) -> None:
        """Some of them have been."""
        self.encoded_texts += texts
        if self._texts is not None:
            self._bars.update(self._texts, advance=texts)

    def comparing(self, cells: int) -> None:
        """More cells are to be measured."""
        self._cells = self._more(self._cells, "  cells measured", "cells", cells)

    def compared(self, cell: str) -> None:
        """One of them has been."""
        if self._cells is not None:
            self._bars.update(self._cells, advance=1, last=cell)

    def _more(self, task: TaskID | None, name: str, unit: str, count: int) -> TaskID:
        """The bar of that many more, made where there is none yet."""
        if task is None:
            return self._bars.add_task(name, total=count, unit=unit, last="")
        self._bars.update(task, total=(self._bars.tasks[task].total or 0) + count)
        return task

    def warned(self, message: str) -> None:
        """A line above the bars, for the first window only: the others say about the same."""
        if not self._warned:
            self._bars.console.print(message, style="yellow", soft_wrap=True, highlight=False)
        self._warned = True
