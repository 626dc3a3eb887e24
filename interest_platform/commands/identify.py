"""From what a person types to a user of the lake: a source's user id, or a pseudonym."""

from typing import TYPE_CHECKING

from interest_platform.errors import InterestError, SettingsError
from interest_platform.settings import Settings

if TYPE_CHECKING:
    from interest_platform.lake.user_history import UserHistory


def find_user(settings: Settings, history: "UserHistory", user: str, source: str | None) -> str:
    """The user_key of a user who has texts in the lake.

    `user` is an id as in the sources (in `source`, where given), pseudonymised with the settings' key, or a user_key
    itself. Raises `SettingsError` for an unknown source, `InterestError` where the lake knows no such user, or where
    the id is of different users in several sources.
    """
    candidates = _candidates(settings, user, source)
    known = history.known(sorted(set(candidates.values())))
    if not known:
        where = source or ", ".join(s.name for s in settings.config.sources)
        raise InterestError(
            f"user {user!r} has no text in any window: give an id as it stands in the source ({where}), or a user_key "
            "of 64 hex digits; ids are looked up with the key of INTEREST_PSEUDONYM_KEY, else of the home"
        )
    if len(known) > 1:
        names = [name for name, key in candidates.items() if key in known]
        raise InterestError(f"user {user!r} is another user in each of {', '.join(names)}: choose one with --source")
    return known[0]


def _candidates(settings: Settings, user: str, source: str | None) -> dict[str, str]:
    """Source name (or `user_key`) to the pseudonym that the text would be there."""
    from interest_platform.ingest import known_users
    from interest_platform.sources import candidates

    names = [s.name for s in settings.config.sources]
    if source is not None and source not in names:
        raise SettingsError(f"--source {source}: no such source; there are {', '.join(names)}")
    return candidates(known_users(settings), user, source)
