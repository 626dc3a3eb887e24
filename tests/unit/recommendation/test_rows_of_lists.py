"""Lists as rows of the table: also where the first user is in no segment."""

import polars as pl
from recommending import known, planted

from interest_platform.assets.recommendations import lists_of
from interest_platform.recommendation.hidden import hidden
from interest_platform.recommendation.listing import Rules
from interest_platform.recommendation.strategies import load_strategy


def test_a_first_user_without_a_segment_leaves_the_others_theirs():
    frame, users, items = planted()
    first = min(users)
    users[first] = (users[first][0], users[first][1] * 0)
    context = known(frame, users, items)
    nothing = hidden(pl.DataFrame(schema={"user_key": pl.String, "item_id": pl.String}), context.interactions)
    rows = lists_of(load_strategy("popular"), context, pl.Series(sorted(users)), Rules(3, nothing))
    of = dict(rows.select("user_key", "segment_id").unique().iter_rows())
    assert rows["user_key"][0] == first
    assert of[first] is None
    assert set(of.values()) == {None, "s0001", "s0002", "s0003"}
