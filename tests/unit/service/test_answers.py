"""What each endpoint answers, of a published file made by DuckDB."""

import math

import pytest
from serving import client_of, settings_of


def items(response):
    assert response.status_code == 200, response.text
    return [(i["rank"], i["item_id"], i["score"], i["reason"]) for i in response.json()["items"]]


def told(response, status):
    """The one line of a problem."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body = response.json()
    assert body.keys() == {"title", "status", "detail"} and body["status"] == status
    assert "\n" not in body["detail"]
    return body["detail"]


ANN = [(1, "grinder", 10.0, "like grinder"), (2, "kettle", 9.0, "like kettle"), (3, "scale", 8.0, "like scale")]


def test_a_user_gets_their_own_list_with_its_window_strategy_gate_and_version(world, client):
    found = client.get("/v1/users/ann@example.org/recommendations")
    assert items(found) == ANN
    wanted = {"source": "user", "window": "2024-01-15", "strategy": "hybrid", "gate": "passed", "lake_version": 7}
    assert found.json().items() >= (wanted | {"user_key": world.key("ann@example.org"), "segment_id": None}).items()


def test_the_user_key_is_as_good_as_the_id_and_an_id_may_hold_a_slash(world, client):
    by_id, by_key = (client.get(f"/v1/users/{user}/recommendations").json() for user in ("bob/7", world.key("bob/7")))
    assert by_id == by_key == client.get("/v1/users/bob%2F7/recommendations").json()
    assert by_id["items"][0]["item_id"] == "kettle"


def test_limit_cuts_the_list_and_may_not_exceed_what_the_file_has(client):
    assert items(client.get("/v1/users/ann@example.org/recommendations?limit=2")) == ANN[:2]
    assert items(client.get("/v1/users/ann@example.org/recommendations?limit=3")) == ANN
    assert "should be 1 to 3" in told(client.get("/v1/users/ann@example.org/recommendations?limit=4"), 422)
    assert told(client.get("/v1/users/ann@example.org/recommendations?limit=0"), 422).startswith("limit: ")
    assert told(client.get("/v1/users/ann@example.org/recommendations?limit=many"), 422).startswith("limit: ")


def test_a_user_without_a_list_gets_that_of_the_segment_they_were_in_last(client):
    found = client.get("/v1/users/cid/recommendations")
    assert items(found) == [
        (1, "kettle", 2.5, "in 3 of the segment's lists"),
        (2, "mug", 0.5, "in 1 of the segment's lists"),
    ]
    assert (found.json()["source"], found.json()["segment_id"]) == ("segment", "s0002")


def test_anyone_else_gets_what_all_lists_have_in_front(client):
    found = client.get("/v1/users/nobody/recommendations")
    # kettle: second of one list and first of another; grinder: first of one; scale: third of one
    weights = {"kettle": 1 / math.log2(3) + 1, "grinder": 1.0, "scale": 0.5}
    assert [(i[1], pytest.approx(i[2])) for i in items(found)] == list(weights.items())
    assert found.json()["source"] == "everybody" and found.json()["user_key"] is None


def test_a_file_without_lists_says_so(world):
    world.lists = {}
    world.publish(7)
    with client_of(world.settings) as client:
        assert "no lists" in told(client.get("/v1/users/cid/recommendations"), 404)
        assert items(client.get("/v1/segments/s0002/items")) == []
        assert client.get("/ready").json()["window"] is None
        assert client.get("/v1/users/cid/segment").status_code == 200


@pytest.mark.parametrize(("gate", "said"), [(True, "passed"), (False, "fallback")])
def test_whether_the_strategy_passed_the_gate_is_that_of_the_newest_window(world, gate, said):
    world.gate = gate
    world.publish(7)
    with client_of(world.settings) as client:
        assert client.get("/v1/users/cid/recommendations").json()["gate"] == said


def test_a_user_of_two_sources_has_to_be_told_apart(world):
    other = world.key("ann@example.org", "forum")
    rows = world.rows

    def with_other(version):
        found = rows(version)
        found["user_top_items"].append(
            [*found["user_top_items"][0][:1], other, "s0001", 1, "post", 1.0, "new", "hybrid"]
        )
        return found

    world.rows = with_other
    world.publish(7)
    with client_of(world.settings) as client:
        address = "/v1/users/ann@example.org/recommendations"
        assert told(client.get(address), 409) == (
            "this is another user in each of shop, forum: choose one with ?source="
        )
        assert items(client.get(f"{address}?source=forum")) == [(1, "post", 1.0, "new")]
        assert items(client.get(f"{address}?source=shop")) == ANN
        assert "there are shop, forum" in told(client.get(f"{address}?source=mail"), 422)


def test_a_users_segment_is_the_newest_and_its_history_is_newest_first(world, client):
    found = client.get("/v1/users/ann@example.org/segment").json()
    assert found["user_key"] == world.key("ann@example.org")
    assert (found["window"], found["segment_id"], found["membership"]) == ("2024-01-15", "s0001", 0.75)
    assert found["name"] == "name of s0001 in week 2"
    assert [(h["window"], h["segment_id"]) for h in found["history"]] == [
        ("2024-01-15", "s0001"),
        ("2024-01-08", "s0001"),
        ("2024-01-01", "s0002"),
    ]
    assert client.get("/v1/users/cid/segment").json()["window"] == "2024-01-08"


def test_no_more_windows_are_held_than_the_settings_say(world):
    world.publish(7)
    with client_of(settings_of(world.settings.home, history=2)) as client:
        history = client.get("/v1/users/ann@example.org/segment").json()["history"]
    assert [h["window"] for h in history] == ["2024-01-15", "2024-01-08"]


def test_a_user_in_no_segment_is_one_line(client):
    assert "64 hex digits" in told(client.get("/v1/users/nobody/segment"), 404)
    assert told(client.get("/v1/users/bob%2F7/segment"), 404)


def test_the_segments_are_those_of_the_newest_window_largest_first(client):
    found = client.get("/v1/segments").json()
    assert found["window"] == "2024-01-15"
    assert [tuple(s.values()) for s in found["segments"]] == [
        ("s0002", "tea", "2024-01-08", 12, 0.75, 0.5),
        ("s0001", "coffee", "2024-01-01", 4, 0.25, None),
    ]


def test_a_segments_items_are_those_of_the_newest_lists(client):
    assert [i[1] for i in items(client.get("/v1/segments/s0002/items"))] == ["kettle", "mug"]
    assert [i[1] for i in items(client.get("/v1/segments/s0002/items?limit=1"))] == ["kettle"]
    assert items(client.get("/v1/segments/s0001/items")) == []
    assert "GET /v1/segments" in told(client.get("/v1/segments/s0009/items"), 404)


def test_ready_says_what_is_served_and_why_texts_can_not_be_assigned(client):
    found = client.get("/ready").json()
    assert (found["lake_version"], found["window"], found["users"]) == (7, "2024-01-15", 2)
    assert "there is no lake" in found["assign"]
    assert "there is no lake" in told(client.post("/v1/assign", json={"texts": ["hello"]}), 503)


def test_the_schema_has_the_token_the_limits_and_an_example_for_each_answer(client):
    schema = client.get("/openapi.json").json()
    assert schema["security"] == [{"token": []}]
    assert schema["paths"]["/health"]["get"]["security"] == []
    body = schema["components"]["schemas"]["Body_assign_v1_assign_post"]["properties"]["texts"]
    assert (body["minItems"], body["maxItems"], body["items"]["maxLength"]) == (1, 32, 20_000)
    for path, methods in schema["paths"].items():
        for operation in methods.values():
            assert operation["description"], path
    assert "422" in schema["paths"]["/v1/users/{user}/recommendations"]["get"]["responses"]


def test_the_documentation_loads_nothing_from_elsewhere(client):
    page = client.get("/docs").text
    assert "http://" not in page and "https://" not in page
    for name in ("swagger-ui-bundle.js", "swagger-ui.css"):
        assert f"/docs/static/{name}" in page
        assert client.get(f"/docs/static/{name}").status_code == 200
