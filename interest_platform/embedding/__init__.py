"""Encoders: texts to unit vectors, with a fingerprint so that vectors of two encoders never meet."""

from interest_platform.embedding.encoder import Encoded, Encoder, load_encoder
from interest_platform.embedding.fidelity import fidelity
from interest_platform.embedding.fingerprint import given_fingerprint, require_same_encoder

__all__ = ["Encoded", "Encoder", "fidelity", "given_fingerprint", "load_encoder", "require_same_encoder"]
