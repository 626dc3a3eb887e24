"""OpenAI-compatible HTTP endpoints, asked politely: rate limits, retries, and a key that goes nowhere else."""

from interest_platform.endpoint.client import Endpoint, EndpointSpec
from interest_platform.endpoint.failures import EndpointError, EndpointStopped
from interest_platform.endpoint.key import endpoint_key

__all__ = ["Endpoint", "EndpointError", "EndpointSpec", "EndpointStopped", "endpoint_key"]
