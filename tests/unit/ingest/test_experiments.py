"""Exposures and outcomes as a user brings them: whose they are, and what is wrong with them in one line."""

import datetime as dt

import pytest
from pydantic import SecretStr

from interest_platform.configuration import Configuration, TableSettings
from interest_platform.domain.pseudonyms import user_key
from interest_platform.errors import SourceError
from interest_platform.ingest import read_experiment
from interest_platform.settings import Settings

KEY = SecretStr("k")
SHOWN = "experiment,variant,ts,user_id"
DONE = "metric,value,ts,user_id"
GOOD = "clicks,2,2024-01-02,u1"


def read(folder, shown, done=GOOD, head=SHOWN, done_head=DONE, sources=("shop",)):
    (folder / "shown.csv").write_text(f"{head}\n{shown}\n")
    (folder / "done.csv").write_text(f"{done_head}\n{done}\n")
    config = Configuration.model_validate(
        {"sources": [{"name": s, "uri": "x.csv"} for s in sources], "windows": {"start": "2024-01-01"}}
    )
    settings = Settings(config=config, config_path=folder / "interest.yaml", home=folder / "home")
    return read_experiment(settings, KEY, TableSettings(uri="shown.csv"), TableSettings(uri="done.csv"))


def test_ids_become_the_lakes_pseudonyms_and_times_utc(tmp_path):
    shown, done = read(tmp_path, "ranking,new,2024-01-01T12:00+02:00,u1")
    assert shown.to_dicts() == [
        {
            "user_key": user_key(b"k", "shop", "u1"),
            "experiment": "ranking",
            "variant": "new",
            "ts": dt.datetime(2024, 1, 1, 10),
            "segment_id": None,
        }
    ]
    assert done.select("metric", "value").rows() == [("clicks", 2.0)]
    assert done["user_key"].equals(shown["user_key"])


def test_a_pseudonym_is_taken_as_it_is(tmp_path):
    shown, _ = read(
        tmp_path, f"ranking,new,2024-01-01,{'a' * 64},s0003", head="experiment,variant,ts,user_key,segment_id"
    )
    assert shown.select("user_key", "segment_id").rows() == [("a" * 64, "s0003")]


def test_rows_stay_in_the_order_of_the_file(tmp_path):
    lines = "\n".join(f"ranking,{v},2024-01-01,{u}" for v, u in (("b", "u9"), ("a", "u1"), ("c", "u5")))
    assert read(tmp_path, lines)[0]["variant"].to_list() == ["b", "a", "c"]


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("ranking,new,soon,u1", "`ts` that is no time"),
        ("ranking,,2024-01-01,u1", "have no variant"),
        ("ranking,new,2024-01-01,", "name no user, or name one twice"),
    ],
)
def test_a_row_that_cant_be_meant_is_told_with_its_number(tmp_path, row, told):
    with pytest.raises(SourceError, match=r"exposures .*shown\.csv: 1 rows .*the first is row 2") as error:
        read(tmp_path, f"ranking,new,2024-01-01,u1\n{row}")
    assert told in str(error.value)


def test_an_id_needs_its_source_where_there_are_several(tmp_path):
    with pytest.raises(SourceError, match="user_id without its source; there are shop, forum"):
        read(tmp_path, "ranking,new,2024-01-01,u1", sources=("shop", "forum"))


def test_an_unknown_source_is_refused(tmp_path):
    with pytest.raises(SourceError, match="unknown source; there are shop"):
        read(tmp_path, "ranking,new,2024-01-01,u1,blog", head=f"{SHOWN},source")


def test_a_missing_column_is_told(tmp_path):
    with pytest.raises(SourceError, match=r"exposures .*has no column 'variant'"):
        read(tmp_path, "ranking,2024-01-01,u1", head="experiment,ts,user_id")


def test_a_value_that_is_no_number_is_told(tmp_path):
    with pytest.raises(SourceError, match=r"outcomes .*1 rows hold a value of the wrong type"):
        read(tmp_path, "ranking,new,2024-01-01,u1", done="clicks,many,2024-01-02,u1")
