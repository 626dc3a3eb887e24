"""Why an item is shown, in a few words for people: one wording for all strategies."""

import numpy as np

FITS = "fits what you chose before"
"""Where no single thing speaks for the item more than the rest."""

INTEREST = "close to your interests"
"""Where the vector of the user's texts speaks for it."""

TRENDING = "on the rise"
"""Of an item that more users choose of late than is usual for its age."""


def popular(users: int) -> str:
    """Of an item that this many have chosen."""
    return f"popular: chosen by {users} {'user' if users == 1 else 'users'}"


def recently_popular(days: float) -> str:
    """Of an item that many have chosen within these days."""
    return "popular in the last day" if days == 1 else f"popular in the last {days:g} days"


def of_segment(segment: str | None) -> str:
    """Of an item that the user's segment chooses; None: of no segment."""
    return "popular among all users" if segment is None else f"popular in your segment {segment}"


def similar_to(item: str) -> str:
    """Of an item that goes with one of the user's own."""
    return f"similar to {item}"


def most_alike(own: np.ndarray, support: np.ndarray) -> list[str]:
    """For each asked item the one of the user's `own` (o,) ids that speaks for it most; `support` is (o, asked).

    Ties go to the first id; an item that none speaks for gets `FITS`.
    """
    if not len(own):
        return [FITS] * support.shape[1]
    best = support.argmax(axis=0)
    return [similar_to(own[o]) if support[o, asked] > 0 else FITS for asked, o in enumerate(best)]
