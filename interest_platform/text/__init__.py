"""From a text as it came to what the encoder reads and the words that name a cluster: pure, offline, row by row.

`clean` is deterministic and knows no other row: the same text has the same result in any window and any order.
"""

from interest_platform.text.cleaning import clean
from interest_platform.text.surface import surface_forms, with_surface_forms
from interest_platform.text.terms import class_terms

CLEANING_VERSION = "1"
"""Part of the asset's code version: raised whenever `clean` gives another result for some text."""

__all__ = ["CLEANING_VERSION", "class_terms", "clean", "surface_forms", "with_surface_forms"]
