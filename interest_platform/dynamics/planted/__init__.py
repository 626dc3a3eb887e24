"""Would we have noticed? Changes planted in a window's own vectors, and what tracking and alarms make of them. Pure."""

from interest_platform.dynamics.planted.ground import Ground, ground_of, returning_share
from interest_platform.dynamics.planted.planting import Planting, plant
from interest_platform.dynamics.planted.summary import planted_in

__all__ = ["Ground", "Planting", "ground_of", "plant", "planted_in", "returning_share"]
