"""MLflow as a Dagster resource."""

import dagster as dg
from pydantic import PrivateAttr

from interest_platform.resources.settings import SettingsResource
from interest_platform.tracking import Tracker


class TrackingResource(dg.ConfigurableResource):
    """One MLflow run a clustering."""

    settings: dg.ResourceDependency[SettingsResource]
    _tracker: Tracker | None = PrivateAttr(default=None)

    @property
    def tracker(self) -> Tracker:
        """The tracker, its store present."""
        if self._tracker is None:
            self._tracker = Tracker(self.settings.settings)
            self._tracker.prepare()
        return self._tracker
