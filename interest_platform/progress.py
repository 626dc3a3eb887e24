"""How far a long run is: assets report, whoever watches (such as progress bars) listens; by default nobody."""

from collections.abc import Iterator
from contextlib import contextmanager


class Progress:
    """Hears of assets, windows and texts; this one does nothing with it."""

    def asset_started(self, asset: str, windows: int) -> None:
        """An asset begins its `windows` windows."""

    def window_loaded(self, asset: str, window: str, rows: int) -> None:
        """A window of the asset has been written."""

    def encoding(self, texts: int) -> None:
        """`texts` more texts are to be encoded."""

    def encoded(self, texts: int) -> None:
        """`texts` more texts have been encoded."""

    def comparing(self, cells: int) -> None:
        """`cells` more cells of a comparison are to be measured."""

    def compared(self, cell: str) -> None:
        """One of them has been."""

    def warned(self, message: str) -> None:
        """Something is worth a person's look; the run goes on."""


_listener = Progress()


def progress() -> Progress:
    """Who listens in this process."""
    return _listener


@contextmanager
def reporting_to(listener: Progress) -> Iterator[None]:
    """Let `listener` hear what this process does inside the block."""
    global _listener
    before, _listener = _listener, listener
    try:
        yield
    finally:
        _listener = before
