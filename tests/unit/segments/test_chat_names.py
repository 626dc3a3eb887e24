import json

import polars as pl
import pytest
from endpoint_server import Reply, refusal, serving

from interest_platform.configuration import ChatSettings
from interest_platform.dynamics.names import name_segments
from interest_platform.endpoint import client
from interest_platform.errors import SettingsError
from interest_platform.segments.chat_guard import name_in
from interest_platform.segments.chat_names import ChatNamer

KEY = "sk-secret-0123456789"
TERMS = ["train", "ticket", "rail"]


@pytest.fixture(autouse=True)
def key(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setattr(client, "backoff", lambda attempt, jitter: 0.001)


@pytest.fixture
def server():
    with serving() as server:
        server.usual = lambda asked: said('{"name": "Rail travel"}')
        yield server


def said(content):
    return Reply({"choices": [{"message": {"role": "assistant", "content": content}}]})


@pytest.fixture
def make(server, tmp_path):
    def make(**chat):
        return ChatNamer(ChatSettings(**{"base_url": server.url, "model": "m", "retries": 1} | chat), tmp_path)

    return make


def test_a_name_is_asked_once_and_kept_with_its_evidence(server, make):
    name, evidence = make().name(TERMS, ["a text"])
    assert (name, evidence.by, evidence.model, evidence.refused) == ("Rail travel", "chat", "m", None)
    assert json.loads(evidence.text)["answer"] == '{"name": "Rail travel"}' and len(evidence.prompt_sha256) == 64
    assert make().name(TERMS, ["another text"]) == (name, evidence)
    assert len(server.asked) == 1
    body = server.asked[0].body
    assert server.asked[0].path == "/v1/chat/completions" and body["temperature"] == 0
    assert json.loads(body["messages"][1]["content"]) == {"terms": TERMS}  # the texts stay here unless asked for


def test_another_content_model_or_language_is_asked_anew(server, make):
    for namer, terms in [(make(), TERMS), (make(), TERMS[:2]), (make(model="n"), TERMS), (make(language="de"), TERMS)]:
        namer.name(terms)
    assert len(server.asked) == 4


def test_example_texts_are_sent_where_the_settings_say_so(server, make):
    make(examples=True).name(TERMS, ["a text"])
    assert json.loads(server.asked[0].body["messages"][1]["content"])["texts"] == ["a text"]


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ("Rail travel", "is not"),
        ('{"title": "Rail travel"}', "is not"),
        ('{"name": "Rail", "more": 1}', "is not"),
        ('{"name": 7}', "is not"),
        ('["Rail"]', "is not"),
        ('{"name": ""}', "no letter"),
        ('{"name": "123 !"}', "no letter"),
        (json.dumps({"name": "x" * 41}), "41 characters, at most 40"),
        (json.dumps({"name": "Rail\ntravel"}), "control character"),
        (json.dumps({"name": "Rail\u202etravel"}), "control character"),
        ('{"name": "<b>Rail</b>"}', "markup"),
        ('{"name": "see https://x"}', "address"),
        ('{"name": "ask anna@x"}', "address"),
        ('{"name": "ACME rail"}', "forbidden word 'acme'"),
        ('{"name": "Поезда"}', "not in the language en"),
        ('{"name": "铁路 travel"}', "not in the language en"),
        ('{"name": "Zugreisen durch ganz Deutschland mit Fahrkarte"}', "characters"),
        ('{"name": "Reisen mit der Bahn und dem Rad"}', "not in the language en"),
    ],
)
def test_an_answer_that_is_no_name_is_refused_and_told(answer, why):
    settings = ChatSettings(base_url="http://x/v1", model="m", forbidden=("acme", "oil"))
    name, refused = name_in(answer, settings)
    assert name is None and why in refused


@pytest.mark.parametrize(
    ("answer", "language", "name"),
    [
        ('{"name": " Rail travel "}', "en", "Rail travel"),
        ('```json\n{"name": "Rail travel"}\n```', "en", "Rail travel"),
        ('{"name": "Boiling water"}', "en", "Boiling water"),  # holds the letters of `oil`, not the word
        ('{"name": "iPhone 手机"}', "zh", "iPhone 手机"),
        ('{"name": "Поезда и билеты"}', "ru", "Поезда и билеты"),
        ('{"name": "C++ & Qt"}', "en", "C++ & Qt"),
    ],
)
def test_a_plain_name_passes(answer, language, name):
    settings = ChatSettings(base_url="http://x/v1", model="m", language=language, forbidden=("acme", "oil"))
    assert name_in(answer, settings) == (name, None)


def test_a_refused_answer_is_kept_too_and_not_asked_again(server, make):
    server.usual = lambda asked: said("Certainly! How about trains?")
    for _ in range(2):
        name, evidence = make().name(TERMS)
        assert name is None and evidence.by == "terms" and "is not" in evidence.refused
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    "reply", [refusal(401, f"bad key {KEY}"), refusal(500), Reply({"choices": []}), Reply(b"oops")]
)
def test_an_endpoint_that_fails_leaves_the_terms_and_is_asked_again_next_time(server, make, reply, tmp_path):
    server.usual = lambda asked: reply
    namer = make()
    name, evidence = namer.name(TERMS)
    assert name is None and evidence.by == "terms" and evidence.refused and KEY not in evidence.text
    server.usual = lambda asked: said('{"name": "Rail travel"}')
    assert make().name(TERMS)[0] == "Rail travel"
    assert not [f for f in tmp_path.rglob("*.json") if KEY in f.read_text()]


def test_an_endpoint_that_is_down_is_not_asked_for_every_segment(server, make):
    server.usual = lambda asked: refusal(503)
    namer = make()
    for n in range(5):
        namer.name([f"term{n}"])
    assert len(server.asked) == 2  # the first segment's two tries


def test_a_missing_key_is_one_line(make, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY")
    with pytest.raises(SettingsError, match=r"naming.chat.key_variable: the environment variable OPENAI_API_KEY"):
        make()


def window(**terms):
    ids = pl.Series(range(len(terms)), dtype=pl.Int32)
    clusters = pl.DataFrame({"cluster_id": ids, "top_terms": list(terms.values())})
    return clusters, pl.DataFrame({"cluster_id": ids, "segment_id": list(terms)})


NOBODY = pl.DataFrame(schema={"segment_id": pl.String, "name": pl.String, "name_terms": pl.List(pl.String)})


def test_a_segment_gets_the_title_keeps_its_terms_and_its_name_in_later_windows():
    asked = []

    def title(cluster):
        asked.append(cluster)
        return "Rail travel", '{"by": "chat"}'

    clusters, identities = window(s0001=[*TERMS, "lyon"])
    first = name_segments(clusters, identities, NOBODY, title=title).names
    assert first.select("name", "name_terms", "name_evidence").rows() == [("Rail travel", TERMS, '{"by": "chat"}')]
    known = identities.join(first, on="cluster_id")
    again = name_segments(*window(s0001=["rail", "train", "paris"]), known, title=title)
    assert again.names.select("name", "name_evidence").rows() == [("Rail travel", None)]
    assert asked == [0] and again.renames.is_empty()


def test_two_segments_are_not_called_by_the_same_title():
    clusters, identities = window(s0001=TERMS, s0002=["soup", "bread", "oven"])
    named = name_segments(clusters, identities, NOBODY, title=lambda cluster: ("Users", '{"by": "chat"}')).names
    assert named["name"].to_list() == ["Users", "soup, bread, oven"]
    assert json.loads(named["name_evidence"][1])["refused"] == "another segment of the window is called so"


def test_without_a_title_terms_are_the_name_and_a_segment_without_terms_is_not_asked_about():
    clusters, identities = window(s0001=TERMS, s0002=[])
    named = name_segments(clusters, identities, NOBODY, title=lambda cluster: (None, '{"by": "terms"}')).names
    assert named["name"].to_list() == ["train, ticket, rail", "no words of its own (s0002)"]
    assert named["name_evidence"].to_list() == ['{"by": "terms"}'] * 2
