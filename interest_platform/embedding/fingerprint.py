"""Fingerprints: which vectors may be compared."""

import hashlib
import json
from collections.abc import Iterable, Mapping

from interest_platform.errors import EncoderError, MixedEncodersError

ENCODER_VERSION = 1
"""Raised whenever the code that turns a text into a vector changes the vectors by more than rounding."""


def fingerprint(kind: str, parts: Mapping[str, object]) -> str:
    """`kind-` and 16 hexadecimal digits of SHA-256 over the kind, the parts (sorted by name) and `ENCODER_VERSION`."""
    content = json.dumps({"kind": kind, "version": ENCODER_VERSION, "parts": dict(parts)}, sort_keys=True)
    return f"{kind}-{hashlib.sha256(content.encode()).hexdigest()[:16]}"


def given_fingerprint(name: str, dimension: int) -> str:
    """The fingerprint of ready-made vectors: those of one model name and one length are comparable."""
    return fingerprint("given", {"name": name, "dimension": dimension})


def require_same_encoder(fingerprints: Iterable[str], what: str) -> str:
    """The one fingerprint that all of `what` (such as "user_interests of 2002-07-01") carry.

    Raises `MixedEncodersError` where there are several, `EncoderError` where there is none.
    """
    found = sorted(set(fingerprints))
    if not found:
        raise EncoderError(f"{what}: no vector at all, so no encoder")
    if len(found) > 1:
        raise MixedEncodersError(
            f"{what}: vectors of {' and '.join(found)} can't be compared; re-materialise the windows of one of them, "
            "set encoder.precision where they ran on different processors, or use a new INTEREST_HOME"
        )
    return found[0]
