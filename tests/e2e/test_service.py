"""The service as a stranger runs it: a loaded home, a process, HTTP, the real encoder, another version, SIGTERM."""

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
from e2e.screens import free_port
from serving import until
from support import CONFIG, environment, interest, make_workplace

from interest_platform.settings import load_settings, service_token

pytestmark = pytest.mark.e2e

READY = 120.0
"""Seconds until it serves, on a loaded machine."""
USER = "/v1/users/person-00@example.org"


@dataclass
class Served:
    """A workplace, its service, and a client with the token."""

    folder: Path
    process: subprocess.Popen[bytes]
    log: Path
    client: httpx2.Client

    def version(self) -> int:
        return int(self.client.get("/ready").json()["lake_version"])


def start(folder: Path, port: int, log: Path) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "interest_platform", "serve", "--port", str(port)]
    with log.open("wb") as out:
        return subprocess.Popen(command, cwd=folder, env=environment(folder), stdout=out, stderr=out)


def answers(client: httpx2.Client) -> bool:
    try:
        return client.get("/ready").status_code == 200
    except httpx2.TransportError:
        return False


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = make_workplace(tmp_path_factory.mktemp("served"), CONFIG + "service: {timeout: 100}\n")
    done = interest(folder, "run")
    assert done.returncode == 0, done.stderr
    port, log = free_port(), folder / "serve.log"
    process = start(folder, port, log)
    environ = {"INTEREST_CONFIG": str(folder / "interest.yaml"), "INTEREST_HOME": str(folder / "home")}
    token, _ = service_token(load_settings(environ).home, {})
    headers = {"Authorization": f"Bearer {token.get_secret_value()}"}
    with httpx2.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=120) as client:
        try:
            until(lambda: answers(client), READY)
            yield Served(folder, process, log, client)
        finally:
            process.kill()
            process.wait()


def test_a_users_list_and_segment_are_those_of_the_commands(served: Served) -> None:
    found = served.client.get(f"{USER}/recommendations").json()
    assert found["source"] == "user" and found["gate"] == "fallback" and found["strategy"] == "recently-popular"
    shown = interest(served.folder, "recommend", "person-00@example.org").stdout
    assert f"user {found['user_key']}, after [{found['window']}" in shown and "(the fallback)" in shown
    assert [item["item_id"] for item in found["items"]] and all(item["item_id"] in shown for item in found["items"])
    segment = served.client.get(f"{USER}/segment").json()
    assert segment["user_key"] == found["user_key"] and len(segment["history"]) == 3
    names = {s["segment_id"]: s["name"] for s in served.client.get("/v1/segments").json()["segments"]}
    assert names[segment["segment_id"]] == segment["name"]


@pytest.mark.parametrize("user", range(3))
def test_a_new_text_is_put_where_those_who_write_alike_are(served: Served, user: int) -> None:
    texts = [
        "I spent the whole weekend with my burr grinder and loved it. This is about coffee.",
        "Does anyone know a better mountain trail for beginners? This is about bikes.",
        "The telescope mirror I bought last month broke already. This is about stars.",
    ]
    found = served.client.post("/v1/assign", json={"texts": [texts[user]]})
    assert found.status_code == 200, found.text
    theirs = served.client.get(f"/v1/users/person-{user:02d}@example.org/segment").json()
    assert found.json()["segment_id"] == theirs["segment_id"]
    assert found.json()["lake_version"] == served.version()


def test_another_version_is_served_without_losing_a_request(served: Served) -> None:
    before, stop, seen = served.version(), threading.Event(), []

    def ask() -> None:
        with httpx2.Client(base_url=served.client.base_url, headers=served.client.headers, timeout=120) as client:
            while not stop.is_set():
                found = client.get(f"{USER}/recommendations")
                seen.append((found.status_code, found.json()["lake_version"]))
                time.sleep(0.005)

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        done = interest(served.folder, "run", "--from", "2024-01-15", "--to", "2024-01-22")
        assert done.returncode == 0, done.stderr
        until(lambda: served.version() > before, READY)
    finally:
        stop.set()
        asking.join()
    assert {status for status, _ in seen} == {200}
    versions = [version for _, version in seen]
    assert versions == sorted(versions) and versions[0] == before
    assert served.client.post("/v1/assign", json={"texts": ["roasted beans"]}).json()["lake_version"] > before


def test_a_second_service_on_the_port_is_told_so_in_one_line(served: Served) -> None:
    port = str(served.client.base_url.port)
    done = interest(served.folder, "serve", "--port", port)
    assert done.returncode == 1
    assert done.stderr.startswith(f"error: can't listen on port {port} of 127.0.0.1: Address already in use; ")
    assert done.stderr.count("\n") == 1


def test_asked_to_stop_it_finishes_what_it_has_begun_and_ends_with_0(served: Served) -> None:
    answer: list[int] = []
    text = "A grinder for espresso, and a long story about it. " * 200

    def ask() -> None:
        answer.append(served.client.post("/v1/assign", json={"texts": [f"{n} {text}" for n in range(8)]}).status_code)

    asking = threading.Thread(target=ask)
    asking.start()
    with httpx2.Client(base_url=served.client.base_url, headers=served.client.headers) as other:
        until(lambda: "interest_requests_under_way 2.0" in other.get("/metrics").text, READY)
    served.process.send_signal(signal.SIGTERM)
    asking.join()
    assert answer == [200]
    assert served.process.wait(100) == 0
    log = served.log.read_text()
    lines = log.splitlines()
    assert "stopped" in lines[-1] and "Traceback" not in log
    # where the token is, not what it is; and nobody's name
    token = served.client.headers["Authorization"].removeprefix("Bearer ")
    assert "token: " in log and "service.token" in log and token not in log and "@example.org" not in log
