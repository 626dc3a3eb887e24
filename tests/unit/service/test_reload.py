"""A published file is renamed over the old one: the new one is served, and no request is lost."""

import threading
import time
from pathlib import Path

import pytest
from serving import client_of, until

ADDRESS = "/v1/users/ann@example.org/recommendations"


def loads(client, result):
    [line] = [
        li
        for li in client.get("/metrics").text.splitlines()
        if li.startswith(f'interest_loads_total{{result="{result}"')
    ]
    return float(line.split()[-1])


def version(client):
    return client.get("/ready").json()["lake_version"]


def test_requests_under_way_finish_and_later_ones_see_the_new_version(world, client):
    seen, stop = [], threading.Event()

    def ask():
        while not stop.is_set():
            found = client.get(ADDRESS)
            seen.append((found.status_code, found.json().get("lake_version"), found.json().get("items")))

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        until(lambda: len(seen) > 5)
        for new in (8, 9):
            world.lists["ann@example.org"] = [f"item of {new}"]
            world.publish(new)
            until(lambda new=new: version(client) == new)
        after = len(seen)
        until(lambda: len(seen) > after + 5)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert {status for status, _, _ in seen} == {200}
    # a list and its version are of one file
    names = {7: "grinder", 8: "item of 8", 9: "item of 9"}
    assert all(names[version] == items[0]["item_id"] for _, version, items in seen)
    assert seen[-1][1] == 9
    assert loads(client, "loaded") == 3 and loads(client, "failed") == 0


@pytest.mark.parametrize("content", [b"", b"no DuckDB file " * 1_000])
def test_a_broken_file_leaves_the_old_one_served_until_a_good_one_comes(world, client, content, caplog):
    target: Path = world.settings.published_file
    beside = target.with_name("broken")
    beside.write_bytes(content)
    beside.replace(target)
    until(lambda: loads(client, "failed") == 1)
    assert version(client) == 7 and client.get(ADDRESS).status_code == 200
    [line] = [
        r.getMessage()
        for r in caplog.records
        if r.name.startswith("interest_platform.service") and r.levelname == "ERROR"
    ]
    assert line.startswith("interest.duckdb can't be read: ") and line.endswith("the old one is still served")
    assert "\n" not in line
    world.publish(8)
    until(lambda: version(client) == 8)


def test_a_file_of_another_make_is_refused_as_a_whole(world, client):
    import duckdb

    target: Path = world.settings.published_file
    beside = target.with_name("lacking.duckdb")
    with duckdb.connect(str(beside)) as connection:
        connection.execute("CREATE TABLE publication AS SELECT 9 AS lake_version, now()::TIMESTAMP AS published_at")
    beside.replace(target)
    until(lambda: loads(client, "failed") == 1)
    assert version(client) == 7


def test_a_file_that_vanishes_leaves_the_old_one_served(world, client):
    world.settings.published_file.unlink()
    time.sleep(0.3)
    assert version(client) == 7 and loads(client, "failed") == 0


def test_the_first_file_is_served_once_it_is_there(world):
    with client_of(world.settings) as client:
        assert client.get("/ready").status_code == 503
        world.publish(3)
        until(lambda: client.get("/ready").status_code == 200)
        assert client.get(ADDRESS).json()["lake_version"] == 3


def test_a_file_that_could_not_be_loaded_is_tried_again(world, monkeypatch):
    from interest_platform.service import watch

    monkeypatch.setattr(watch, "RETRY_SECONDS", 0.1)
    tried = []
    load = watch.Current.__init__

    def failing(self, path, really, metrics):
        def first_fails():
            from interest_platform.errors import SourceError

            tried.append(1)
            if len(tried) == 1:
                raise SourceError("identities: can't be read for a moment")
            return really()

        load(self, path, first_fails, metrics)

    monkeypatch.setattr(watch.Current, "__init__", failing)
    world.publish(7)
    with client_of(world.settings) as client:
        assert client.get("/ready").status_code == 503
        until(lambda: client.get("/ready").status_code == 200)
    assert len(tried) == 2
