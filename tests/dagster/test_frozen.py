"""Commands, tables and the graph are what they were; rows of a home are told apart one for one."""

import json
from pathlib import Path

import polars as pl
import pytest
from kit.frozen import differences, digest, example, frozen, rows_of

from interest_platform.domain.dynamics_tables import SEGMENT_EVENTS

FROZEN = Path(__file__).parent.parent / "kit" / "frozen.json"


def test_commands_tables_and_graph_are_those_of_the_last_review(tmp_path):
    changed = differences(json.loads(FROZEN.read_text()), frozen(example(tmp_path / "workplace")))
    assert not changed, "meant? then `python tests/kit/frozen.py > tests/kit/frozen.json`"


def test_what_was_added_taken_away_or_changed_is_named():
    assert differences({"a": "1", "b": "2", "c": "3"}, {"a": "1", "b": "0", "d": "4"}) == ["b", "c", "d"]


def test_a_home_read_twice_is_the_same_and_a_changed_row_is_seen(recommended, tmp_path):
    home = recommended.copy(tmp_path)
    before = rows_of(home.settings)
    assert differences(before, rows_of(home.settings)) == []

    events = home.read(SEGMENT_EVENTS, 0)
    home.put(0, "segment_events", events.with_columns(reason=pl.lit("another one")))

    assert differences(before, rows_of(home.settings)) == ["lake segment_events"]
    home.lake.close()


@pytest.mark.parametrize("told", [{"a": [1, "b", None]}, [0.1 + 0.2], "ü"])
def test_a_digest_is_of_the_content(told):
    assert digest(told) == digest(json.loads(json.dumps(told))) != digest([told])
