"""A body that reads what its step does not declare fails, and the old partition stays whole."""

import pytest
from polars.testing import assert_frame_equal

from interest_platform.assets import item_vectors
from interest_platform.domain.dynamics_tables import SEGMENT_IDENTITIES
from interest_platform.domain.recommendation_tables import ITEM_VECTORS
from interest_platform.domain.tables import RAW_TEXTS
from interest_platform.runs import RunFailed


@pytest.mark.parametrize(
    ("table", "back", "told"),
    [
        (SEGMENT_IDENTITIES, 0, "item_vectors of 2024-01-22 reads segment_identities, which its step does not declare"),
        (RAW_TEXTS, 3, "item_vectors of 2024-01-22 reads raw_texts of 2024-01-01, which its step does not declare"),
    ],
)
def test_an_undeclared_read_fails_and_writes_nothing(recommended, tmp_path, monkeypatch, table, back, told):
    home = recommended.copy(tmp_path)
    before, lookback_of = home.read(ITEM_VECTORS), item_vectors.lookback_of

    def reads_more(lake, window, version, columns, asset):
        lake.read(table, [lake.settings.grid.shift(window, -back)], version=version)
        return lookback_of(lake, window, version, columns, asset)

    monkeypatch.setattr(item_vectors, "lookback_of", reads_more)

    with pytest.raises(RunFailed, match=told):
        home.run(ITEM_VECTORS.name, windows=home.windows[3:])

    assert_frame_equal(home.read(ITEM_VECTORS), before)
    home.lake.close()
