"""The validated settings as a Dagster resource."""

import dagster as dg
from pydantic import PrivateAttr, SecretStr

from interest_platform.configuration import Configuration
from interest_platform.domain.windows import WindowGrid
from interest_platform.settings import Settings, load_settings, pseudonym_key


class SettingsResource(dg.ConfigurableResource):
    """`interest.yaml` and the environment, read once a run. No field: no setting or secret is Dagster config."""

    _settings: Settings | None = PrivateAttr(default=None)

    @property
    def settings(self) -> Settings:
        """The settings of this process."""
        if self._settings is None:
            self._settings = load_settings()
        return self._settings

    @property
    def config(self) -> Configuration:
        """All of `interest.yaml`."""
        return self.settings.config

    @property
    def grid(self) -> WindowGrid:
        """The windows."""
        return self.settings.grid

    @property
    def key(self) -> SecretStr:
        """The key of the users' pseudonyms."""
        return pseudonym_key(self.settings.home)
