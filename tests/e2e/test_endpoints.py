"""The whole line with vectors and names from an endpoint: paid for once, told in the lake, no key anywhere."""

import json
import sqlite3

import pytest
from endpoint_server import Reply, embeddings, serving
from support import interest, make_workplace

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
KEY = "sk-secret-0123456789"
CONFIG = """
sources: [{{name: notes, uri: "inbox/*.parquet"}}]
windows: {{grain: week, start: 2024-01-01, end: 2024-01-22, lookback: 2, half_life_days: 14}}
encoder: {{kind: api, model: m, api: {{base_url: "{url}", price_per_million_tokens: 1000}}}}
clustering: {{k: 3, n_init: 3}}
naming: {{chat: {{base_url: "{url}", model: chatty}}}}
"""


def answered(asked):
    if asked.path.endswith("/embeddings"):
        return Reply(embeddings(asked.body))
    term = json.loads(asked.body["messages"][1]["content"])["terms"][0]
    return Reply({"choices": [{"message": {"content": json.dumps({"name": f"Friends of {term}"})}}]})


@pytest.fixture
def server():
    with serving() as server:
        server.usual = answered
        yield server


def test_the_line_runs_on_endpoints_and_pays_once(server, tmp_path):
    place = make_workplace(tmp_path / "w", CONFIG.format(url=server.url))
    missing = interest(place, "run", OPENAI_API_KEY="")
    assert missing.returncode == 2 and "environment variable OPENAI_API_KEY is not set" in missing.stderr
    assert len(missing.stderr.strip().splitlines()) == 1 and not server.asked
    planned = interest(place, "plan", OPENAI_API_KEY=KEY)
    assert "tokens to pay for, cost" in planned.stdout and not server.asked
    done = interest(place, "run", OPENAI_API_KEY=KEY)
    assert done.returncode == 0, done.stderr
    texts = [t for t, n in server.answered.items() if n != 1]
    assert not texts and len(server.answered) == 72
    names = interest(place, "sql", "SELECT name, name_evidence FROM segment_identities", "--format", "json").stdout
    by_chat = [row for row in json.loads(names) if row["name"].startswith("Friends of ")]
    assert by_chat and json.loads(by_chat[0]["name_evidence"])["model"] == "chatty"
    asked = len(server.asked)
    assert interest(place, "run", OPENAI_API_KEY=KEY).returncode == 0
    assert len(server.asked) == asked
    holding = [f for f in (tmp_path / "w").rglob("*") if f.is_file() and KEY.encode() in f.read_bytes()]
    assert not holding and KEY not in done.stdout + done.stderr
    metadata = _materialisations(place / "home" / "dagster")
    assert _mlflow_metrics(place / "home" / "mlflow")["encoding_price"] > 0
    assert '"paid_tokens"' in metadata and '"cost"' in metadata


def _materialisations(folder):
    told = []
    for path in folder.rglob("*.db"):
        with sqlite3.connect(path) as db:
            tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            if "event_logs" in tables:
                told += [event for (event,) in db.execute("SELECT event FROM event_logs")]
    return "\n".join(told)


def _mlflow_metrics(folder):
    (store,) = folder.glob("*.db")
    with sqlite3.connect(store) as db:
        return dict(db.execute("SELECT key, value FROM latest_metrics"))
