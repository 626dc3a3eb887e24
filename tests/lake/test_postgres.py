"""The same lake with its catalog in PostgreSQL: no lock, lost races are run again."""

import contextlib
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import pytest
from pydantic import SecretStr

from interest_platform.domain.tables import EMBEDDINGS, WINDOW_LOADS
from interest_platform.domain.windows import Window
from interest_platform.errors import LakeError
from interest_platform.lake import Lake, Stamp
from interest_platform.lake.maintenance import maintain
from interest_platform.lake.publish import building
from interest_platform.settings import Settings

PASSWORD = "s3cr3t pw"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        shutil.which("initdb") is None or shutil.which("pg_ctl") is None, reason="no PostgreSQL server on this machine"
    ),
]


def _run(command: list[str], folder: Path) -> None:
    # PostgreSQL refuses to run as root
    who = {"user": "postgres", "group": "postgres"} if os.geteuid() == 0 else {}
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C"}
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=folder, env=environment, **who)  # type: ignore[call-overload]


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """A connection string without the password; the server listens on a socket in its own folder only."""
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))  # a socket's path must be short
    (folder / "password").write_text(PASSWORD)
    if os.geteuid() == 0:
        try:
            owner = pwd.getpwnam("postgres")
        except KeyError:
            pytest.skip("running as root and there is no user postgres to start the server as")
        for path in (folder, folder / "password"):
            os.chown(path, owner.pw_uid, owner.pw_gid)
    data = str(folder / "data")
    _run(["initdb", "-D", data, "-U", "lake", "-A", "scram-sha-256", "--pwfile", "password", "--no-sync"], folder)
    _run(["pg_ctl", "-D", data, "-w", "-l", "log", "-o", f"-F -c listen_addresses= -k {folder}", "start"], folder)
    yield f"postgres:host={folder} user=lake dbname=postgres"
    _run(["pg_ctl", "-D", data, "-w", "-m", "immediate", "stop"], folder)
    shutil.rmtree(folder)


@pytest.fixture
def shared(server: str, tmp_path: Path, settings_of: Callable[..., Settings]) -> Iterator[Lake]:
    lake = Lake(settings_of(tmp_path, catalog=SecretStr(f"{server} password='{PASSWORD}'")))
    lake.prepare()
    yield lake
    lake.close()


def test_the_lake_works_and_racing_writers_all_land(
    shared: Lake, windows: list[Window], frame: Callable[..., pl.DataFrame], stamp: Stamp, tmp_path: Path
) -> None:
    version = shared.version()
    shared.prepare()
    assert shared.version() == version

    command = [sys.executable, str(Path(__file__).with_name("writer.py")), str(tmp_path)]
    environment = {**os.environ, "INTEREST_LAKE_CATALOG": shared.settings.catalog.get_secret_value()}  # type: ignore[union-attr]
    writers = [
        subprocess.Popen([*command, str(first), "4"], stdout=subprocess.PIPE, text=True, env=environment)
        for first in (0, 4, 8, 0)  # the first and the last race for the same windows
    ]
    assert [writer.communicate()[0] for writer in writers] == [""] * 4
    assert [writer.returncode for writer in writers] == [0] * 4
    assert shared.read(WINDOW_LOADS).height == 12
    assert shared.query("SELECT count(*) AS n, count(vector) AS v FROM embeddings").to_pylist() == [
        {"n": 12 * 500, "v": 12 * 500}
    ]

    given = frame(EMBEDDINGS, windows[1], 30)
    before = shared.version()
    shared.replace(windows[1], {"embeddings": given}, stamp)
    assert shared.read(EMBEDDINGS, windows[1:2]).equals(given)
    assert shared.read(EMBEDDINGS, windows[1:2], version=before).height == 500
    assert shared.known_vectors("none", given["text_hash"]).is_empty()
    assert maintain(shared).expired == 0
    assert shared.query("SELECT count(*) AS n FROM embeddings").to_pylist() == [{"n": 11 * 500 + 30}]


def test_the_password_is_in_no_error_and_in_no_answer(
    shared: Lake, server: str, tmp_path: Path, settings_of: Callable[..., Settings]
) -> None:
    for wrong in (
        f"{server} password='wr0ng pw'",
        f"{server.replace('dbname=postgres', 'dbname=no')} password='wr0ng pw'",
    ):
        with pytest.raises(LakeError, match="the lake can't be opened") as caught:
            Lake(settings_of(tmp_path, catalog=SecretStr(wrong))).version()
        assert "wr0ng" not in "".join(traceback.format_exception(caught.value))
    with pytest.raises(LakeError) as caught:
        shared.query("SELECT * FROM postgres_query('__ducklake_metadata_lake', 'SELECT 1')")
    shown = shared.query("SELECT * FROM duckdb_databases").to_pylist()
    assert PASSWORD not in str(shown) + str(caught.value)
    with contextlib.suppress(LakeError), building(shared) as build:
        build.stale = list  # would open files, and those of this catalog are another test's
        given = build.environment
    assert given.pop("PGPASSWORD") == PASSWORD
    assert PASSWORD not in str(given)
