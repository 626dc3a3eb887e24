"""Keyed pseudonyms: the lake knows users by an HMAC of their id, so that only the key's holder can join them back."""

import hashlib
import hmac

IDENTITIES = "identities"
"""The reserved source name under which a person of the identities table is pseudonymised."""


def user_key(key: bytes, source: str, user_id: str) -> str:
    """Lower-case hex of HMAC-SHA-256(key, source + byte 0x1F + user id), texts as UTF-8 (64 characters)."""
    message = source.encode() + b"\x1f" + user_id.encode()
    return hmac.new(key, message, hashlib.sha256).hexdigest()
