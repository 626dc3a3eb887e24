"""What a step may read while it works on a window: what `domain.steps` declares, and nothing else."""

from collections.abc import Sequence
from datetime import datetime

from interest_platform.domain.offsets import Reach, ever
from interest_platform.domain.steps import Step
from interest_platform.domain.tables import WINDOW_LOADS
from interest_platform.domain.windows import Window, WindowGrid
from interest_platform.errors import ContractError

BOOKKEEPING = {WINDOW_LOADS.name}
"""Tables that tell what is loaded, and are no input."""


class DeclaredReads:
    """The tables and windows that a step's declaration names, seen from one window."""

    def __init__(self, step: Step, window: Window, grid: WindowGrid, reach: Reach) -> None:
        self.step, self.window, self.grid, self.reach = step, window, grid, reach
        self._starts: dict[str, frozenset[datetime]] = {}

    def require(self, table: str, windows: Sequence[Window] | None) -> None:
        """Raise `ContractError` where the step does not declare that it reads these windows (None: all) of the table.

        Its own window of its own tables it may always read: that is what it has just written.
        """
        if table in self.step.as_it_was or table in BOOKKEEPING:
            return
        if table not in self.step.reads and table not in self.step.writes:
            raise ContractError(
                f"{self.step.name} of {self.window.key} reads {table}, which its step does not declare: add the table "
                "to `reads` in domain/steps.py"
            )
        if windows is None:
            raise ContractError(
                f"{self.step.name} of {self.window.key} reads all windows of {table}: name those that its step declares"
            )
        allowed = self._allowed(table)
        undeclared = [each.key for each in windows if each.start not in allowed and not self._is_earlier(table, each)]
        if undeclared:
            raise ContractError(
                f"{self.step.name} of {self.window.key} reads {table} of {', '.join(undeclared)}, which its step does "
                "not declare: change the windows in domain/steps.py"
            )

    def _allowed(self, table: str) -> frozenset[datetime]:
        if table not in self._starts:
            offsets = self.step.windows(table, self.reach) if table in self.step.reads else range(0)
            starts = {self.grid.shift(self.window, each).start for each in offsets}
            own = {self.window.start} if table in self.step.writes else set()
            self._starts[table] = frozenset(starts | own)
        return self._starts[table]

    def _is_earlier(self, table: str, window: Window) -> bool:
        """Whether every window before is read of the table, and this is one."""
        return self.step.reads.get(table) is ever and window.start < self.window.start
