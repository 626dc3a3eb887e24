"""What is refused, how it is told, and what nobody is told."""

import asyncio
import logging

import pytest
from serving import client_of, settings_of

from interest_platform.service import answers
from interest_platform.service.guard import Guard
from interest_platform.service.metrics import Metrics

ANN = "/v1/users/ann@example.org/recommendations"
TEXTS = {"texts": ["a secret sentence"]}


def detail(response, status):
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    return response.json()["detail"]


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer wrong", "Basic a token of a test", "a token of a test"])
def test_without_the_token_there_is_nothing(world, header):
    world.publish(7)
    headers = {} if header is None else {"Authorization": header}
    with client_of(world.settings, None) as client:
        for path in (ANN, "/v1/segments", "/metrics", "/nowhere", "/docs/oauth2-redirect"):
            refused = client.get(path, headers=headers)
            assert "Authorization: Bearer" in detail(refused, 401)
            assert refused.headers["www-authenticate"] == "Bearer"
        assert client.post("/v1/assign", json=TEXTS, headers=headers).status_code == 401
        for path in ("/health", "/ready", "/docs", "/openapi.json"):
            assert client.get(path, headers=headers).status_code == 200


def test_the_scheme_is_written_in_any_case(world):
    world.publish(7)
    with client_of(world.settings, None) as client:
        assert client.get(ANN, headers={"authorization": "bearer a token of a test"}).status_code == 200


def test_a_body_that_is_too_large_is_refused_whether_it_is_announced_or_not(world):
    world.publish(7)
    with client_of(settings_of(world.settings.home, max_body_bytes=2_000)) as client:
        announced = client.post("/v1/assign", json={"texts": ["x" * 3_000]})
        assert detail(announced, 413) == "the body is larger than 2000 bytes"
        assert announced.headers["connection"] == "close"
        read = []

        def chunks():
            for n in range(1_000):
                read.append(n)
                yield b"x" * 500

        headers = {"content-type": "application/json"}
        assert detail(client.post("/v1/assign", content=chunks(), headers=headers), 413).startswith(
            "the body is larger"
        )


def test_a_body_without_end_is_read_no_further_than_the_limit(world):
    from interest_platform.service.app import create_app

    settings = settings_of(world.settings.home, max_body_bytes=2_000)
    read, sent = 0, []

    async def receive():
        nonlocal read
        read += 1_000
        return {"type": "http.request", "body": b"x" * 1_000, "more_body": True}

    async def send(message):
        sent.append(message)

    from pydantic import SecretStr

    app = create_app(settings, SecretStr("t" * 16))
    headers = [(b"authorization", b"Bearer " + b"t" * 16), (b"content-type", b"application/json")]
    scope = {"type": "http", "method": "POST", "path": "/v1/assign", "raw_path": b"/v1/assign", "query_string": b""}
    scope |= {"headers": headers, "client": ("a", 1), "server": ("b", 2), "scheme": "http", "http_version": "1.1"}
    asyncio.run(app(scope | {"root_path": "", "asgi": {"version": "3.0"}}, receive, send))
    assert sent[0]["status"] == 413 and read == 3_000


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({}, "texts: "),
        ({"texts": []}, "texts: "),
        ({"texts": ["a", "b", "a secret sentence"]}, "texts: "),
        ({"texts": "a secret sentence"}, "texts: "),
        ({"texts": [1]}, "texts.0: "),
        ({"texts": ["a secret sentence" * 9]}, "texts.0: "),
        ("{a secret sentence", "the body is not JSON (character 1)"),
    ],
)
def test_a_body_that_does_not_fit_is_one_line_which_does_not_repeat_it(world, body, told):
    world.publish(7)
    with client_of(settings_of(world.settings.home, max_texts=2, max_text_chars=100)) as client:
        how = {"json": body} if isinstance(body, dict) else {"content": body}
        found = client.post("/v1/assign", headers={"content-type": "application/json"}, **how)
    assert detail(found, 422).startswith(told)
    assert "secret" not in found.text and "\n" not in found.text


def test_who_asks_too_fast_waits_and_others_do_not(world):
    world.publish(7)
    with client_of(settings_of(world.settings.home, requests_per_second=0.2, burst=3)) as client:
        assert [client.get(ANN).status_code for _ in range(4)] == [200, 200, 200, 429]
        refused = client.get(ANN)
        assert detail(refused, 429) == "too many requests; allowed are 0.2 a second, 3 at once"
        assert 1 <= int(refused.headers["retry-after"]) <= 5
        # whether it is alive is asked by machines that must not be refused
        assert client.get("/health").status_code == 200


def test_a_wrong_token_costs_of_the_same_allowance(world):
    world.publish(7)
    with client_of(settings_of(world.settings.home, requests_per_second=0.2, burst=3), None) as client:
        assert [client.get(ANN).status_code for _ in range(4)] == [401, 401, 401, 429]


def test_with_nothing_published_it_is_alive_and_not_ready(world):
    with client_of(world.settings) as client:
        assert client.get("/health").status_code == 200
        for path in ("/ready", ANN, "/v1/segments"):
            refused = client.get(path)
            assert "`interest publish`" in detail(refused, 503)
            assert int(refused.headers["retry-after"]) >= 1


def test_unknown_addresses_and_methods_are_told_the_same_way(client):
    assert "/docs" in detail(client.get("/v2/users"), 404)
    assert detail(client.delete(ANN), 405) == "Method Not Allowed"


def test_a_failure_is_logged_once_without_what_was_asked_and_shows_no_trace(client, monkeypatch, caplog):
    def fail(*_):
        raise KeyError("ann@example.org")

    monkeypatch.setattr(answers, "recommendations", fail)
    with caplog.at_level(logging.DEBUG):
        found = client.get(ANN)
    assert detail(found, 500) == "the service has failed; its log says where"
    errors = [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]
    assert len(errors) == 1
    assert errors[0].startswith("GET /v1/users/{user}/recommendations failed: KeyError in fail (test_refusals.py:")
    assert "ann@example.org" not in caplog.text.replace(f"GET http://testserver{ANN}", "")


def test_a_request_that_takes_too_long_is_given_up(world):
    async def slow(scope, receive, send):
        await asyncio.sleep(60)

    sent = []

    async def send(message):
        sent.append(message)

    metrics, settings = Metrics(), settings_of(world.settings.home, timeout=0.05).config.service
    scope = {"type": "http", "method": "GET", "path": "/health", "headers": [], "client": ("a", 1)}
    asyncio.run(Guard(slow, settings, "t", metrics)(scope, None, send))
    assert dict(sent[0]["headers"])[b"connection"] == b"close"
    assert sent[0]["status"] == 503 and b"not answered within 0.05 s" in sent[1]["body"]
    assert b'interest_requests_total{method="GET",route="none",status="503"} 1.0' in metrics.text()


def test_no_id_no_text_and_no_token_is_in_logs_or_metrics(world, client, caplog):
    with caplog.at_level(logging.INFO):
        for path in (
            ANN,
            "/v1/users/ann@example.org/segment",
            "/v1/users/stranger@x.org/segment",
            "/v1/a/stranger@x.org",
        ):
            client.get(path, headers={"x": "1"})
        client.post("/v1/assign", json=TEXTS)
        client.get(ANN, headers={"Authorization": "Bearer guessed"})
    told = client.get("/metrics").text
    # what the client's own library logs is not the service's
    logged = "\n".join(r.getMessage() for r in caplog.records if not r.name.startswith("httpx"))
    for secret in ("ann@example.org", "stranger", "a secret sentence", "guessed", "a token of a test"):
        assert secret not in told and secret not in logged
    assert world.key("ann@example.org") not in told + logged
    assert 'route="/v1/users/{user}/segment",status="404"} 1.0' in told
    assert "interest_lake_version 7.0" in told and 'interest_users{with="list"} 2.0' in told
