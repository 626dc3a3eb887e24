"""Between two windows: which window is open, where its users stand provisionally, and how true that was. Pure."""

from interest_platform.live.differences import Found, Told, differences
from interest_platform.live.open_window import OpenWindow, open_window
from interest_platform.live.placing import provisional_rows

__all__ = ["Found", "OpenWindow", "Told", "differences", "open_window", "provisional_rows"]
