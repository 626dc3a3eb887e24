import json
import logging
import threading
import time

import numpy as np
import polars as pl
import pytest
from endpoint_server import DIMENSION, Reply, embeddings, refusal, serving, vector

from interest_platform.configuration import EncoderSettings
from interest_platform.embedding import load_encoder
from interest_platform.embedding.api_batches import shared_out
from interest_platform.endpoint import client
from interest_platform.errors import EncoderError, SettingsError
from interest_platform.settings import read_configuration

KEY = "sk-secret-0123456789"
TEXTS = [f"text {n:02d}" for n in range(20)]


@pytest.fixture(autouse=True)
def key(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setattr(client, "backoff", lambda attempt, jitter: 0.001)


@pytest.fixture
def server():
    with serving() as server:
        yield server


@pytest.fixture
def make(server, tmp_path):
    def make(*, home=None, model="m", batch_tokens=8192, **api):
        given = {"base_url": server.url, "batch_texts": 4, "retries": 3, "concurrency": 1} | api
        settings = EncoderSettings(kind="api", model=model, batch_tokens=batch_tokens, api=given)
        return load_encoder(settings, tmp_path, home or tmp_path / "home")

    return make


def unit(texts, dimension=DIMENSION):
    vectors = np.array([vector(text, dimension) for text in texts], dtype=np.float64)
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def paid_once(server, texts):
    return dict(server.answered) == dict.fromkeys(texts, 1)


def test_each_text_gets_its_vector_at_unit_length(server, make):
    encoded = make().encode(TEXTS)
    np.testing.assert_array_equal(encoded.vectors, unit(TEXTS))
    assert encoded.n_tokens.tolist() == [2] * 20 and not encoded.truncated.any()
    assert [a.path for a in server.asked] == ["/v1/embeddings"] * 5
    assert server.asked[0].body == {"model": "m", "encoding_format": "float", "input": TEXTS[:4]}
    assert server.asked[0].headers["authorization"] == f"Bearer {KEY}"


def test_base64_gives_the_same_bits(server, make, tmp_path):
    plain = make().encode(TEXTS).vectors
    packed = make(encoding="base64", home=tmp_path / "other").encode(TEXTS).vectors
    np.testing.assert_array_equal(plain, packed)
    assert server.asked[-1].body["encoding_format"] == "base64"


def test_a_second_run_asks_for_nothing_and_needs_no_server(server, make):
    first = make().encode(TEXTS)
    again = make(retries=0).encode([*reversed(TEXTS), TEXTS[0]])
    assert len(server.asked) == 5 and paid_once(server, TEXTS)
    np.testing.assert_array_equal(again.vectors, np.vstack([first.vectors[::-1], first.vectors[:1]]))
    assert again.n_tokens.tolist() == [2] * 21


def test_repeated_texts_are_asked_once(server, make):
    steps = []
    make().encode(TEXTS[:3] * 5, steps.append)
    assert paid_once(server, TEXTS[:3]) and sum(steps) == 15


@pytest.mark.parametrize(
    "trouble",
    [
        refusal(429, "slow down"),
        refusal(500),
        refusal(503),
        Reply({"data": []}, cut=True),
        Reply(b"<html>gateway</html>", headers={"content-type": "text/html"}),
        Reply(b"[1, 2]"),
    ],
    ids=["429", "500", "503", "cut", "html", "no object"],
)
def test_a_failure_that_passes_is_tried_again_and_costs_no_text_twice(server, make, trouble):
    server.script = [None, trouble, trouble]
    encoder = make()
    np.testing.assert_array_equal(encoder.encode(TEXTS).vectors, unit(TEXTS))
    assert len(server.asked) == 7
    # what came as 200 and could not be read is the only thing that is asked again
    read = trouble.status == 200 and not trouble.cut
    assert server.answered == {text: 3 if read and text in TEXTS[4:8] else 1 for text in TEXTS}
    assert encoder.spent()["retries"] == 2


def test_a_slow_answer_is_given_up_and_asked_again(server, make):
    server.script = [Reply({}, delay=0.6)]
    started = time.monotonic()
    np.testing.assert_array_equal(make(timeout=0.2).encode(TEXTS[:4]).vectors, unit(TEXTS[:4]))
    assert len(server.asked) == 2 and time.monotonic() - started < 0.6


def test_retry_after_is_kept_by_every_thread(server, make):
    server.script = [refusal(429, retry_after="0.4")]
    make(concurrency=4).encode(TEXTS)
    first, *others = sorted(asked.at for asked in server.asked)
    assert others[-1] - first >= 0.4 and paid_once(server, TEXTS)
    assert sum(at - first >= 0.4 for at in others) >= 2


def test_a_server_that_asks_to_wait_too_long_is_given_up_at_once(server, make):
    server.script = [refusal(429, retry_after="3600")]
    with pytest.raises(EncoderError, match=r"asks to wait 3600 s, longer than the 120 s allowed; 0 of 20"):
        make().encode(TEXTS)
    assert len(server.asked) == 1


def test_a_used_up_quota_is_no_matter_of_waiting(server, make):
    server.script = [refusal(429, "You exceeded your current quota", code="insufficient_quota")]
    with pytest.raises(EncoderError, match=r"exceeded your current quota"):
        make().encode(TEXTS)
    assert len(server.asked) == 1


def test_after_a_failure_half_way_the_next_run_asks_for_the_rest_alone(server, make):
    server.script = [None, None, refusal(401, "bad key")]
    with pytest.raises(EncoderError, match=r"401 Unauthorized: bad key; 8 of 20 distinct texts are kept") as told:
        make().encode(TEXTS)
    assert "\n" not in str(told.value)
    np.testing.assert_array_equal(make().encode(TEXTS).vectors, unit(TEXTS))
    assert len(server.asked) == 3 + 3 and paid_once(server, TEXTS)


def test_with_several_at_once_all_that_arrived_is_kept(server, make):
    server.usual = lambda asked: Reply(embeddings(asked.body), delay=0.05)
    server.script = [None, None, refusal(400, "no"), *[refusal(400, "no")] * 3]
    with pytest.raises(EncoderError):
        make(concurrency=3, batch_texts=1, retries=0).encode(TEXTS)
    kept = dict(server.answered)
    assert 0 < len(kept) < len(TEXTS)
    server.script = []
    make(concurrency=3).encode(TEXTS)
    assert paid_once(server, TEXTS)


def test_no_more_at_once_than_allowed(server, make):
    server.usual = lambda asked: Reply(embeddings(asked.body), delay=0.03)
    make(concurrency=3, batch_texts=1).encode(TEXTS)
    assert server.most_at_once == 3


def test_answers_in_any_order_are_told_apart_by_index(server, make):
    def shuffled(asked):
        answer = embeddings(asked.body)
        answer["data"].reverse()
        return Reply(answer)

    server.usual = shuffled
    np.testing.assert_array_equal(make().encode(TEXTS).vectors, unit(TEXTS))


def test_a_text_without_an_item_is_asked_for_alone(server, make):
    def lacking(asked):
        answer = embeddings(asked.body)
        del answer["data"][1]
        return Reply(answer)

    server.script = [lacking]
    np.testing.assert_array_equal(make().encode(TEXTS[:4]).vectors, unit(TEXTS[:4]))
    assert [asked.body["input"] for asked in server.asked] == [TEXTS[:4], [TEXTS[1]]]


@pytest.mark.parametrize("broken", [[float("nan")] * DIMENSION, [0.0] * DIMENSION, "no base64", None, [], {"a": 1}])
def test_a_vector_that_is_none_is_asked_for_alone_then_told(server, make, broken):
    def spoiled(asked):
        answer = embeddings(asked.body)
        for item, text in zip(answer["data"], asked.body["input"], strict=True):
            if text == TEXTS[2]:
                item["embedding"] = broken
        return Reply(answer)

    server.script = [spoiled]
    np.testing.assert_array_equal(make().encode(TEXTS[:4]).vectors, unit(TEXTS[:4]))
    assert [asked.body["input"] for asked in server.asked] == [TEXTS[:4], [TEXTS[2]]]
    server.usual = spoiled
    with pytest.raises(EncoderError, match=r"1 of 4 texts of a request have no finite vector after 3 tries"):
        make(space="elsewhere").encode(TEXTS[:4])
    assert server.answered[TEXTS[0]] == 2 and server.answered[TEXTS[2]] == 2 + 3


def test_an_index_out_of_range_is_not_taken_for_another(server, make):
    def wrong(asked):
        answer = embeddings(asked.body)
        answer["data"][0]["index"] = 99
        answer["data"][1]["index"] = -1
        return Reply(answer)

    server.script = [wrong]
    np.testing.assert_array_equal(make().encode(TEXTS[:4]).vectors, unit(TEXTS[:4]))


def test_a_model_that_ignores_dimensions_is_told_and_nothing_of_it_kept(server, make):
    server.usual = lambda asked: Reply(embeddings(asked.body, 30))
    with pytest.raises(EncoderError, match=r"encoder.api.dimensions: 8 were asked for, m gives 30; .*; 0 of 20"):
        make(dimensions=8).encode(TEXTS)
    assert len(server.asked) == 1


def test_dimensions_are_asked_for_and_known_before_any_text(server, make):
    encoder = make(dimensions=8)
    assert encoder.dimension == 8 and not server.asked
    np.testing.assert_array_equal(encoder.encode(TEXTS).vectors, unit(TEXTS, 8))
    assert server.asked[0].body["dimensions"] == 8


def test_a_model_that_changes_its_length_behind_its_name_is_told(server, make):
    make().encode(TEXTS[:4])
    server.usual = lambda asked: Reply(embeddings(asked.body, 30))
    with pytest.raises(EncoderError, match=r"length 30, earlier ones have 24; .* name a new encoder.api.space"):
        make().encode(TEXTS)


def test_the_length_is_asked_for_once_where_nobody_knows_it(server, make):
    assert make().dimension == make().dimension == DIMENSION
    assert len(server.asked) == 1


def test_a_request_that_is_too_large_is_halved(server, make):
    def limited(asked):
        return Reply(embeddings(asked.body)) if len(asked.body["input"]) <= 2 else refusal(413, "too large")

    server.usual = limited
    np.testing.assert_array_equal(make(batch_texts=8).encode(TEXTS[:8]).vectors, unit(TEXTS[:8]))
    assert paid_once(server, TEXTS[:8])


def test_requests_hold_no_more_texts_and_tokens_than_set(server, make):
    long = [f"{n:02d}" + "x" * 158 for n in range(6)]  # 160 bytes, so 40 tokens, each
    make(batch_tokens=100, batch_texts=64).encode(long)
    assert [len(asked.body["input"]) for asked in server.asked] == [2, 2, 2]


def test_long_texts_are_cut_and_flagged_and_blank_ones_are_a_space(server, make):
    encoded = make(max_chars=16).encode(["y" * 40, "", "short", "   "])
    assert encoded.truncated.tolist() == [True, False, False, False]
    assert sorted(server.answered) == [" ", "short", "y" * 16]


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_the_key_does_not_follow_a_redirect_to_another_host(server, make, status):
    with serving() as other:
        server.script = [Reply({}, status, {"location": f"{other.url}/embeddings"})]
        with pytest.raises(EncoderError, match=r"redirects to http://127.0.0.1, which is not followed"):
            make().encode(TEXTS)
        assert not other.asked and len(server.asked) == 1


def test_a_redirect_within_the_origin_is_followed(server, make):
    server.script = [Reply({}, 307, {"location": "/v2/embeddings"})]
    np.testing.assert_array_equal(make().encode(TEXTS[:4]).vectors, unit(TEXTS[:4]))
    assert [asked.path for asked in server.asked] == ["/v1/embeddings", "/v2/embeddings"]


def test_a_missing_key_is_one_line_before_anything_is_asked(server, make, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY")
    with pytest.raises(
        SettingsError, match=r"encoder.api.key_variable: the environment variable OPENAI_API_KEY"
    ) as told:
        make()
    assert "\n" not in str(told.value) and not server.asked
    make(key_variable=None).encode(TEXTS[:1])
    assert "authorization" not in server.asked[0].headers


def test_the_key_is_in_no_error_log_description_fingerprint_or_file(server, make, tmp_path, caplog, monkeypatch):
    caplog.set_level(logging.DEBUG)
    server.script = [refusal(401, f"Incorrect API key provided: {KEY}")]
    encoder = make()
    with pytest.raises(EncoderError) as told:
        encoder.encode(TEXTS)
    encoder.encode(TEXTS)
    everything = [str(told.value), repr(encoder), json.dumps(dict(encoder.description)), encoder.fingerprint]
    everything += [caplog.text, repr(vars(encoder)), *(f.read_bytes().decode("latin-1") for f in _files(tmp_path))]
    assert "***" in str(told.value) and not [text for text in everything if KEY in text]
    monkeypatch.setenv("OPENAI_API_KEY", "sk-another")
    assert make().fingerprint == encoder.fingerprint


def _files(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


def test_the_fingerprint_is_of_what_decides_the_vectors(server, make):
    base = make().fingerprint
    assert base.startswith("api-") and len(base) == 20
    changed = [make(model="n"), make(dimensions=8), make(max_chars=100), make(space="s"), make(base_url="http://x/v1")]
    assert len({base, *(encoder.fingerprint for encoder in changed)}) == 6
    same = [make(batch_texts=9), make(concurrency=2), make(timeout=1.0), make(encoding="base64"), make(retries=0)]
    assert {encoder.fingerprint for encoder in same} == {base}
    assert make(space="s", base_url="http://x/v1").fingerprint == make(space="s").fingerprint


def test_tokens_and_cost_are_told_once(server, make):
    encoder = make(price_per_million_tokens=20.0)
    encoder.encode(TEXTS)
    assert encoder.spent() == {
        "texts_asked": 20,
        "texts_kept": 0,
        "requests": 5,
        "retries": 0,
        "paid_tokens": 40,
        "estimated_tokens": 0,
        "cost": pytest.approx(40 * 20 / 1e6),
    }
    encoder.encode(TEXTS)
    assert encoder.spent() == dict.fromkeys(("texts_asked", "requests", "retries", "paid_tokens"), 0) | {
        "texts_kept": 20,
        "estimated_tokens": 0,
        "cost": 0.0,
    }


def test_a_server_that_counts_no_tokens_has_them_estimated_and_that_is_told(server, make):
    server.usual = lambda asked: Reply({"data": embeddings(asked.body)["data"]})
    encoder = make()
    assert encoder.encode(["x" * 40]).n_tokens.tolist() == [10]
    assert encoder.spent()["estimated_tokens"] == encoder.spent()["paid_tokens"] + 10


def test_a_killed_write_and_many_files_leave_a_cache_that_works(server, make, tmp_path):
    encoder = make(batch_texts=1)
    many = [f"text {n}" for n in range(40)]
    encoder.encode(many)
    folder = tmp_path / "home" / "cache" / "vectors" / encoder.fingerprint
    assert len(list(folder.glob("*.parquet"))) == 1
    (folder / "torn.part").write_bytes(b"PAR1 half")
    np.testing.assert_array_equal(make().encode(many).vectors, unit(many))
    assert paid_once(server, many) and not list(folder.glob("*.part"))
    assert pl.read_parquet(folder / "*.parquet")["text_hash"].is_unique().all()


def test_two_runs_at_once_pay_once(server, make):
    server.usual = lambda asked: Reply(embeddings(asked.body), delay=0.02)
    encoders = [make(), make()]
    found = {}
    threads = [
        threading.Thread(target=lambda i=i, e=e: found.update({i: e.encode(TEXTS).vectors}))
        for i, e in enumerate(encoders)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    np.testing.assert_array_equal(found[0], found[1])
    assert paid_once(server, TEXTS)


def test_a_server_that_is_not_there_is_told(make):
    with pytest.raises(EncoderError, match=r"http://127.0.0.1:9/v1/embeddings: .*; given up after 2 tries; 0 of 1"):
        make(base_url="http://127.0.0.1:9/v1", retries=1).encode(["a"])


def test_what_it_will_cost_is_told_without_asking(server, make):
    encoder = make(price_per_million_tokens=50.0, requests_per_minute=60, batch_texts=4)
    encoder.encode(TEXTS[:4])
    asked = len(server.asked)
    forecast = encoder.forecast([*TEXTS, *TEXTS])
    # 16 texts of 7 bytes are 2 tokens each, in 4 requests a second apart
    assert (forecast.tokens, forecast.cost, forecast.seconds) == (32, pytest.approx(32 * 50 / 1e6), pytest.approx(3))
    assert len(server.asked) == asked
    assert make().forecast(TEXTS).cost is None


def test_tokens_of_a_request_are_shared_out_to_its_texts():
    assert shared_out(10, ["x" * 10, "x" * 30]) == [3, 7]  # one each, and 8 more as 1 to 3
    assert shared_out(5, ["aa", "aa", "aa"]) == [2, 2, 1]
    assert shared_out(1, ["a", "b"]) == [1, 0]
    assert sum(shared_out(17, TEXTS)) == 17


@pytest.mark.parametrize(
    ("encoder", "told"),
    [
        ({"kind": "api", "api": {"base_url": "http://x/v1"}}, "kind 'api' needs `model`"),
        ({"kind": "api", "model": "m"}, "needs `model`, the endpoint's name of it, and `api`"),
        ({"kind": "api", "model": "m", "api": {"base_url": "ftp://x"}}, "must be an http:// or https:// address"),
        ({"kind": "api", "model": "m", "api": {"base_url": "http://u:hush@x/v1"}}, "without user, password"),
        ({"kind": "api", "model": "m", "api": {"base_url": "http://x/v1?key=hush"}}, "without user, password"),
        ({"kind": "api", "model": "m", "api": {"base_url": "http://x/v1"}, "max_tokens": 9}, "'max_tokens' has no"),
        ({"kind": "transformer", "api": {"base_url": "http://x/v1"}}, "the key 'api' has no meaning for kind"),
    ],
)
def test_wrong_settings_are_one_line_without_a_secret(tmp_path, encoder, told):
    path = tmp_path / "interest.yaml"
    source = {"name": "s", "uri": "x.parquet"}
    path.write_text(json.dumps({"sources": [source], "windows": {"start": "2024-01-01"}, "encoder": encoder}))
    with pytest.raises(SettingsError) as error:
        read_configuration(path)
    assert told in str(error.value) and "\n" not in str(error.value) and "hush" not in str(error.value)
