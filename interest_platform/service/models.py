"""What the service answers, as OpenAPI shows it."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field

SegmentId = Annotated[str, Field(description="The segment's stable id.", examples=["s0008"])]
Name = Annotated[str, Field(description="What it is called in this window.", examples=["kernel, rh8, rpms"])]
Version = Annotated[int, Field(description="The lake version that the answer shows.", examples=[393])]
Day = Annotated[str, Field(description="First day of the window (UTC).", examples=["2002-10-07"])]
Probability = Annotated[float, Field(description="Probability of belonging to it, 0 to 1.", examples=[0.93])]
Cosine = Annotated[float, Field(description="Cosine to the segment's centroid, -1 to 1.", examples=[0.41])]


class Item(BaseModel):
    """An item of a list."""

    rank: int = Field(description="1 is the first.", examples=[1])
    item_id: str = Field(description="The item's id as in the source.", examples=["sku-4711"])
    score: float = Field(description="Comparable within this list alone.", examples=[16.5])
    reason: str = Field(description="Why this item.", examples=["popular in the last 7 days"])


class Recommendations(BaseModel):
    """What a user is offered."""

    user_key: str | None = Field(description="The user's pseudonym; null for a user that the file does not know.")
    source: Literal["user", "segment", "everybody"] = Field(
        description="Whose list it is: the user's own, that of the user's segment, or that of all users."
    )
    segment_id: str | None = Field(description="With `segment`: which one.", examples=[None])
    window: str = Field(
        description="First day of the window after which the list was made (UTC).", examples=["2002-10-07"]
    )
    strategy: str = Field(description="What made the lists.", examples=["hybrid"])
    gate: Literal["passed", "fallback"] = Field(
        description="Whether the strategy has beaten its rivals, or is the fallback where none has."
    )
    lake_version: Version
    items: list[Item] = Field(description="The list, best first.")


class SegmentOfWindow(BaseModel):
    """A user's segment in a window."""

    window: Day
    segment_id: SegmentId
    name: Name
    membership: Probability
    kind: str = Field(description="How the user came here: new, stayed, followed or moved.", examples=["stayed"])


class UserSegment(BaseModel):
    """Which segment a user is in, and was."""

    user_key: str = Field(description="The user's pseudonym.")
    lake_version: Version
    window: str = Field(description="The newest window that has the user.", examples=["2002-10-07"])
    segment_id: str = Field(description="The segment there, or `unassigned`.", examples=["s0008"])
    name: Name
    membership: Probability
    history: list[SegmentOfWindow] = Field(description="The last windows that have the user, newest first.")


class SegmentSummary(BaseModel):
    """A segment of the newest window."""

    segment_id: SegmentId
    name: Name
    since: str = Field(description="First window that had it.", examples=["2002-07-15"])
    size: int = Field(description="Members.", examples=[30])
    share: float = Field(description="Share of the window's users.", examples=[0.23])
    growth: float | None = Field(description="Members over those of the window before, less 1.", examples=[0.46])


class Segments(BaseModel):
    """The segments of the newest window, the largest first."""

    window: str | None = Field(description="First day of the window (UTC); null where no window has segments.")
    lake_version: Version
    segments: list[SegmentSummary]


class SegmentItems(BaseModel):
    """What the lists of a segment's users have in front most often."""

    segment_id: SegmentId
    window: str | None = Field(description="The window of the lists; null in a file without lists.")
    strategy: str | None = Field(description="What made the lists.", examples=["hybrid"])
    lake_version: Version
    items: list[Item] = Field(description="Best first; the score is the sum over the lists of 1 / log2(rank + 1).")


class Alternative(BaseModel):
    """Another segment that the texts may belong to."""

    segment_id: SegmentId
    name: Name
    membership: Probability
    cosine: Cosine


class Assignment(BaseModel):
    """The segment of new texts."""

    segment_id: SegmentId
    name: Name
    membership: Probability
    cosine: Cosine
    alternatives: list[Alternative] = Field(description="The next segments, the most probable first.")
    window: str = Field(description="The window whose segments these are.", examples=["2002-10-07"])
    encoder: str = Field(description="Fingerprint of the encoder.", examples=["transformer-bed138ba74d702e1"])
    lake_version: Version
    texts: int = Field(description="Different texts that counted.", examples=[1])
    truncated: int = Field(description="Those that the encoder read in part, since they are longer.", examples=[0])


class Alive(BaseModel):
    """The process answers."""

    status: Literal["alive"] = "alive"


class Ready(BaseModel):
    """What is served."""

    lake_version: Version
    published_at: datetime = Field(description="When the file was published (UTC).")
    window: str | None = Field(description="The window after which lists are offered.", examples=["2002-10-07"])
    segments_window: str | None = Field(description="The newest window that has segments.", examples=["2002-10-07"])
    users: int = Field(description="Users with a list.", examples=[132])
    assign: str = Field(description="`ready`, or why texts can't be assigned.", examples=["ready"])
