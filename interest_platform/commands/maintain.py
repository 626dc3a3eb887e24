"""`interest maintain`: keep the lake small without losing a version that a row names."""

from datetime import timedelta
from typing import Annotated

import typer

from interest_platform.settings import load_settings


def maintain(
    keep_days: Annotated[int, typer.Option(min=1, help="Lake versions younger than this are kept.")] = 30,
) -> None:
    """Merge small files, expire old lake versions, remove files nobody needs.

    A version that a row of cluster_snapshots or recommendations names is never expired.
    """
    from rich.console import Console

    from interest_platform.lake import Lake
    from interest_platform.lake.maintenance import maintain as keep_small

    lake = Lake(load_settings())
    lake.prepare()
    done = keep_small(lake, keep=timedelta(days=keep_days))
    Console().print(
        f"{done.expired} versions expired, {done.merged} files merged, {done.removed} files removed, "
        f"{done.orphans} orphans removed",
        highlight=False,
    )
