"""The language model as a Dagster resource."""

import dagster as dg
from pydantic import PrivateAttr

from interest_platform.embedding import Encoder, load_encoder
from interest_platform.resources.settings import SettingsResource


class EncoderResource(dg.ConfigurableResource):
    """The encoder of interest.yaml; its weights are loaded when the first text is encoded."""

    settings: dg.ResourceDependency[SettingsResource]
    _encoder: Encoder | None = PrivateAttr(default=None)

    @property
    def encoder(self) -> Encoder:
        """The encoder."""
        if self._encoder is None:
            settings = self.settings.settings
            self._encoder = load_encoder(settings.config.encoder, settings.config_path.parent, settings.home)
        return self._encoder
