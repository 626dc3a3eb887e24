"""Latency of `interest serve` on loopback beside a plain FastAPI handler that asks DuckDB for each request.

    python benchmarks/service.py                      100,000 users x 10 items; recommend at 200 requests/s for 20 s
    INTEREST_HOME=.interest python benchmarks/service.py    then assign at 20/s too, with real posts of that home
    python benchmarks/service.py --lookups            a look-up alone: arrays in memory, and DuckDB in three ways

Servers are processes of their own, one at a time; the client is this one. Requests leave at random (Poisson) times, or
evenly spaced (--even), and latency runs from the scheduled time. Of the users asked for, half by their id and half by
their user_key, 1 in 20 has no list but a segment, 1 in 20 is unknown. The rival is asked for users with a list, by key.
`published` is our service while another file is published half-way. Nothing is written to INTEREST_HOME.
"""

import argparse
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
import numpy as np
import psutil
from open_loop import Request, arrivals, drive

from interest_platform.domain.pseudonyms import user_key

KEY, TOKEN, SOURCE = "benchmark", "benchmark-token-benchmark", "shop"
CONFIG = f"sources: [{{name: {SOURCE}, uri: none.parquet}}]\nwindows: {{grain: week, start: 2023-10-16}}\n"
WINDOWS, CATALOGUE, SEGMENTS = 12, 20_000, 40
QUERY = "SELECT rank, item_id, score, reason FROM user_top_items WHERE user_key = $1 ORDER BY rank"


def publish(path: Path, users: int, items: int, version: int = 1) -> list[str]:
    """Build a published file of that many users, one in twenty without a list; the users' keys."""
    keys = [user_key(KEY.encode(), SOURCE, f"user-{n}") for n in range(users)]
    path.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(path)) as db:
        db.execute("CREATE TEMP TABLE users AS SELECT unnest($1) AS user_key, unnest(range($2)) AS n", [keys, users])
        newest = f"TIMESTAMP '2023-10-16' + INTERVAL {7 * (WINDOWS - 1)} DAY"
        segment = f"printf('s%04d', n % {SEGMENTS})"
        db.execute(f"""
            CREATE TABLE publication AS SELECT {version}::BIGINT AS lake_version, now()::TIMESTAMP AS published_at;
            CREATE TABLE user_top_items AS SELECT {newest} AS window_start, user_key, {segment} AS segment_id,
                (r + 1)::INTEGER AS rank, printf('item-%05d', (n * 7 + r * 131) % {CATALOGUE}) AS item_id,
                10.0::DOUBLE / (r + 1) AS score, 'like item-' || (n + r) % 500 AS reason, 'hybrid' AS strategy
                FROM users, range({items}) places(r) WHERE n % 20 > 0 ORDER BY user_key, rank;
            CREATE TABLE segment_top_items AS SELECT {newest} AS window_start, printf('s%04d', s) AS segment_id,
                (r + 1)::INTEGER AS rank, 'item-' || r AS item_id, 100::BIGINT AS users, 9.0::DOUBLE AS weight,
                'hybrid' AS strategy FROM range({SEGMENTS}) segments(s), range(10) places(r);
            CREATE TABLE user_segment_history AS SELECT user_key,
                TIMESTAMP '2023-10-16' + INTERVAL (7 * w) DAY AS window_start, {segment} AS segment_id,
                'name of ' || n % {SEGMENTS} AS name, 'stayed' AS kind, 0.9::DOUBLE AS membership
                FROM users, range({WINDOWS}) windows(w) ORDER BY user_key, window_start;
            CREATE TABLE segments_over_time AS SELECT {newest} AS window_start, printf('s%04d', s) AS segment_id,
                'name of ' || s AS name, TIMESTAMP '2023-10-16' AS since, 100::INTEGER AS size,
                1.0::DOUBLE / {SEGMENTS} AS share, 0.0::DOUBLE AS growth FROM range({SEGMENTS}) segments(s);
            CREATE TABLE recommendation_report AS SELECT {newest} AS window_start, 'hybrid' AS strategy,
                'gate' AS metric, NULL::VARCHAR AS segment_id, 1.0::DOUBLE AS value;
        """)
    return keys


def rival(path: str, port: int) -> None:
    """The handler that is written first: DuckDB is opened and asked by each request."""
    import uvicorn
    from fastapi import FastAPI

    app = FastAPI()

    @app.get("/ready")
    def ready() -> dict[str, str]:
        return {"status": "ready"}

    @app.get("/users/{key}")
    def recommend(key: str) -> dict[str, object]:
        with duckdb.connect(path, read_only=True) as db:
            rows = db.execute(QUERY, [key]).fetchall()
        return {"items": [dict(zip(("rank", "item_id", "score", "reason"), row, strict=True)) for row in rows]}

    uvicorn.run(app, port=port, log_level="warning", access_log=False)


@dataclass(frozen=True)
class Server:
    """A server in a process of its own."""

    address: str
    process: psutil.Process

    def measure(self, name: str, requests: list[Request], at: np.ndarray) -> None:
        """Print the latencies, after a tenth of the requests that warm it up, and what the server used for them."""
        drive(self.address, TOKEN, requests, at[: len(at) // 10])
        before = sum(self.process.cpu_times()[:2])
        found = drive(self.address, TOKEN, requests, at)
        used = (sum(self.process.cpu_times()[:2]) - before) / len(at) * 1e3
        print(f"{name:10} {found.told()}")
        print(f"{'':10} server: {used:.2f} ms of processor a request, {self.process.memory_info().rss / 1e6:.0f} MB")


@contextmanager
def serving(command: list[str], home: Path | None = None) -> Iterator[Server]:
    """Start a server, and stop it at the end. `PORT` in the command is replaced."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    known = os.environ | {"INTEREST_SERVICE_TOKEN": TOKEN, "PYTHONPATH": str(Path(__file__).parent.parent)}
    if home is not None:
        known |= {"INTEREST_HOME": str(home), "INTEREST_CONFIG": str(home / "interest.yaml")}
    if home is not None and (home / "synthetic").exists():
        known |= {"INTEREST_PSEUDONYM_KEY": KEY}
    filled = [str(port) if part == "PORT" else part for part in command]
    process = subprocess.Popen([sys.executable, *filled], env=known, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            with suppress(urllib.error.URLError, ConnectionError):
                if urllib.request.urlopen(f"{address}/ready").status == 200:
                    break
            time.sleep(0.1)
        yield Server(address, psutil.Process(process.pid))
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def asked(keys: list[str], n: int) -> list[Request]:
    """Recommendations of users drawn at random."""
    drawn = np.random.default_rng(1).integers(0, len(keys) * 21 // 20, n)
    known = [f"user-{u}" if u % 2 or u >= len(keys) else keys[u] for u in drawn]
    return [Request(f"/v1/users/{user}/recommendations") for user in known]


def recommend(chosen: argparse.Namespace, folder: Path) -> None:
    """Our service, our service while another file is published, and the rival."""
    home = folder / "home"
    file = home / "serving" / "interest.duckdb"
    keys = publish(file, chosen.users, chosen.items)
    (home / "interest.yaml").write_text(CONFIG)
    (home / "synthetic").touch()
    at = arrivals(chosen.rate, chosen.seconds, chosen.even, 0)
    requests, ours = asked(keys, len(at)), ["-m", "interest_platform", "serve", "--port", "PORT"]
    with serving(ours, home) as server:
        server.measure("recommend", requests, at)
    newer = folder / "newer.duckdb"
    publish(newer, chosen.users, chosen.items, 2)
    with serving(ours, home) as server:
        # after the warm-up, half-way
        swap = threading.Timer(chosen.seconds * 0.6, newer.replace, [file])
        swap.start()
        server.measure("published", requests, at)
    with serving([__file__, "--rival", str(file), "PORT"]) as server:
        with_list = [Request(f"/users/{keys[n]}") for n in np.random.default_rng(1).integers(0, len(keys), len(at))]
        server.measure("rival", with_list, at)


def assign(chosen: argparse.Namespace, home: Path) -> None:
    """Real posts of the home, each a request."""
    from interest_platform.lake import Lake
    from interest_platform.settings import load_settings

    lake = Lake(load_settings())
    sql = "SELECT text FROM raw_texts WHERE length(text) <= 20000 ORDER BY hash(text_id) LIMIT 2000"
    texts = lake.query(sql)["text"].to_pylist()
    lake.close()
    at = arrivals(chosen.assign_rate, chosen.seconds, chosen.even, 0)
    requests = [Request("/v1/assign", {"texts": [text]}) for text in texts[: len(at)]]
    lengths = np.percentile([len(text) for text in texts[: len(at)]], [50, 90, 99]).astype(int)
    print(f"{'':10} posts of {', '.join(map(str, lengths))} characters at the 50th, 90th and 99th percentile")
    with serving(["-m", "interest_platform", "serve", "--port", "PORT"], home) as server:
        drive(server.address, TOKEN, requests[:20], np.arange(20.0))  # the weights are loaded
        server.measure("assign", requests, at)


def lookups(chosen: argparse.Namespace, folder: Path) -> None:
    """A list by its user, no HTTP: arrays, DuckDB on the sorted file, DuckDB with an index in memory, connecting."""
    from interest_platform.lake.published import read_published
    from interest_platform.service.lists import Lists
    from interest_platform.service.stays import Stays

    file = folder / "interest.duckdb"
    keys = publish(file, chosen.users, chosen.items)
    begun = time.process_time()
    shown = read_published(file, WINDOWS)
    lists, stays = Lists.of(shown.lists), Stays.of(shown.history)
    print(
        f"arrays are made in {time.process_time() - begun:.1f} s of processor, {lists.nbytes / 1e6:.0f} MB of lists, "
        f"{stays.nbytes / 1e6:.0f} MB of {WINDOWS} windows of segments"
    )
    attached, indexed = duckdb.connect(), duckdb.connect()
    for db in (attached, indexed):
        db.execute("SET threads = 1")
        db.execute(f"ATTACH '{file}' AS published (READ_ONLY)")
    attached.execute("USE published.main")
    indexed.execute("CREATE TABLE user_top_items AS FROM published.user_top_items")
    indexed.execute("CREATE INDEX by_user ON user_top_items (user_key)")

    def connecting(key: str) -> object:
        with duckdb.connect(str(file), read_only=True) as db:
            return db.execute(QUERY, [key]).fetchall()

    attached.execute("FROM user_top_items LIMIT 1")
    ways: dict[str, Callable[[str], object]] = {
        "arrays": lists.of_user,
        "index": lambda key: indexed.execute(QUERY, [key]).fetchall(),
        "sorted": lambda key: attached.execute(QUERY, [key]).fetchall(),
    }
    _time(ways, keys)
    attached.close()
    _time({"connect": connecting}, keys[:100])


def _time(ways: dict[str, Callable[[str], object]], keys: list[str]) -> None:
    for name, find in ways.items():
        some = keys[:: max(1, len(keys) // 500)]
        begun = time.process_time()
        for key in some:
            find(key)
        print(f"{name:10} {(time.process_time() - begun) / len(some) * 1e3:8.3f} ms of processor a look-up")


def main() -> None:
    """Print a line each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=100_000)
    parser.add_argument("--items", type=int, default=10)
    parser.add_argument("--rate", type=float, default=200)
    parser.add_argument("--assign-rate", type=float, default=20)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--even", action="store_true", help="requests at even distances instead of at random")
    parser.add_argument("--lookups", action="store_true")
    parser.add_argument("--only", choices=["recommend", "assign"])
    parser.add_argument("--rival", nargs=2, metavar=("FILE", "PORT"), help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.rival:
        return rival(chosen.rival[0], int(chosen.rival[1]))
    print(f"{datetime.now():%Y-%m-%d %H:%M} {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    folder = Path(tempfile.mkdtemp(prefix="service-"))
    try:
        if chosen.lookups:
            return lookups(chosen, folder)
        if chosen.only != "assign":
            recommend(chosen, folder)
        if chosen.only != "recommend":
            home = os.environ.get("INTEREST_HOME")
            if home is None:
                print("assign: INTEREST_HOME names no loaded home, left out")
            else:
                assign(chosen, Path(home).absolute())
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return None


if __name__ == "__main__":
    main()
