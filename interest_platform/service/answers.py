"""From a state and a question to an answer. Raises `Problem` where there is none."""

from http import HTTPStatus

from interest_platform.segments.segment_map import SegmentMap
from interest_platform.service import models
from interest_platform.service.lists import Offer
from interest_platform.service.placing import NewUser
from interest_platform.service.problems import Problem
from interest_platform.service.state import State
from interest_platform.sources import candidates

ALTERNATIVES = 3
"""Other segments that are told of new texts."""


def recommendations(state: State, user: str, source: str | None, limit: int | None) -> models.Recommendations:
    """The user's own list, else that of the segment the user was in last, else that of all users."""
    if state.window is None or state.strategy is None:
        raise Problem(
            HTTPStatus.NOT_FOUND, "the published file has no lists: they are made where texts name items (item_id)"
        )
    allowed = max(state.lists.longest, len(state.everybody))
    if limit is not None and not 1 <= limit <= allowed:
        raise Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY, f"limit: {limit} is not allowed, should be 1 to {allowed}, as lists are"
        )
    user_key = _known(state, user, source)
    whose, segment, offers = _offers(state, user_key)
    return models.Recommendations(
        user_key=user_key,
        source=whose,
        segment_id=segment,
        window=state.window,
        strategy=state.strategy,
        gate="passed" if state.passed else "fallback",
        lake_version=state.lake_version,
        items=_items(offers[:limit]),
    )


def user_segment(state: State, user: str, source: str | None) -> models.UserSegment:
    """The user's segment in the newest window that has the user, and in those before."""
    user_key = _known(state, user, source)
    stays = [] if user_key is None else state.stays.of_user(user_key)
    if user_key is None or not stays:
        raise Problem(
            HTTPStatus.NOT_FOUND,
            "the user is in no window's segments: give an id as it stands in the source, or a user_key of 64 hex "
            "digits; or there are too few texts (interests.min_texts)",
        )
    newest = stays[0]
    return models.UserSegment(
        user_key=user_key,
        lake_version=state.lake_version,
        window=newest.window,
        segment_id=newest.segment_id,
        name=newest.name,
        membership=newest.membership,
        history=[models.SegmentOfWindow(**stay._asdict()) for stay in stays],
    )


def segments(state: State) -> models.Segments:
    """The segments of the newest window."""
    told = [models.SegmentSummary(**segment._asdict()) for segment in state.segments.values()]
    return models.Segments(window=state.segments_window, lake_version=state.lake_version, segments=told)


def segment_items(state: State, segment_id: str, limit: int | None) -> models.SegmentItems:
    """What the segment's users are offered most; empty where none of them has a list."""
    offers = state.segment_lists.get(segment_id, ())
    if not offers and segment_id not in state.segments:
        raise Problem(HTTPStatus.NOT_FOUND, "the newest window has no such segment; GET /v1/segments lists them")
    return models.SegmentItems(
        segment_id=segment_id,
        window=state.window,
        strategy=state.strategy,
        lake_version=state.lake_version,
        items=_items(offers[:limit]),
    )


def assignment(state: State, places: SegmentMap, found: NewUser) -> models.Assignment:
    """The segment of new texts, and the next ones."""
    order = (-found.membership).argsort(kind="stable")
    others = [n for n in order.tolist() if n != found.best][:ALTERNATIVES]
    return models.Assignment(
        segment_id=places.segment_ids[found.best],
        name=places.names[found.best],
        membership=float(found.membership[found.best]),
        cosine=float(found.cosines[found.best]),
        alternatives=[
            models.Alternative(
                segment_id=places.segment_ids[n],
                name=places.names[n],
                membership=float(found.membership[n]),
                cosine=float(found.cosines[n]),
            )
            for n in others
        ],
        window=places.window.key,
        encoder=places.encoder,
        lake_version=state.lake_version,
        texts=found.texts,
        truncated=found.truncated,
    )


def _offers(state: State, user_key: str | None) -> tuple[str, str | None, list[Offer] | tuple[Offer, ...]]:
    """Whose list, of which segment, and the list."""
    if user_key is not None:
        if own := state.lists.of_user(user_key):
            return "user", None, own
        stays = state.stays.of_user(user_key)
        if stays and (shared := state.segment_lists.get(stays[0].segment_id)):
            return "segment", stays[0].segment_id, shared
    return "everybody", None, state.everybody


def _known(state: State, user: str, source: str | None) -> str | None:
    """The user_key of a user of the file; None for one it does not know."""
    if source is not None and source not in state.users:
        raise Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY, f"source: there is no such source; there are {', '.join(state.users)}"
        )
    keys = candidates(state.users, user, source)
    known = {name: key for name, key in keys.items() if state.knows(key)}
    if len(set(known.values())) > 1:
        raise Problem(
            HTTPStatus.CONFLICT, f"this is another user in each of {', '.join(known)}: choose one with ?source="
        )
    return next(iter(known.values()), None)


def _items(offers: list[Offer] | tuple[Offer, ...]) -> list[models.Item]:
    return [models.Item(rank=o.rank, item_id=o.item_id, score=o.score, reason=o.reason) for o in offers]
