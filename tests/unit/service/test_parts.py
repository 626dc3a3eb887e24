"""The parts: rows by user, coded texts, rates, the encoder's queue."""

import asyncio
import threading

import numpy as np
import polars as pl
import pytest

from interest_platform.errors import ContractError, InterestError
from interest_platform.service.columns import Coded, UserRows
from interest_platform.service.rates import MOST_CLIENTS, Rates
from interest_platform.service.server import is_loopback, listening
from interest_platform.service.worker import QueueFull, Worker


def test_a_users_rows_are_those_that_a_scan_finds():
    rng = np.random.default_rng(0)
    users = [rng.bytes(32).hex() for _ in range(200)] + ["0" * 64, "f" * 64]
    column = pl.Series(np.repeat(users, rng.integers(1, 5, len(users)))).sort()
    rows = UserRows.of(column)
    assert len(rows) == 202
    for user in [*users, rng.bytes(32).hex(), "0" * 63 + "1", "e" * 64]:
        wanted = [i for i, key in enumerate(column) if key == user]
        assert list(range(len(column)))[rows.of_user(user)] == wanted
        assert (user in rows) == bool(wanted)


def test_no_rows_are_nobodys():
    rows = UserRows.of(pl.Series([], dtype=pl.String))
    assert len(rows) == 0 and "a" * 64 not in rows


def test_a_key_of_another_length_is_refused():
    with pytest.raises(ContractError, match="64 hexadecimal digits"):
        UserRows.of(pl.Series(["a" * 64, "b"]))


def test_coded_texts_are_the_texts():
    texts = ["kettle", "", "日本", "kettle", "a" * 100]
    coded = Coded.of(pl.Series(texts))
    assert coded.at(slice(0, 5)) == texts and coded.at(slice(1, 3)) == ["", "日本"]
    assert len(coded.texts) == 4 and coded.nbytes < 200


def test_a_client_may_burst_and_then_goes_on_at_the_rate():
    now = [100.0]
    rates = Rates(per_second=2, burst=3, clock=lambda: now[0])
    assert [rates.wait("a") for _ in range(3)] == [0, 0, 0]
    assert rates.wait("a") == pytest.approx(0.5)
    assert rates.wait("b") == 0
    now[0] += 0.4
    assert rates.wait("a") == pytest.approx(0.1)
    now[0] += 0.11
    assert rates.wait("a") == 0 and rates.wait("a") > 0
    now[0] += 1_000
    assert [rates.wait("a") > 0 for _ in range(4)] == [False, False, False, True]


def test_a_refused_request_costs_nothing():
    now = [0.0]
    rates = Rates(per_second=1, burst=1, clock=lambda: now[0])
    assert rates.wait("a") == 0
    assert {rates.wait("a") for _ in range(50)} == {1.0}


def test_no_more_clients_are_remembered_than_fit():
    rates = Rates(per_second=1, burst=1, clock=lambda: 0.0)
    for n in range(MOST_CLIENTS + 5):
        rates.wait(str(n))
    assert rates.wait(str(MOST_CLIENTS)) > 0  # the newest are
    assert rates.wait("0") == 0  # the oldest is forgotten


def test_calls_run_one_after_another_and_no_more_wait_than_may():
    async def scene():
        worker, gate, running, most = Worker(3), threading.Event(), [0], [0]

        def call(n):
            running[0] += 1
            most[0] = max(most[0], running[0])
            gate.wait(10)
            running[0] -= 1
            return n

        calls = [asyncio.ensure_future(worker.run(lambda n=n: call(n))) for n in range(3)]
        await asyncio.sleep(0)
        with pytest.raises(QueueFull):
            await worker.run(lambda: 9)
        gate.set()
        assert await asyncio.gather(*calls) == [0, 1, 2]
        await asyncio.sleep(0.05)
        assert worker.waiting == 0 and most[0] == 1
        worker.close()

    asyncio.run(scene())


def test_who_gives_up_leaves_the_queue():
    async def scene():
        worker, gate, ran = Worker(2), threading.Event(), []
        first = asyncio.ensure_future(worker.run(lambda: gate.wait(10)))
        second = asyncio.ensure_future(worker.run(lambda: ran.append(1)))
        await asyncio.sleep(0.01)
        second.cancel()
        await asyncio.sleep(0.05)
        assert worker.waiting == 1
        third = asyncio.ensure_future(worker.run(lambda: "third"))
        await asyncio.sleep(0)
        gate.set()
        assert await first and await third == "third" and ran == []
        worker.close()

    asyncio.run(scene())


def test_what_a_call_raises_is_raised_to_who_asked():
    async def scene():
        worker = Worker(1)
        with pytest.raises(ZeroDivisionError):
            await worker.run(lambda: 1 / 0)
        worker.close()

    asyncio.run(scene())


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_loopback_addresses_are_this_machines_alone(host):
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.4", "shop.example"])
def test_other_addresses_are_reached_from_elsewhere(host):
    assert not is_loopback(host)


def test_a_port_in_use_is_one_line():
    with listening("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(InterestError) as error:
            listening("127.0.0.1", port)
    assert str(error.value) == (
        f"can't listen on port {port} of 127.0.0.1: Address already in use; choose others with --port and --host"
    )
    with pytest.raises(InterestError, match=r"can't listen on port 8000 of no\.such\.host\.example"):
        listening("no.such.host.example", 8000)
