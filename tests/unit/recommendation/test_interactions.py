"""Who has dealt with what, counted by hand."""

import numpy as np
import polars as pl
import pytest
from recommending import END, dealt

from interest_platform.errors import ContractError
from interest_platform.recommendation.interactions import Interactions


def test_counts_and_the_age_of_the_last_by_hand():
    found = Interactions.of(
        dealt(("v", "b", 2.5), ("u", "a", 3), ("v", "b", 0.25)), END, pl.Series(["t", "u"]), pl.Series(["c"])
    )
    assert found.users.tolist() == ["t", "u", "v"]
    assert found.items.tolist() == ["a", "b", "c"]
    assert found.counts.toarray().tolist() == [[0, 0, 0], [1, 0, 0], [0, 2, 0]]
    assert found.ages.toarray().tolist() == [[0, 0, 0], [3, 0, 0], [0, 0.25, 0]]
    np.testing.assert_array_equal(found.binary.toarray(), found.counts.toarray() > 0)


def test_rows_without_an_item_are_none_and_one_at_the_end_is_refused():
    frame = dealt(("u", None), ("u", "a"))
    assert Interactions.of(frame, END).counts.nnz == 1
    with pytest.raises(ContractError, match="1 interactions are at or after"):
        Interactions.of(dealt(("u", "a", 0)), END)
