"""`interest recommend`: what a user is offered after a window, and why."""

from typing import Annotated

import typer

from interest_platform.commands.identify import find_user
from interest_platform.errors import InterestError
from interest_platform.settings import load_settings


def recommend(
    user: Annotated[str, typer.Argument(help="The user's id as in the source, or a user_key.")],
    strategy: Annotated[str | None, typer.Option(help="Whose list. Default: the one that is published.")] = None,
    window: Annotated[str | None, typer.Option(help="After which window (its first day). Default: the newest.")] = None,
    source: Annotated[str | None, typer.Option(help="The source the id is of; needed where several have it.")] = None,
) -> None:
    """Show a user's list: items, why each, and whether the strategy has passed the gate."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from interest_platform.lake import Lake
    from interest_platform.lake.offers import offers
    from interest_platform.lake.user_history import user_history

    settings = load_settings()
    chosen = None if window is None else settings.grid.window(window)
    lake = Lake(settings)
    lake.prepare()
    with user_history(lake) as history:
        user_key = find_user(settings, history, user, source)
    found = offers(lake, user_key, strategy, chosen)
    if found.rows.is_empty():
        told = f"of {found.strategy} after {found.window}" if found.window else "in any window"
        raise InterestError(
            f"user {user_key} has no list {told}: only users with a text in the window or its lookback are offered "
            "items, where texts name items, and filters may hide them all; `interest run` makes the lists"
        )
    table = Table("rank", "item", "score", "why")
    for row in found.rows.iter_rows(named=True):
        table.add_row(str(row["rank"]), escape(row["item_id"]), f"{row['score']:.3f}", escape(row["reason"]))
    out = Console(highlight=False, soft_wrap=True)
    out.print(f"user {user_key}, after {found.window}, by {found.strategy} ({found.standing})", markup=False)
    out.print(table)
