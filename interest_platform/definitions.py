"""The code location: what Dagster finds here."""

import dagster as dg

from interest_platform.collector import paused

with paused():
    from interest_platform.code_location import platform_definitions
    from interest_platform.settings import load_settings


@dg.definitions
def defs() -> dg.Definitions:
    """The line and the marts, for the windows of `interest.yaml`."""
    return platform_definitions(load_settings())
