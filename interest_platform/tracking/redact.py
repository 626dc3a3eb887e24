"""Keep secrets out of what is tracked: an error's text may quote the catalog's connection, password and all."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from interest_platform.settings import Settings, pseudonym_key

HIDDEN = "***"


@dataclass(frozen=True)
class Redactor:
    """Replaces the secrets it knows in a text; it never shows them itself."""

    secrets: tuple[str, ...] = field(repr=False)

    def __call__(self, text: str) -> str:
        """The text with every known secret as `***`."""
        for secret in self.secrets:
            text = text.replace(secret, HIDDEN)
        return text


def redactor(settings: Settings) -> Redactor:
    """What must not leave these settings: the pseudonym key, the catalog's connection, and the password within it."""
    known = [pseudonym_key(settings.home).get_secret_value()]
    if settings.catalog is not None:
        connection = settings.catalog.get_secret_value()
        known += [connection, connection.removeprefix("postgres:"), *_passwords(connection)]
    # longest first, else a password would be cut out of the connection and the rest be left standing
    return Redactor(tuple(sorted({s for s in known if s}, key=len, reverse=True)))


def _passwords(connection: str) -> Iterable[str]:
    # libpq's two forms: `password=... ` (also quoted) and `postgresql://user:password@host`
    for pattern in (r"password\s*=\s*'((?:[^'\\]|\\.)*)'", r"password\s*=\s*([^\s'&]+)", r"//[^/@:\s]*:([^@/\s]+)@"):
        yield from re.findall(pattern, connection)
