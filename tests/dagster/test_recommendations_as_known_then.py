"""Lists are judged with what was known when they were made, whatever has been loaded again since."""

import numpy as np
import polars as pl
import pytest
from recommending_line import ABLATED, JUDGING, LISTS

from interest_platform.assets.recommendation_ground import ContextReader, context_at
from interest_platform.domain.recommendation_tables import RECOMMENDATION_OUTCOMES, RECOMMENDATIONS
from interest_platform.domain.tables import CLUSTER_MEMBERS, RAW_TEXTS, USER_INTERESTS
from interest_platform.lake.staleness import stale_in

pytestmark = pytest.mark.slow


def same(one, other):
    """Whether two contexts are equal to the bit."""
    arrays = []
    for c in (one, other):
        known = c.interactions
        told = [known.users, known.items, known.counts.toarray(), known.ages.toarray()]
        arrays.append([*told, c.segments, c.user_vectors, c.item_vectors, np.array(c.segment_ids), np.array(c.end)])
    return all(np.array_equal(a, b) for a, b in zip(*arrays, strict=True))


def with_late_texts(texts):
    """The window with half of its texts, and as many late ones about an item that nobody had heard of."""
    kept = texts.filter(pl.int_range(pl.len()) % 2 == 0)
    late = kept.with_columns(text_id=pl.col("text_id") + "-late", item_id=pl.lit("late-item"))
    return pl.concat([kept, late])


def exchanged(members):
    """Every member in another cluster."""
    return members.with_columns(cluster_id=(pl.col("cluster_id") + 1) % 3)


def encoded_again(interests):
    """The interests of another encoder."""
    return interests.with_columns(encoder=pl.lit("another"))


def stale(home):
    found = stale_in(home.lake)
    return {
        (home.windows.index(home.settings.grid.window(f"{start:%Y-%m-%d}")), step)
        for start, step, _ in found.iter_rows()
    }


def test_every_list_names_the_version_it_was_made_from(recommended):
    told = recommended.told("recommendations")
    for window in recommended.windows:
        rows = recommended.lake.read(RECOMMENDATIONS, [window])
        assert rows["lake_version"].unique().to_list() == [told[window.key]["lake_version_read"]]


@pytest.mark.parametrize(
    ("table", "change"),
    [(RAW_TEXTS, with_late_texts), (CLUSTER_MEMBERS, exchanged), (USER_INTERESTS, encoded_again)],
    ids=["late texts", "other segments", "another encoder"],
)
def test_what_was_loaded_again_does_not_enter_the_judging_and_makes_the_lists_stale(
    recommended, tmp_path, table, change
):
    home = recommended.copy(tmp_path)
    version = home.read(RECOMMENDATIONS, 1)["lake_version"][0]
    then, before = context_at(home.lake, home.windows[1], version), home.read(RECOMMENDATION_OUTCOMES, 2)
    assert stale(home) == set()

    home.put(1, table.name, change(home.read(table, 1)))
    assert not same(context_at(home.lake, home.windows[1], home.lake.version()), then)
    home.run(*JUDGING, windows=[home.windows[2]])

    assert home.told("recommendation_outcomes")[home.windows[2].key]["judged_as_of_lake_version"] == version
    assert same(context_at(home.lake, home.windows[1], version), then)
    assert home.read(RECOMMENDATION_OUTCOMES, 2).equals(before)
    assert set(ABLATED) < set(before["strategy"])
    if table is not CLUSTER_MEMBERS:  # that is the second table of its step, which no run loads alone
        assert {(1, "recommendations"), (2, "recommendation_metrics")} <= stale(home)


def test_lists_that_are_made_again_know_what_came_late_and_are_judged_with_it(recommended, tmp_path):
    home = recommended.copy(tmp_path)
    before = home.read(RECOMMENDATION_OUTCOMES, 2)
    home.put(1, RAW_TEXTS.name, with_late_texts(home.read(RAW_TEXTS, 1)))
    home.run(*LISTS, windows=[home.windows[1]])
    home.run(*JUDGING, windows=[home.windows[2]])
    assert "late-item" in home.read(RECOMMENDATIONS, 1)["item_id"].to_list()
    assert not home.read(RECOMMENDATION_OUTCOMES, 2).equals(before)


@pytest.mark.parametrize(
    ("named", "told"), [(None, "no lake version"), (10**6, "a lake version (1000000) that has expired")]
)
def test_lists_whose_version_is_not_there_are_judged_as_of_today_and_a_warning_says_so(
    recommended, tmp_path, named, told
):
    home = recommended.copy(tmp_path)
    lists = home.read(RECOMMENDATIONS, 1)
    home.put(1, "recommendations", lists.with_columns(lake_version=pl.lit(named, pl.Int64)))
    home.put(1, RAW_TEXTS.name, with_late_texts(home.read(RAW_TEXTS, 1)))
    run = home.run(*JUDGING, windows=[home.windows[2]])
    facts = home.told("recommendation_outcomes")[home.windows[2].key]
    assert facts["judged_as_of_lake_version"] == facts["lake_version_read"]
    (line,) = [e.message for e in home.instance.all_logs(run) if "are judged with what is known" in e.message]
    assert f"2024-01-15: the lists of 2024-01-08 name {told}" in line
    assert home.read(RECOMMENDATION_OUTCOMES, 2).height > 0


class CountingLake:
    """A lake that counts the windows it is asked for, by table."""

    def __init__(self, lake):
        self.lake, self.settings, self.windows = lake, lake.settings, []

    def read(self, table, windows=None, **more):
        self.windows += [(table.name, window) for window in windows or ()]
        return self.lake.read(table, windows, **more)


def test_a_run_over_a_range_reads_each_windows_texts_once_a_load_and_makes_the_same_contexts(recommended, tmp_path):
    home = recommended.copy(tmp_path)
    lake = CountingLake(home.lake)
    reader, first = ContextReader(lake), home.lake.version()
    home.put(3, "recommendations", home.read(RECOMMENDATIONS, 3))  # a new version in which what is known is the same
    for number in range(len(home.windows)):
        for version in (first, home.lake.version()):
            # a list's own, and those that weights are learned on
            for back in home.windows[max(0, number - 2) : number + 1][::-1]:
                assert same(reader.context(back, version), context_at(home.lake, back, version))
    for table in (RAW_TEXTS, USER_INTERESTS):
        assert sorted(w for name, w in lake.windows if name == table.name) == home.windows

    home.put(1, RAW_TEXTS.name, with_late_texts(home.read(RAW_TEXTS, 1)))
    for version in (home.lake.version(), first):
        assert same(reader.context(home.windows[2], version), context_at(home.lake, home.windows[2], version))
