"""Why a source row is not accepted: one code a reason, in the order in which a row is judged."""

from enum import StrEnum


class Reason(StrEnum):
    """The `reason` of a row of `rejected_texts`; a row with several faults gets the first that applies."""

    MALFORMED = "malformed"
    NOT_UTF8 = "not_utf8"
    NO_TIME = "no_time"
    UNREADABLE_TIME = "unreadable_time"
    BEFORE_START = "before_start"
    FUTURE = "future"
    WRONG_TYPE = "wrong_type"
    NO_USER = "no_user"
    NO_VECTOR = "no_vector"
    EMPTY_TEXT = "empty_text"
    DUPLICATE = "duplicate"

    @property
    def description(self) -> str:
        """What the code means, in one sentence."""
        return DESCRIPTIONS[self]


DESCRIPTIONS: dict[Reason, str] = {
    Reason.MALFORMED: "The line is no row of its format: broken JSON, an open quote, another number of fields.",
    Reason.NOT_UTF8: "The row holds bytes that are not UTF-8.",
    Reason.NO_TIME: "The time is missing.",
    Reason.UNREADABLE_TIME: "The time is neither a timestamp, a date, ISO 8601 text nor a Unix time in s, ms or us.",
    Reason.BEFORE_START: "The time is before windows.start.",
    Reason.FUTURE: "The time is later than the time of the run that read it.",
    Reason.WRONG_TYPE: "A mapped column holds a value of a type that it can't have.",
    Reason.NO_USER: "The user's id is missing or blank.",
    Reason.NO_VECTOR: "The source brings vectors and this row has none.",
    Reason.EMPTY_TEXT: "The text is missing or holds nothing but white space.",
    Reason.DUPLICATE: "Another row of the window has the same source, user, item, time, text and vector.",
}
"""One sentence a reason."""
