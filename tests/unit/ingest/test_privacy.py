"""The raw user id is nowhere in what is handed on."""

import json

import polars as pl
import pytest

from interest_platform.domain.pseudonyms import IDENTITIES, user_key
from interest_platform.errors import SourceError

KEY = b"a key for tests"
SECRET = "ann.secret@example.org"


def everything(found):
    return found.accepted.write_ndjson() + found.rejected.write_ndjson()


def test_pseudonyms_are_the_documented_hmac(platform):
    platform.write("r.csv", "user_id,text,ts\nann,x,2024-01-02\n")
    assert platform.read("r.csv").accepted["user_key"].to_list() == [user_key(KEY, "reviews", "ann")]


DIRTY = [
    {"text": "x", "ts": "2024-01-02"},
    {"text": "x", "ts": "2024-01-02"},
    {"text": "", "ts": "2024-01-02"},
    {"text": 5, "ts": "2024-01-02"},
    {"text": {"from": SECRET}, "ts": "2024-01-02"},
    {"text": "x", "ts": "never"},
    {"text": "x", "ts": {"by": SECRET}},
    {"text": "x", "ts": None},
    {"text": "x", "ts": "1999-01-02"},
    {"text": "x", "ts": "2030-01-02"},
    {"text": "x", "ts": "2024-01-02", "rating": [SECRET]},
]


def test_no_rejected_row_holds_the_users_id(platform):
    rows = [{"user_id": SECRET} | r for r in DIRTY] + [
        {"user_id": {"id": SECRET}, "text": [SECRET], "ts": "2024-01-02"}
    ]
    lines = [json.dumps(r) for r in rows]
    lines += [f'{{"user_id": "{SECRET}", broken', f'["{SECRET}"]']
    content = (
        "\n".join(lines).encode() + b'\n{"user_id": "' + SECRET.encode() + b'", "text": "caf\xe9", "ts": "2024-01-02"}'
    )
    platform.write("r.jsonl", content)
    found = platform.read("r.jsonl")
    assert (found.accepted.height, found.rejected.height) == (1, 14)
    assert "secret" not in everything(found)
    known = found.rejected.filter(pl.col("reason").is_in(["duplicate", "empty_text", "not_utf8", "future", "no_time"]))
    assert {json.loads(raw)["user_id"] for raw in known["raw"]} == {user_key(KEY, "reviews", SECRET)}


def test_no_rejected_csv_row_holds_the_users_id(platform):
    lines = [f"{SECRET},x,2024-01-02"] * 2 + [
        f"{SECRET},x",
        f'{SECRET},"x,2024-01-02',
        f"{SECRET},x,soon",
        f"{SECRET},,2024-01-02",
    ]
    platform.write("r.csv", "user_id,text,ts\n" + "\n".join(lines) + "\n")
    found = platform.read("r.csv")
    assert (found.accepted.height, found.rejected.height) == (1, 5)
    assert "secret" not in everything(found)


@pytest.mark.parametrize("name", ["known.csv", "known.jsonl", "known.parquet"])
def test_users_that_the_identities_table_names_are_one_person(platform, name):
    known = pl.DataFrame(
        {"source": ["shop", "blog", "else"], "user_id": ["1", "ann", "9"], "person_id": ["p1", "p1", "p2"]}
    )
    write = {"csv": known.write_csv, "jsonl": known.write_ndjson, "parquet": known.write_parquet}[name.split(".")[1]]
    write(platform.folder / name)
    platform.write("shop.csv", "user_id,text,ts\n1,x,2024-01-02\n2,x,2024-01-02\n")
    platform.write("blog.csv", "user_id,text,ts\nann,x,2024-01-02\n1,x,2024-01-02\n")
    sources = [{"name": n, "uri": f"{n}.csv"} for n in ("shop", "blog")]
    keys = platform.read(sources=sources, identities={"uri": name}).accepted["user_key"]
    person = user_key(KEY, IDENTITIES, "p1")
    assert sorted(keys) == sorted([person, person, user_key(KEY, "shop", "2"), user_key(KEY, "blog", "1")])


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ("shop,1,p1\nshop,1,p2\n", "1 users are said to be several persons"),
        ("shop,,p1\n", "1 rows lack a source, user or person"),
        ("shop,1\nshop,1,p1\n", "1 rows lack"),
    ],
)
def test_identities_that_leave_it_open_are_refused(platform, rows, told):
    platform.write("known.csv", f"source,user_id,person_id\n{rows}")
    platform.write("r.csv", "user_id,text,ts\n1,x,2024-01-02\n")
    with pytest.raises(SourceError, match=told):
        platform.read("r.csv", identities={"uri": "known.csv"})
