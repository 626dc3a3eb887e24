"""What a source is: its rows, which of them are accepted, why others are not, and the samples."""

from interest_platform.sources.classify import Classified, classify
from interest_platform.sources.reasons import Reason
from interest_platform.sources.rows import SOURCE_ROWS, Rules
from interest_platform.sources.users import Users, candidates

__all__ = ["SOURCE_ROWS", "Classified", "Reason", "Rules", "Users", "candidates", "classify"]
