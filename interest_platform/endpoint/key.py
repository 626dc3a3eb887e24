"""The key of an endpoint: from the environment only, and in no other place."""

from pydantic import SecretStr

from interest_platform.errors import SettingsError
from interest_platform.settings import environment_secret


def endpoint_key(variable: str | None, setting: str) -> SecretStr | None:
    """The key in the environment variable that the setting (such as `encoder.api.key_variable`) names; None for None.

    Raises `SettingsError` where the variable is not set.
    """
    if variable is None:
        return None
    key = environment_secret(variable)
    if key is None:
        raise SettingsError(
            f"{setting}: the environment variable {variable} is not set; put the endpoint's key there, or set "
            f"{setting} to null where the server asks for none"
        )
    return key
