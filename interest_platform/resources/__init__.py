"""What assets are handed: settings, lake, tracking and encoder, each opened at first use."""

from interest_platform.resources.encoder import EncoderResource
from interest_platform.resources.lake import LakeResource
from interest_platform.resources.settings import SettingsResource
from interest_platform.resources.tracking import TrackingResource

__all__ = ["EncoderResource", "LakeResource", "SettingsResource", "TrackingResource"]
