"""`interest micro-batch` as a user runs it: in an open window, again, killed, beside a run, after the windows' end."""

import json
import signal
import time

import pytest
from support import CONFIG, interest, make_workplace, start

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = make_workplace(tmp_path_factory.mktemp("live"), CONFIG + "planted: {repeats: 0}\n")
    done = interest(made, "run", "--to", "2024-01-15", "--no-publish")
    assert done.returncode == 0, done.stderr
    return made


def asked(folder, sql):
    done = interest(folder, "sql", sql, "--format", "json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_who_wrote_is_told_and_published_and_then_measured_by_the_windows_own_run(folder):
    first = interest(folder, "micro-batch", "--until", "2024-01-18T12:00")
    assert first.returncode == 0, first.stderr
    assert "2024-01-15 as of 2024-01-18 12:00:00, among the segments of 2024-01-08" in first.stdout
    again = interest(folder, "micro-batch", "--until", "2024-01-18T12:00", "--no-publish")
    assert again.returncode == 0 and ", 0 encoded, 0 rows rejected" in again.stdout
    told = asked(folder, "SELECT count(*) AS n, count(DISTINCT user_key) AS users FROM provisional_segments")
    assert told[0]["n"] == told[0]["users"] > 0

    # killed on the way: what was told stays
    killed = start(folder, "micro-batch", "--until", "2024-01-20", "--no-publish")
    while killed.poll() is None and not list((folder / "home" / "tmp").glob(f"ingest-*-{killed.pid}-*")):
        time.sleep(0.01)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    assert killed.returncode == -signal.SIGKILL
    assert asked(folder, "SELECT count(*) AS n, count(DISTINCT user_key) AS users FROM provisional_segments") == told

    running = start(folder, "run", "--from", "2024-01-08", "--to", "2024-01-15", "--no-publish")
    beside = interest(folder, "micro-batch", "--until", "2024-01-21", "--no-publish")
    _, errors = running.communicate(timeout=600)
    assert running.returncode == 0, errors
    # while its base is loaded again it waits, begins anew, or says so in one line
    assert beside.returncode == 0 or beside.stderr.strip().splitlines()[-1].startswith("error: "), beside.stderr

    last = interest(folder, "micro-batch", "--until", "2024-01-21", "--no-publish")
    assert last.returncode == 0, last.stderr
    done = interest(folder, "run", "--from", "2024-01-15", "--no-publish")
    assert done.returncode == 0, done.stderr
    found = {row["metric"]: row["value"] for row in asked(folder, "FROM provisional_differences")}
    assert found["cosine"] > 0.9 and found["hours_before_end"] == 24


def test_what_there_is_nothing_to_do_for_is_one_line(folder):
    over = interest(folder, "micro-batch")
    assert over.returncode == 0 and "windows.end" in over.stderr
    for until, code, told in (
        ("2024-01-10", 1, "is loaded, so that nothing is provisional"),
        ("2999-01-01", 2, "is still to come"),
        ("noon", 2, "noon"),
    ):
        failed = interest(folder, "micro-batch", "--until", until)
        assert failed.returncode == code, failed.stderr
        line = failed.stderr.strip().splitlines()[-1]
        assert line.startswith("error: ") and told in line


def test_a_home_without_a_window_is_one_line(tmp_path):
    failed = interest(make_workplace(tmp_path / "new"), "micro-batch", "--until", "2024-01-10")
    assert failed.returncode == 1
    assert "no window has segments yet" in failed.stderr
