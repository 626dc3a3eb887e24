"""Segments that are carried from window to window, where users' texts differ by degrees rather than by groups.

A segment goes on unless there is evidence that it does not, and evidence adds up over the last windows
(docs/dynamics.md). Pure: no Dagster and no lake.
"""

from interest_platform.clustering.carried.history import History, history
from interest_platform.clustering.carried.state import Change, State
from interest_platform.clustering.carried.step import Carried, carry

__all__ = ["Carried", "Change", "History", "State", "carry", "history"]
