"""Which strategy is shown is said in Python, for `interest recommend`, and in SQL, for the marts: both say the same."""

from datetime import datetime, timedelta

import duckdb
import jinja2
import numpy as np
import polars as pl
import pytest

from interest_platform.configuration import RIVALS
from interest_platform.domain.recommendation_tables import RECOMMENDATION_METRICS
from interest_platform.lake.offers import _passed, offers

FALLBACK = RIVALS[0]


def metrics(*rows):
    """Rows of (week, strategy, metric, value) or with a segment behind."""
    told = [
        {"window_start": datetime(2024, 1, 1) + timedelta(weeks=week), "strategy": strategy, "metric": metric, "k": 10}
        | {"segment_id": segment[0] if segment else None, "value": value, "n_users": 1, "protocol": "p"}
        for week, strategy, metric, value, *segment in rows
    ]
    return pl.DataFrame(told, RECOMMENDATION_METRICS.schema)


def judged(week, **strategies):
    """Each strategy's NDCG and gate in a window."""
    return [
        (week, name, metric, value)
        for name, both in strategies.items()
        for metric, value in zip(("ndcg", "gate"), both, strict=True)
    ]


def by_sql(dbt_folder, frame):
    """What the dbt model's own SQL finds in these rows."""
    model = (dbt_folder / "models" / "staging" / "stg_published_strategy.sql").read_text()
    query = jinja2.Template(model).render(source=lambda *names: f'"{names[-1]}"')
    with duckdb.connect() as con:
        con.register("given", frame.to_arrow())
        con.execute("CREATE TABLE recommendation_metrics AS FROM given")
        ((strategy,),) = con.execute(query).fetchall()
    return strategy


def by_python(frame):
    return (_passed(frame) or [FALLBACK])[0]


CASES = {
    "no metrics": ([], FALLBACK),
    "none passed": (judged(0, a=(0.9, 0.0), b=(0.8, 0.0)), FALLBACK),
    "one passed, not the best": (judged(0, a=(0.9, 0.0), b=(0.8, 1.0)), "b"),
    "several passed": (judged(0, a=(0.7, 1.0), b=(0.8, 1.0), c=(0.75, 1.0)), "b"),
    "a tie goes to the name that comes first": (judged(0, c=(0.8, 1.0), a=(0.8, 1.0), b=(0.7, 1.0)), "a"),
    "passed before and no longer": ([*judged(0, a=(0.9, 1.0)), *judged(1, a=(0.5, 0.0))], FALLBACK),
    "the newest decides": ([*judged(0, a=(0.9, 1.0)), *judged(1, a=(0.5, 1.0), b=(0.6, 1.0))], "b"),
    "the newest window tells of lists alone": ([*judged(0, a=(0.9, 1.0)), (1, "a", "coverage", 0.5)], FALLBACK),
    "a newer window tells of segments alone": ([*judged(0, a=(0.9, 1.0)), (1, "a", "ndcg", 0.5, "s1")], "a"),
    "a segment's gate and NDCG are not those of all": (
        [*judged(0, a=(0.7, 1.0), b=(0.6, 1.0)), (0, "b", "ndcg", 0.99, "s1"), (0, "c", "gate", 1.0, "s1")],
        "a",
    ),
    "a gate without an NDCG": ([(0, "a", "gate", 1.0), *judged(0, b=(0.1, 1.0))], "b"),
}


@pytest.mark.parametrize("case", CASES)
def test_python_and_sql_publish_the_same_strategy(case, dbt_folder):
    rows, published = CASES[case]
    frame = metrics(*rows)
    assert (by_python(frame), by_sql(dbt_folder, frame)) == (published, published)


def test_they_agree_on_any_rows(dbt_folder):
    g, found = np.random.default_rng(0), set()
    for _ in range(60):
        rows = [
            (int(g.integers(3)), name, metric, float(g.integers(2)) if metric == "gate" else float(g.integers(3)) / 4)
            for name in "abcd"
            for metric in ("ndcg", "gate")
            if g.random() < 0.9
        ]
        frame = metrics(*rows)
        found.add(by_python(frame))
        assert by_sql(dbt_folder, frame) == by_python(frame)
    assert len(found) == 5


@pytest.mark.slow
def test_the_marts_show_the_list_that_the_command_shows(hand_made):
    made = hand_made("published")
    for week in (0, 1):
        rows = [
            {"user_key": user, "segment_id": "s1", "strategy": name, "rank": rank, "item_id": f"{name}{rank}"}
            | {"score": float(rank), "reason": "why", "lake_version": 1}  # diversified: scores in another order
            for user in "uv"
            for name in ("recently-popular", "b", "a")
            for rank in (1, 2, 3)
        ]
        made.put(week, "recommendations", {"recommendations": rows})
    told = [
        {"strategy": name, "metric": m, "k": 3, "value": v} for name in "ba" for m, v in (("ndcg", 0.5), ("gate", 1.0))
    ]
    made.put(
        1, "recommendation_metrics", {"recommendation_metrics": [r | {"n_users": 2, "protocol": "p"} for r in told]}
    )
    made.build()
    with duckdb.connect(str(made.published), read_only=True) as con:
        shown = con.execute("SELECT strategy, rank, item_id, score FROM user_top_items WHERE user_key = 'u'").fetchall()
        segment = con.execute("SELECT rank, item_id, users FROM segment_top_items WHERE window_start = '2024-01-08'")
        assert segment.fetchall() == [(1, "a1", 2), (2, "a2", 2), (3, "a3", 2)]
    found = offers(made.lake, "u")
    assert (found.strategy, found.standing) == ("a", "passed the gate")
    assert shown == [("a", *row) for row in found.rows.select("rank", "item_id", "score").iter_rows()]
    assert [row[1] for row in shown] == [1, 2, 3]
