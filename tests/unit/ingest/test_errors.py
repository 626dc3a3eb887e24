"""Sources that can't be read at all: one clear line each, and nothing left behind."""

import gzip
import os
import resource
import signal
import socket
import threading

import duckdb
import polars as pl
import pytest

from interest_platform.errors import SourceError

GOOD = "user_id,text,ts\nann,x,2024-01-02\n"


def failure(platform, uri, **more):
    with pytest.raises(SourceError) as told:
        platform.read(uri, **more)
    assert "\n" not in str(told.value)
    assert "reviews" in str(told.value)
    assert list((platform.folder / "home" / "tmp").iterdir()) == []
    return str(told.value)


def test_missing_files_are_told(platform):
    assert "there is no file" in failure(platform, "no.parquet")
    assert "no file matches" in failure(platform, "no/*.parquet")
    (platform.folder / "inbox").mkdir()
    assert "is a folder; give a file or a glob" in failure(platform, "inbox")


@pytest.mark.parametrize("name", ["r.parquet", "r.csv", "r.jsonl", "r.csv.gz", "r.duckdb"])
@pytest.mark.parametrize("content", [bytes(range(128, 256)) * 40, b"Lorem ipsum dolor\nsit amet\n" * 40])
def test_garbage_is_told(platform, name, content):
    platform.write(name, content)
    assert name in failure(platform, name)


def test_files_in_which_nothing_parses_are_told(platform):
    platform.write("r.csv", "user_id,text,ts\n" + "a,b\n" * 3)
    assert "row 1: 2 fields, the header has 3" in failure(platform, "r.csv")
    platform.write("r.jsonl", "[1]\n{broken\n")
    assert "no line is a JSON object" in failure(platform, "r.jsonl")
    platform.write("e.csv", "")
    assert "the file is empty" in failure(platform, "e.csv")


def test_a_file_that_breaks_off_is_told_with_its_name(platform):
    whole = gzip.compress(
        ("user_id,text,ts\n" + "".join(f"u{i},text {i * 7919},2024-01-02\n" for i in range(9000))).encode()
    )
    platform.write("good.csv.gz", whole)
    platform.write("r.csv.gz", whole[: len(whole) // 2])
    assert platform.read("good.csv.gz").accepted.height == 9000
    told = failure(platform, "r.csv.gz")
    assert "r.csv.gz: can't be read" in told


@pytest.mark.parametrize("ending", ["parquet", "csv", "jsonl", "duckdb"])
def test_a_missing_column_is_told_with_those_there_are(platform, ending):
    frame = pl.DataFrame({"user": ["a"], "text": ["x"], "ts": ["2024-01-02"]})
    path = platform.folder / f"r.{ending}"
    if ending == "duckdb":
        with duckdb.connect(str(path)) as con:
            con.execute("CREATE TABLE t AS FROM frame")
    else:
        {"parquet": frame.write_parquet, "csv": frame.write_csv, "jsonl": frame.write_ndjson}[ending](path)
    told = failure(platform, path.name)
    assert "has no column 'user_id'; its columns:" in told
    assert all(column in told for column in ("user", "text", "ts"))
    told = failure(platform, path.name, source={"columns": {"user_id": "user", "rating": "stars"}})
    assert "has no column 'stars' (our rating)" in told


def test_a_column_missing_in_one_file_of_a_glob_is_told_with_the_file(platform):
    platform.write("a.csv", GOOD)
    platform.write("b.csv", GOOD.replace("ts", "when"))
    assert "b.csv has no column 'ts'" in failure(platform, "*.csv")


def test_a_json_key_that_comes_late_is_found(platform):
    late = (
        '{"user_id": "a", "text": "x", "ts": "2024-01-02"}\n' * 1500
        + '{"user_id": "a", "text": "x", "ts": "2024-01-02", "stars": 3}\n'
    )
    platform.write("r.jsonl", late)
    found = platform.read("r.jsonl", source={"columns": {"rating": "stars"}})
    assert found.rows_read == 1501
    assert "stars" in failure(platform, "r.jsonl", source={"columns": {"rating": "stars", "lang": "language"}})


def test_tables_that_are_not_there_are_told(platform):
    with duckdb.connect(str(platform.folder / "shop.duckdb")) as con:
        con.execute("CREATE TABLE a (x INTEGER)")
        con.execute("CREATE TABLE b (x INTEGER)")
    assert "has no table 'c'; its tables: main.a, main.b" in failure(platform, "shop.duckdb", source={"table": "c"})
    assert "`table` must say which" in failure(platform, "shop.duckdb")


def test_formats_that_can_not_be_told_or_are_mixed_are_told(platform):
    platform.write("r.txt", GOOD)
    assert "set `format`" in failure(platform, "r.txt")
    assert platform.read("r.txt", source={"format": "csv"}).accepted.height == 1
    platform.write("s.csv", GOOD)
    platform.write("s.jsonl", "{}")
    assert "csv and jsonl" in failure(platform, "s.*")


def test_a_sample_that_is_not_fetched_tells_the_command(platform):
    assert "interest samples fetch movielens-100k" in failure(platform, "sample:movielens-100k")


def test_the_user_column_can_not_be_another_column_too(platform):
    platform.write("r.csv", GOOD)
    told = failure(platform, "r.csv", source={"columns": {"category": "user_id"}})
    assert "mapped to user_id and to category" in told


def test_a_repeated_column_is_told(platform):
    platform.write("r.csv", "user_id,text,text,ts\na,b,c,2024-01-02\n")
    assert "2 columns 'text'" in failure(platform, "r.csv")


def test_a_home_that_can_not_be_written_is_told(platform):
    platform.write("r.csv", GOOD)
    platform.write("home", "a file where the folder should be")
    with pytest.raises(SourceError, match="temporary folder"):
        platform.read("r.csv")


def test_a_disk_that_is_full_is_told(platform):
    platform.write("r.csv", "user_id,text,ts\n" + "".join(f"u{i},text {i * 7919},2024-01-02\n" for i in range(20_000)))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, before[1]))
    try:
        told = failure(platform, "r.csv")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert "ingest-" in told


def test_folders_of_killed_runs_are_removed(platform):
    left = platform.folder / "home" / "tmp" / f"ingest-{socket.gethostname()}-999999999-x"
    left.mkdir(parents=True)
    platform.write("r.csv", GOOD)
    assert platform.read("r.csv").accepted.height == 1
    assert list(left.parent.iterdir()) == []


def test_ctrl_c_within_a_query_stays_ctrl_c(platform):
    rows = "".join(f"u{i},text {i},2024-01-02\n" for i in range(400_000))
    platform.write("r.csv", "user_id,text,ts\n" + rows)
    done = threading.Event()

    def interrupt(*_: object) -> None:
        if not done.is_set():
            raise KeyboardInterrupt

    def press() -> None:
        # more than once: one that lands in an object's destructor is dropped by Python itself
        while not done.wait(0.2):
            os.kill(os.getpid(), signal.SIGINT)

    before = signal.signal(signal.SIGINT, interrupt)
    pressing = threading.Thread(target=press)
    pressing.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            platform.read("r.csv")
    finally:
        done.set()
        pressing.join()
        signal.signal(signal.SIGINT, before)
    assert list((platform.folder / "home" / "tmp").iterdir()) == []
