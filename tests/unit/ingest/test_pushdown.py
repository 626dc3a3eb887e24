"""Only the rows of the asked windows are read."""

from datetime import datetime, timedelta

import polars as pl
import pyarrow.parquet as pq
import pytest
from pydantic import SecretStr

from interest_platform.errors import SourceError
from interest_platform.ingest import SourceReader

ROWS, GROUP = 40_000, 2_000
NOW = datetime(2024, 6, 1)


def spoil_other_row_groups(path, kept, columns):
    """Overwrite these columns in all row groups but the kept, not the footer: to read them is an error."""
    groups = pq.ParquetFile(path).metadata
    with path.open("r+b") as file:
        for index in set(range(groups.num_row_groups)) - set(kept):
            for number in columns:
                column = groups.row_group(index).column(number)
                first = min(x for x in (column.dictionary_page_offset, column.data_page_offset) if x)
                file.seek(first)
                file.write(b"\xff" * column.total_compressed_size)


def frame():
    start = datetime(2024, 1, 1)
    moments = [start + timedelta(minutes=4 * i) for i in range(ROWS)]  # to the end of April
    return pl.DataFrame({"user_id": "u", "text": [f"t{i}" for i in range(ROWS)], "ts": moments})


@pytest.mark.parametrize(
    ("kind", "unix"),
    [
        (pl.col("ts"), False),
        (pl.col("ts").dt.cast_time_unit("ns"), False),
        (pl.col("ts").dt.replace_time_zone("UTC"), False),
        (pl.col("ts").dt.date(), False),
        (pl.col("ts").dt.epoch("ms"), True),
    ],
    ids=["us", "ns", "zone", "date", "unix"],
)
def test_row_groups_of_other_times_are_not_even_read(platform, kind, unix):
    path = platform.folder / "r.parquet"
    frame().with_columns(kind).write_parquet(path, row_group_size=GROUP)
    settings = platform.settings("r.parquet")
    march = list(settings.grid)[2]
    # March is rows 21,600 to 32,760: row groups 10 to 16 of 2,000
    # (whole numbers are looked at once, all of them, for the unit they are in)
    spoil_other_row_groups(path, range(10, 17), columns=[0, 1] if unix else [0, 1, 2])
    with SourceReader(settings, [march], NOW, SecretStr("k")) as reader:
        assert reader.window(march).rows_read == {"reviews": 31 * 24 * 15}
    with pytest.raises(SourceError), SourceReader(settings, [settings.grid.first], NOW, SecretStr("k")) as reader:
        reader.window(settings.grid.first)


def test_text_files_are_parsed_once_and_only_the_wanted_rows_are_kept(platform):
    frame().with_columns(pl.col("ts").dt.to_string("iso")).write_csv(platform.folder / "r.csv")
    settings = platform.settings("r.csv")
    windows = list(settings.grid)[1:3]
    with SourceReader(settings, windows, NOW, SecretStr("k")) as reader:
        scan = reader._sources[0].scan
        assert scan.staged
        (platform.folder / "r.csv").unlink()  # each window comes from the staged rows
        read = sum(reader.window(w).rows_read["reviews"] for w in windows)
        assert scan.con.execute(f"SELECT count(*) FROM ({scan.select})").fetchone() == (read,)
        assert len(list((platform.folder / "home" / "tmp").iterdir())) == 1
    assert read == (29 + 31) * 24 * 15
    assert list((platform.folder / "home" / "tmp").iterdir()) == []
