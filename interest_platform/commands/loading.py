"""Loading the texts that a command works on, where they are not in the lake yet."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from interest_platform.domain.windows import Window

if TYPE_CHECKING:
    from dagster import DagsterInstance, Definitions  # noqa: TID251 - names for the type checker; nothing is imported

STEPS = ("raw_texts", "cleaned_tokens")


def load_texts(defs: "Definitions", instance: "DagsterInstance", windows: Sequence[Window]) -> None:
    """Read and clean the texts of the windows, in this process; nothing is encoded."""
    from interest_platform.jobs import LINE
    from interest_platform.restating import keys_of
    from interest_platform.runs import run_windows

    for stretch in _stretches(windows):
        run_windows(defs, instance, LINE, stretch, keys_of(defs, STEPS))


def _stretches(windows: Sequence[Window]) -> Iterator[list[Window]]:
    """The windows as ranges without a gap: a run loads every window from its first to its last."""
    stretch: list[Window] = []
    for window in windows:
        if stretch and stretch[-1].end != window.start:
            yield stretch
            stretch = []
        stretch.append(window)
    if stretch:
        yield stretch
