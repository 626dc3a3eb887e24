"""`interest report`: the static page of the pictures."""

from pathlib import Path
from typing import Annotated

import typer

from interest_platform.errors import InterestError
from interest_platform.settings import load_settings

DEFAULT = Path("interest-report.html")


def report(
    out: Annotated[Path, typer.Option(help="File to write; one that is there is replaced.")] = DEFAULT,
) -> None:
    """Write one HTML page of how the segments live, move and change; it opens offline."""
    from interest_platform.commands.bars import console
    from interest_platform.domain.dynamics_tables import SEGMENT_IDENTITIES
    from interest_platform.domain.windows import utc_now
    from interest_platform.lake import Lake
    from interest_platform.report import read_frames
    from interest_platform.report import report as page

    settings = load_settings()
    lake = Lake(settings)
    lake.prepare()
    with console.status("drawing"):
        version = lake.version()
        closed = settings.grid.closed(utc_now())
        windows = lake.loaded_windows(SEGMENT_IDENTITIES.name, closed, version=version)
        html = page(read_frames(lake, windows, version), made_at=utc_now())
    try:
        out.write_text(html, encoding="utf-8")
    except OSError as error:
        raise InterestError(f"--out {out}: {error.strerror}") from error
    console.print(f"wrote {out} ({len(windows)} windows)", highlight=False, soft_wrap=True)
