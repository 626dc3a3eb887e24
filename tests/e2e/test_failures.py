"""What goes wrong is told in one clear line, and the lake stays as it was."""

import datetime as dt
import os
import random
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path

import dagster as dg
import polars as pl
import pytest
from support import environment, interest, make_workplace, posts, start

from interest_platform.errors import LakeError
from interest_platform.lake import Lake
from interest_platform.settings import load_settings

pytestmark = pytest.mark.e2e

CONFIG = """
sources: [{name: notes, uri: "inbox/*.parquet", columns: {vector: vector}}]
windows: {grain: week, start: 2024-01-01, end: 2024-01-22, lookback: 2}
clustering: {k: 3, n_init: 3}
"""
TEXTS = CONFIG.replace(", columns: {vector: vector}", "")
STATE = ("raw_texts", "rejected_texts", "embeddings", "user_interests", "cluster_members", "window_loads")


def with_vectors(frame: pl.DataFrame) -> pl.DataFrame:
    axes = ("coffee", "bikes", "stars")
    vectors = [[float(name == item[:-2]) + (i % 7) / 50 for name in axes] for i, item in enumerate(frame["item_id"])]
    return frame.with_columns(vector=pl.Series(vectors, dtype=pl.List(pl.Float64)))


def lake_rows(folder: Path, sql: str) -> list[dict[str, object]]:
    environ = {"INTEREST_CONFIG": str(folder / "interest.yaml"), "INTEREST_HOME": str(folder / "home")}
    lake = Lake(load_settings(environ))
    try:
        return lake.query(sql).to_pylist()
    finally:
        lake.close()


def state(folder: Path) -> list[list[dict[str, object]]]:
    """Every row of the lake that a failing run might have touched."""
    return [lake_rows(folder, f"SELECT * FROM {table} ORDER BY ALL") for table in STATE]


def told(result: subprocess.CompletedProcess[str], code: int) -> str:
    """The one error line, after checks on exit code and on what else was said."""
    assert result.returncode == code, result.stderr
    assert "Traceback" not in result.stderr + result.stdout
    errors = [line for line in result.stderr.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1 and result.stderr.rstrip().endswith(errors[0]), result.stderr
    return errors[0]


@pytest.fixture(scope="module")
def landed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workplace whose first window is loaded."""
    folder = make_workplace(tmp_path_factory.mktemp("landed"), CONFIG, with_vectors(posts(weeks=2)))
    result = interest(folder, "run", "--no-publish", "--to", "2024-01-08")
    assert result.returncode == 0, result.stderr
    return folder


@pytest.fixture
def place(landed: Path, tmp_path: Path) -> Path:
    """A copy of the loaded workplace, to be broken."""
    return Path(shutil.copytree(landed, tmp_path / "place"))


def test_sources_that_cannot_be_read_are_told(place: Path) -> None:
    before, file = state(place), place / "inbox" / "notes.parquet"
    file.write_text("this is no parquet at all\n" * 50)
    line = told(interest(place, "run"), 1)
    assert "notes" in line and "arquet" in line
    with_vectors(posts(weeks=1)).rename({"user_id": "who"}).write_parquet(file)
    line = told(interest(place, "run"), 1)
    assert "user_id" in line and "who" in line
    file.unlink()
    assert "notes" in told(interest(place, "run"), 1)
    assert state(place) == before


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("run", "--from", "2024-13-01"), 2, ("2024-13-01",)),
        (("rum",), 2, ("rum",)),
        (("sql",), 2, ("query",)),
        (("run", "--from", "2025-01-06"), 2, ("no closed window", "2025-01-06")),
        (("samples", "fetch", "nothing-such"), 1, ("nothing-such", "mailing-lists")),
        (("sql", "DROP TABLE raw_texts"), 1, ("SELECT",)),
        (("sql", "SELECT nothing FROM raw_texts"), 1, ("nothing",)),
        (("sql", "SELECT 1", "--out", "absent/file.csv"), 1, ("absent/file.csv",)),
    ],
)
def test_wrong_usage_is_told(arguments: tuple[str, ...], code: int, words: tuple[str, ...], landed: Path) -> None:
    before = state(landed)
    line = told(interest(landed, *arguments), code)
    assert all(word in line for word in words), line
    assert state(landed) == before


@pytest.mark.parametrize(
    ("config", "code", "words"),
    [
        (CONFIG.replace("lookback", "lockback"), 2, ("windows.lockback", "'lookback'")),
        (TEXTS + "encoder: {model: ./nowhere}\n", 1, ("nowhere",)),
        (None, 2, ("interest.yaml", "interest demo")),
    ],
    ids=["misspelt key", "absent model", "no configuration"],
)
def test_wrong_settings_are_told_before_anything_is_written(
    config: str | None, code: int, words: tuple[str, ...], place: Path
) -> None:
    before, path = state(place), place / "interest.yaml"
    path.unlink() if config is None else path.write_text(config)
    line = told(interest(place, "run"), code)
    assert all(word in line for word in words), line
    path.write_text(CONFIG)
    assert state(place) == before


def limited(
    folder: Path, *arguments: str, prefix: Sequence[str] = (), preexec: Callable[[], None] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command under a limit, set by another command before it or in the process itself."""
    command = [*prefix, sys.executable, "-m", "interest_platform", *arguments]
    return subprocess.run(
        command, cwd=folder, env=environment(folder), capture_output=True, text=True, timeout=600, preexec_fn=preexec
    )


def test_a_window_that_does_not_fit_on_the_disk_leaves_its_old_rows(place: Path) -> None:
    before, noise = state(place), random.Random(0)
    frame = with_vectors(posts(weeks=1, users=1_000))
    texts = [noise.randbytes(5_000).hex() for _ in range(frame.height)]
    frame.with_columns(text=pl.Series(texts)).write_parquet(place / "inbox" / "notes.parquet")
    largest = 4 * 1024**2  # more than Dagster's own storage takes, less than the window's texts
    result = limited(
        place,
        "run",
        "--to",
        "2024-01-08",
        preexec=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest)),
    )
    line = told(result, 1)
    assert "2024-01-01" in line and "disk" in line, line
    assert state(place) == before


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 256 MB; skipped where this user may not mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256m", "tmpfs", str(folder)], capture_output=True
    ).returncode:
        pytest.skip("needs the right to mount a tmpfs")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_is_told_whichever_store_meets_it_first(landed: Path, small_disk: Path) -> None:
    place = Path(shutil.copytree(landed, small_disk / "place"))
    before = state(place)
    filler = small_disk / "filler"
    with suppress(OSError), filler.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    line = told(interest(place, "run", "--no-publish", "--to", "2024-01-08"), 1)
    assert "disk" in line or "space" in line, line
    filler.unlink()
    assert state(place) == before


def test_a_home_that_cannot_be_written_is_told(place: Path) -> None:
    before, home = state(place), place / "home"
    # root may write anywhere, unless it gives that right away
    prefix = ("setpriv", "--bounding-set", "-dac_override") if os.geteuid() == 0 else ()
    if prefix and shutil.which("setpriv") is None:
        pytest.skip("needs setpriv where the tests run as root")
    paths = [home, *home.rglob("*")]
    for path in paths:
        path.chmod(0o555 if path.is_dir() else 0o444)
    line = told(limited(place, "run", prefix=prefix), 1)
    for path in paths:
        path.chmod(0o755 if path.is_dir() else 0o644)
    assert str(home) in line, line
    assert state(place) == before


def wait_for(process: subprocess.Popen[str], happened: Callable[[], bool]) -> None:
    """Wait until it has happened; the process must not end before."""
    until = time.monotonic() + 400
    while not happened():
        assert process.poll() is None and time.monotonic() < until, process.communicate()
        time.sleep(0.02)


def test_after_a_kill_the_next_command_ends_the_dead_runs_and_completes(place: Path) -> None:
    store = place / "home" / "mlflow" / "mlflow.db"

    def statuses() -> list[str]:
        with closing(sqlite3.connect(store, timeout=20)) as connection:
            return [row[0] for row in connection.execute("SELECT status FROM runs ORDER BY start_time")]

    process = start(place, "run", "--no-publish", "--to", "2024-01-15")
    wait_for(process, lambda: "RUNNING" in statuses())
    process.kill()
    process.communicate()
    assert statuses()[-1] == "RUNNING"
    result = interest(place, "run", "--no-publish", "--to", "2024-01-15")
    assert result.returncode == 0, result.stderr
    assert "had died and is now marked failed" in " ".join(result.stderr.split())
    assert statuses().count("FAILED") == 1 and "RUNNING" not in statuses()
    with dg.DagsterInstance.from_config(str(place / "home" / "dagster")) as instance:
        runs = [run.status.name for run in instance.get_runs()]
    assert runs == ["SUCCESS", "FAILURE", "SUCCESS"]
    assert lake_rows(place, "SELECT DISTINCT window_start FROM cluster_members").__len__() == 2


def long_posts() -> pl.DataFrame:
    """Three weeks, the second with enough text to be met while it is encoded."""
    frame, words = posts(), random.Random(1)
    texts = [
        " ".join(words.choices(["grinder", "trail", "comet", "kettle", "chain", "orbit"], k=120)) for _ in range(300)
    ]
    ts = [dt.datetime(2024, 1, 9) + dt.timedelta(minutes=n) for n in range(300)]
    users = [f"person-{n % 12:02d}@example.org" for n in range(300)]
    long = pl.DataFrame({"user_id": users, "text": texts, "ts": ts, "item_id": "coffee-0", "rating": 3.0})
    return pl.concat([frame, long.cast(dict(frame.schema))])


def test_an_interrupt_keeps_what_landed_the_next_run_completes_and_another_encoder_leaves_earlier_windows_alone(
    tmp_path: Path,
) -> None:
    place = make_workplace(tmp_path, TEXTS, long_posts())
    process = start(place, "run", "--no-publish")

    def encoded() -> int:
        with suppress(LakeError):
            return len(lake_rows(place, "SELECT 1 FROM window_loads WHERE table_name = 'embeddings'"))
        return 0

    wait_for(process, lambda: encoded() == 1)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=300)
    line = told(subprocess.CompletedProcess(process.args, process.returncode, out, err), 1)
    assert "interrupted" in line and "run the same command again" in line
    kept = "SELECT text_hash, vector FROM embeddings WHERE window_start = '2024-01-01' ORDER BY 1"
    before = lake_rows(place, kept)
    assert len(before) == 24 and encoded() == 1

    result = interest(place, "run", "--no-publish")
    assert result.returncode == 0, result.stderr
    assert "loaded 3 windows, encoded 348 texts" in result.stderr
    assert lake_rows(place, kept) == before

    earlier = "SELECT * FROM user_interests WHERE window_start < '2024-01-15' ORDER BY ALL"
    rows = lake_rows(place, earlier)
    (place / "interest.yaml").write_text(TEXTS + "encoder: {max_tokens: 64}\n")
    result = interest(place, "run", "--no-publish", "--from", "2024-01-15")
    assert result.returncode == 0, result.stderr
    assert lake_rows(place, earlier) == rows
    encoders = lake_rows(place, "SELECT count(DISTINCT encoder) n FROM user_interests GROUP BY window_start ORDER BY 1")
    assert [row["n"] for row in encoders] == [1, 1, 1]
    (change,) = lake_rows(place, "SELECT window_start, from_encoder, to_encoder FROM encoder_migrations")
    assert f"{change['window_start']:%Y-%m-%d}" == "2024-01-15" and change["from_encoder"] != change["to_encoder"]
