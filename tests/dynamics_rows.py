"""Rows of the tables of dynamics, as a hand-made lake takes them."""

Row = dict[str, object]


def event(kind: str, parents: list[str], children: list[str]) -> Row:
    """A row of segment_events without its number."""
    return {"kind": kind, "parents": parents, "children": children, "users_moved": 3, "score": 0.75, "evidence": "both"}


def survives(segment: str) -> Row:
    """The event of a segment that goes on."""
    return event("survive", [segment], [segment])


def drift(
    scope: str,
    segment: str | None,
    metric: str,
    value: float,
    *,
    q: float | None,
    effect: float | None,
    cause: str | None,
) -> Row:
    """A row of drift_metrics, judged as where nothing is known of earlier windows."""
    loud = q is not None and effect is not None and q <= 0.05 <= effect
    tested = {"p_value": q, "q_value": q, "effect": effect, "cause": cause, "alarm": loud}
    counted = {"n_before": 5, "n_after": 5, "reference": "2024-01-01"}
    return {"scope": scope, "segment_id": segment, "metric": metric, "value": value} | tested | counted


def planted(kind: str, size: float, *, events: int, noticed: int, false: int, smallest: float | None) -> Row:
    """A row of planted_events; precision and recall are left to whoever reads it."""
    counted = {"planted": events, "noticed": noticed, "false_events": false, "recall": noticed / events, "alarms": 0}
    return {"kind": kind, "size": size, "smallest_noticed": smallest} | counted


def move(user: str, old: str, new: str) -> Row:
    """A row of user_moves, caused by new texts."""
    parts = {"margin": 0.2, "new_texts": 0.2, "decay": 0.0, "clustering": 0.0, "text_ids": ["t0"], "text_parts": [0.2]}
    return {"user_key": user, "from_segment": old, "to_segment": new, "cause": "new_texts"} | parts
