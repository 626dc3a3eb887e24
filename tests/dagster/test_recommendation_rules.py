"""What lists obey besides scores: filters, diversity, seen items, and the windows they are judged by."""

import numpy as np
import polars as pl
import pytest
from recommending_line import ABLATED, GROUPS, ITEMS, JUDGING, KEY, LISTS, STRATEGIES, USERS

from interest_platform.assets.recommendation_ground import ContextReader, context_at
from interest_platform.assets.recommendation_judging import ablated
from interest_platform.assets.recommendation_rules import rules_of
from interest_platform.assets.recommendations import hybrid_weights
from interest_platform.domain.pseudonyms import user_key
from interest_platform.domain.recommendation_tables import (
    ITEM_VECTORS,
    RECOMMENDATION_FILTERS,
    RECOMMENDATION_METRICS,
    RECOMMENDATION_OUTCOMES,
    RECOMMENDATIONS,
)
from interest_platform.domain.tables import RAW_TEXTS
from interest_platform.lake.offers import offers
from interest_platform.recommendation.evaluation.outcomes import outcomes
from interest_platform.recommendation.learning import Past, learn_weights
from interest_platform.runs import RunFailed

pytestmark = pytest.mark.slow

RIVALS = ["recently-popular", "ease"]


def lists_by_rank(home, *numbers):
    """(window, strategy, user) to the items in order."""
    rows = home.read(RECOMMENDATIONS, *numbers).sort("window_start", "strategy", "user_key", "rank")
    found = rows.group_by("window_start", "strategy", "user_key", maintain_order=True).agg("item_id", "rank")
    assert all(ranks == list(range(1, len(ranks) + 1)) for ranks in found["rank"].to_list())
    return {(start, strategy, user): items for start, strategy, user, items, _ in found.iter_rows()}


@pytest.fixture(scope="module")
def filtered(recommended, tmp_path_factory):
    """Item 0-02 is hidden from all, 0-04 from the end of window 1 on, 1-04 until then, 1-00 from one user."""
    folder = tmp_path_factory.mktemp("filtered")
    end = "2024-01-15"
    (folder / "stock.csv").write_text(
        "item_id,from,until,reason\n"
        f"item-0-02,,,gone\nitem-0-02,2020-01-01,,blocked\nitem-0-04,{end},,\nitem-1-04,,{end}T00:00:00Z,\nno-item,,,\n"
    )
    pl.DataFrame({"item_id": ["item-1-00"], "user_id": ["user-001"], "source": ["planted"]}).write_parquet(
        folder / "blocked.parquet"
    )
    found = recommended.copy(folder, ", filters: [stock.csv, {uri: blocked.parquet}]")
    found.recommend()
    return found


def test_hidden_items_are_in_no_list_of_any_strategy(filtered):
    rows = filtered.read(RECOMMENDATIONS)
    assert sorted(rows["strategy"].unique()) == STRATEGIES
    assert "item-0-02" not in rows["item_id"].to_list()
    one = rows.filter(pl.col("user_key") == user_key(KEY.encode(), "planted", "user-001"))
    assert "item-1-00" not in one["item_id"].to_list()
    assert "item-1-00" in rows["item_id"].to_list()


def test_a_filter_holds_for_lists_made_in_its_half_open_interval(filtered):
    shown = [set(filtered.read(RECOMMENDATIONS, number)["item_id"]) for number in range(4)]
    assert ["item-0-04" in items for items in shown] == [True, False, False, False]
    assert ["item-1-04" in items for items in shown] == [False, True, True, True]


def test_what_was_hidden_is_kept_beside_the_lists_and_told(filtered):
    rows = filtered.read(RECOMMENDATION_FILTERS, 0).drop("window_start")
    key = user_key(KEY.encode(), "planted", "user-001")
    of_all = [(None, "item-0-02", "blocked, gone"), (None, "item-1-04", None), (None, "no-item", None)]
    assert sorted(rows.rows(), key=str) == sorted([*of_all, (key, "item-1-00", None)], key=str)
    told = filtered.told("recommendations")["2024-01-01"]
    assert told["filters"] == {"stock.csv": {"rows": 5, "in_force": 4}, "blocked.parquet": {"rows": 1, "in_force": 1}}
    assert (told["items_hidden_from_all"], told["items_hidden_from_users"]) == (3, 1)


def test_the_ablated_lists_are_judged_without_what_was_hidden_whatever_the_filters_say_since(filtered):
    window, version = filtered.windows[2], filtered.lake.version()
    reader = ContextReader(filtered.lake)
    known = reader.context(window, version)
    rules = rules_of(reader, window, version, known, filtered.read(RECOMMENDATION_FILTERS, 2))
    hidden = np.searchsorted(known.interactions.items, ["item-0-02", "item-0-04"])
    rows = np.arange(len(known.interactions.users))
    for name, lists in ablated(known, rows, rules, filtered.settings.config.recommendation):
        assert name in ABLATED
        assert not np.isin(lists, hidden).any()
    assert set(ABLATED) < set(filtered.read(RECOMMENDATION_OUTCOMES, 3)["strategy"])


def test_hidden_items_count_in_outcomes_and_everybody_misses_them(filtered):
    took = filtered.read(RAW_TEXTS, 3).filter(pl.col("item_id") == "item-0-02")["user_key"]
    rows = filtered.read(RECOMMENDATION_OUTCOMES, 3).filter(pl.col("user_key").is_in(took.implode()))
    assert rows["user_key"].n_unique() == took.n_unique() > 0
    assert rows["recall"].max() <= 0.5  # each took up two


def test_a_filter_that_hides_everything_leaves_no_list_and_stops_nothing(recommended, tmp_path):
    items = [f"item-{group}-{n:02d}" for group in range(GROUPS) for n in range(ITEMS)]
    (tmp_path / "all.csv").write_text("\n".join(["item_id", *items]))
    home = recommended.copy(tmp_path, ", filters: [all.csv]")
    home.recommend()
    for table in (RECOMMENDATIONS, RECOMMENDATION_OUTCOMES, RECOMMENDATION_METRICS):
        assert home.read(table).is_empty()
    assert offers(home.lake, "somebody").rows.is_empty()
    verdict = home.told("recommendation_metrics")["2024-01-22"]["verdicts"]
    assert verdict[0].startswith("no window has lists of all of recently-popular, ease")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "filter hidden.csv: there is no file "),
        ("item\na\n", "filter hidden.csv: hidden.csv has no column 'item_id'"),
        ("item_id,reason\n,x\n", "filter hidden.csv: 1 rows have no item_id"),
    ],
)
def test_a_filter_that_cannot_be_read_fails_the_run_and_the_old_lists_stay(recommended, tmp_path, content, told):
    home = recommended.copy(tmp_path, ", filters: [hidden.csv]")
    before = home.read(RECOMMENDATIONS)
    if content is not None:
        (tmp_path / "hidden.csv").write_text(content)
    with pytest.raises(RunFailed, match=told):
        home.run(*LISTS)
    assert home.read(RECOMMENDATIONS).equals(before)


def test_mmr_puts_lists_in_another_order_but_those_of_the_rivals(recommended, tmp_path):
    home = recommended.copy(tmp_path, ", diversity: {method: mmr, trade_off: 0.3, pool: 30}")
    home.recommend()
    before, after = lists_by_rank(recommended, 3), lists_by_rank(home, 3)
    changed = {strategy for key, items in after.items() for strategy in [key[1]] if items != before[key]}
    assert after.keys() == before.keys()
    assert changed == set(STRATEGIES) - set(RIVALS)
    # the first is the best by score, and scores stay the strategy's
    assert all(items[0] == before[key][0] for key, items in after.items())
    assert home.told("recommendations")["2024-01-22"]["diversity"] == "mmr"
    outcomes_of = {h: h.read(RECOMMENDATION_OUTCOMES, 3) for h in (recommended, home)}
    diverse = {
        h: rows.filter(pl.col("strategy").str.starts_with("segment-smoothed"))["diversity"].mean()
        for h, rows in outcomes_of.items()
    }
    assert diverse[home] > 1.5 * diverse[recommended]
    for rival in RIVALS:
        one, other = (rows.filter(pl.col("strategy") == rival).drop("window_start") for rows in outcomes_of.values())
        assert one.equals(other)


def test_calibrated_lists_come_nearer_to_the_mix_of_the_users_own_categories(recommended, tmp_path):
    home = recommended.copy(tmp_path, ", diversity: {method: calibrated, trade_off: 0.1, pool: 30}")
    home.run(*LISTS)
    texts = recommended.read(RAW_TEXTS).drop_nulls("item_id")
    kinds = dict(texts.select("item_id", "category").unique().iter_rows())

    def distance(lists):
        """Mean total variation between the mix of the list and the user's own."""
        names = sorted(set(kinds.values()))
        own = {
            user: [kinds[item] for item in items]
            for user, items in texts.group_by("user_key").agg("item_id").iter_rows()
        }
        mixes = [
            [[told.count(name) / len(told) for name in names] for told in ([kinds[i] for i in items], own[user])]
            for (_, strategy, user), items in lists.items()
            if strategy == "segment-smoothed" and user in own
        ]
        return np.abs(np.diff(np.array(mixes), axis=1)).sum() / 2 / len(mixes)

    assert distance(lists_by_rank(home, 3)) < 0.8 * distance(lists_by_rank(recommended, 3))


@pytest.mark.parametrize(
    ("method", "table", "told"),
    [
        ("mmr", ITEM_VECTORS, "no item has a vector, lists stay by score"),
        ("calibrated", RAW_TEXTS, "no text about an item names a category, lists stay by score; map `category`"),
    ],
)
def test_without_vectors_or_categories_lists_stay_by_score_and_it_is_told(recommended, tmp_path, method, table, told):
    home = recommended.copy(tmp_path, f", diversity: {{method: {method}}}")
    for number in range(4):
        frame = home.read(table, number)
        without = frame.with_columns(category=pl.lit(None, pl.String)) if table is RAW_TEXTS else frame.clear()
        home.put(number, table.name, without)
    run = home.run(*LISTS, windows=[home.windows[3]])
    assert told in home.told("recommendations")["2024-01-22"]["diversity"]
    assert any(told in event.message for event in home.instance.all_logs(run))
    before, after = lists_by_rank(recommended, 3), lists_by_rank(home, 3)
    assert {key: after[key] for key in after if key[1] in RIVALS} == {
        key: before[key] for key in after if key[1] in RIVALS
    }
    if method == "calibrated":
        assert after == before
    else:  # a strategy by content has no lists where items have no vectors
        assert {key[1] for key in after} == set(STRATEGIES) - {"content"}


@pytest.fixture(scope="module")
def longer(recommended, tmp_path_factory):
    home = recommended.copy(tmp_path_factory.mktemp("longer"), ", horizon: 2, learn: 2")
    home.recommend()
    return home


def test_a_horizon_judges_the_lists_of_so_many_windows_ago_by_all_windows_since(longer):
    for number in (0, 1):
        assert longer.read(RECOMMENDATION_OUTCOMES, number).is_empty()
    rows = longer.read(RECOMMENDATION_OUTCOMES, 3)
    assert rows["user_key"].n_unique() == USERS - 1
    assert rows["horizon"].unique().to_list() == [2]
    assert longer.told("recommendation_outcomes")["2024-01-22"]["lists_of"] == "2024-01-08"
    one = rows.filter(pl.col("strategy") == "content").row(0, named=True)
    own = pl.col("user_key") == one["user_key"]
    lists = longer.read(RECOMMENDATIONS, 1).filter(own & (pl.col("strategy") == "content"))
    took = longer.read(RAW_TEXTS, 2, 3).filter(own)["item_id"]
    assert took.n_unique() == 4
    assert one["recall"] == pytest.approx(lists["item_id"].is_in(took.implode()).sum() / 4)


def test_the_protocol_tells_the_horizon_and_rows_of_another_one_are_not_pooled(longer, tmp_path):
    protocols = set(longer.read(RECOMMENDATION_METRICS, 3).filter(pl.col("metric") == "ndcg")["protocol"])
    assert protocols == {"fitted up to a window, judged in the next 2, full ranking, pooled over 2 windows"}
    back = longer.copy(tmp_path)
    back.run(*LISTS)
    back.run(*JUDGING, windows=[back.windows[3]])
    rows = back.read(RECOMMENDATION_METRICS, 3).filter(pl.col("metric") == "ndcg")
    assert set(rows["protocol"]) == {"fitted up to a window, judged in the next, full ranking, pooled over 1 windows"}


def test_weights_are_learned_over_the_horizon_on_windows_that_are_over(longer):
    given, version, window = longer.settings.config.recommendation, longer.lake.version(), longer.windows[3]
    past = []
    for last in (3, 2):
        before = context_at(longer.lake, longer.windows[last - 2], version)
        later = longer.read(RAW_TEXTS, last - 1, last)
        done = outcomes(before, later)
        past.append(Past(before, done.whole(*before.interactions.counts.shape), longer.windows[last].end))
    expected = learn_weights(given.parts, past, window.end, seed=given.seed)
    assert expected.users > 100
    assert hybrid_weights(ContextReader(longer.lake), given, window, version, {}) == pytest.approx(expected.weights)


def test_seen_items_may_be_shown_again_and_count_when_taken_up_again(recommended, tmp_path):
    home = recommended.copy(tmp_path, ", seen: show")
    again = home.read(RAW_TEXTS, 2)
    repeated = home.read(RAW_TEXTS, 3).with_columns(item_id=again["item_id"], user_key=again["user_key"])
    home.put(3, RAW_TEXTS.name, repeated)  # everybody takes up again what they took up in the window before
    home.recommend(windows=home.windows[2:])
    had = home.read(RAW_TEXTS, 0, 1, 2).drop_nulls("item_id")
    shown = home.read(RECOMMENDATIONS, 2).join(had, on=["user_key", "item_id"], how="semi")
    assert shown.height > USERS
    rows = home.read(RECOMMENDATION_OUTCOMES, 3).filter(pl.col("strategy") == "content")
    assert rows.height == USERS - 1
    assert rows["recall"].mean() > 0
