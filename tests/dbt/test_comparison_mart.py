"""The published ranking is the one that `interest compare` prints."""

import random

import duckdb
import pytest

from interest_platform.comparison import ranked
from interest_platform.domain.comparison_tables import COMPARISON_LEADERBOARD

pytestmark = pytest.mark.slow
MEASURES = ("silhouette", "stability", "held_out", "npmi", "diversity", "ari")


def cells(week, labelled):
    """Six cells, the last in the second week only; measures of two digits, so that there are ties and nulls."""
    draw = random.Random(week)
    for number in range(6 if week else 5):
        told = {name: draw.choice([0.1, 0.1, 0.35, None]) for name in MEASURES}
        told |= {"ami": draw.choice([0.2, 0.4, None]) if labelled else None}
        yield (
            {"encoder": f"e{number % 2}", "encoder_name": f"encoder {number % 2}", "method": f"m{number}"}
            | told
            | {
                "k_rule": "elbow",
                "k": number,
                "interests": 9,
                "unassigned_share": 0.25,
                "largest_share": 0.5,
                "labelled": 9,
                "seconds": 1.5,
                "peak_memory_mib": 7.0 + week,
                "texts_per_second": None,
                "digest": f"d{week}{number}",
                "mlflow_run_id": f"run{number}",
                "lake_version": 1,
            }
        )


@pytest.mark.parametrize("labelled", [True, False])
def test_the_mart_ranks_as_the_command_does(hand_made, labelled):
    made = hand_made(f"comparison{labelled}")
    for week in (0, 1):
        made.put(week, "comparison_leaderboard", {"comparison_leaderboard": list(cells(week, labelled))})
    made.build()
    expected = ranked(made.lake.read(COMPARISON_LEADERBOARD))
    with duckdb.connect(str(made.published), read_only=True) as connection:
        found = connection.sql("SELECT * FROM comparison_ranking").pl()
    assert found.select(expected.columns).equals(expected)
    assert set(found["ranked_by"]) == {"ami" if labelled else "stability, held_out, npmi"}
    assert found["windows"].to_list()[-1] == 1 and found["rank"].to_list()[-1] is None
