"""Which media types a request may have, and which of them its answer has."""

import gzip
import json

import httpx2
import pytest
from hypothesis import given, strategies as st

from app.graphql.transport.media import Media, choose_media
from tests.graphql.tiny import World

GRAPHQL = "application/graphql-response+json"
ROLE = {"query": "{ role }"}


@pytest.fixture
def world() -> World:
    return World()


async def ask(world: World, **headers: str) -> httpx2.Response:
    async with world.client() as client:
        return await client.post("/graphql", json=ROLE, headers=headers)


@pytest.mark.parametrize(
    ("accept", "status", "media"),
    [
        ("application/json", 200, "application/json"),
        (GRAPHQL, 200, GRAPHQL),
        (f"{GRAPHQL}, application/json;q=0.9", 200, GRAPHQL),
        (f"{GRAPHQL};q=0.5, application/json", 200, "application/json"),
        ("*/*", 200, "application/json"),
        ("application/*", 200, "application/json"),
        (f"{GRAPHQL}, application/json, text/event-stream, multipart/mixed", 200, GRAPHQL),
        ("text/csv", 406, "application/json"),
        ("text/html", 406, "application/json"),
        ("application/json;q=0", 406, "application/json"),
        ("application/json;q=much", 406, "application/json"),
        ("text/csv, application/json", 200, "application/json"),
        ("*/*, application/json;q=0", 200, GRAPHQL),
        ("application/json;q=0.5, */*;q=0.1", 200, "application/json"),
        (f"{GRAPHQL};q=0, application/*", 200, "application/json"),
        ("text/html, */*;q=0.8", 200, "application/json"),
        ("*/*;q=0", 406, "application/json"),
        (", ;q=1", 406, "application/json"),
        ("x" * 10_000, 406, "application/json"),
    ],
)
async def test_the_media_type_is_negotiated(world: World, accept: str, status: int, media: str) -> None:
    response = await ask(world, Accept=accept)

    assert response.status_code == status
    assert response.headers["content-type"] == f"{media}; charset=utf-8"
    assert response.headers["vary"] == "Accept, Origin"


async def test_without_an_accept_header_the_answer_is_json(world: World) -> None:
    async with world.client() as client:
        del client.headers["accept"]
        response = await client.post("/graphql", json=ROLE)

    assert (response.status_code, response.headers["content-type"]) == (200, "application/json; charset=utf-8")


async def test_an_accept_header_may_come_in_several_lines(world: World) -> None:
    headers = [("Accept", "text/csv"), ("Accept", GRAPHQL), ("Authorization", "Bearer good")]

    async with world.client() as client:
        client.headers.clear()
        response = await client.post("/graphql", json=ROLE, headers=headers)

    assert (response.status_code, response.headers["content-type"]) == (200, f"{GRAPHQL}; charset=utf-8")


@pytest.mark.parametrize("accept", ["text/html", "text/csv", "text/csv, text/event-stream"])
async def test_a_query_by_get_is_answered_in_json_or_406(world: World, accept: str) -> None:
    async with world.client() as client:
        response = await client.get("/graphql", params=ROLE, headers={"Accept": accept})

    assert response.status_code == 406
    assert response.headers["content-type"] == "application/json; charset=utf-8"


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "text/plain; application/json",
        "application/json-seq",
        "application/json; charset=utf-16",
        "application/json; charset=utf-8; charset=utf-16",
        "application/json; profile=x; charset=latin1",
        "application/json, text/plain",
        "application/graphql",
    ],
)
async def test_a_body_that_a_page_of_another_origin_could_send_is_415(world: World, content_type: str | None) -> None:
    async with world.client() as client:
        headers = {"Content-Type": content_type} if content_type else {}
        response = await client.post("/graphql", content=json.dumps(ROLE).encode(), headers=headers)

    assert response.status_code == 415
    assert world.asked == []


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json; charset=utf-8",
        'application/json; charset="UTF-8"',
        "Application/JSON",
        "application/json;",
        "application/json; profile=x; charset=utf-8",
        "application/json;charset=utf8",
        "application/json; charset=UTF8",
    ],
)
async def test_json_may_say_that_it_is_utf_8(world: World, content_type: str) -> None:
    async with world.client() as client:
        response = await client.post("/graphql", content=json.dumps(ROLE).encode(), headers={"Content-Type": content_type})

    assert response.status_code == 200


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "identity, gzip"])
async def test_a_body_that_would_have_to_be_unpacked_is_415(world: World, encoding: str) -> None:
    headers = {"Content-Type": "application/json", "Content-Encoding": encoding}

    async with world.client() as client:
        response = await client.post("/graphql", content=gzip.compress(json.dumps(ROLE).encode()), headers=headers)

    assert response.status_code == 415
    assert response.headers["accept-encoding"] == "identity"
    assert response.json()["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert world.asked == []


async def test_a_body_may_say_that_it_is_not_packed(world: World) -> None:
    response = await ask(world, **{"Content-Encoding": "identity"})

    assert response.status_code == 200


@given(st.text() | st.lists(st.sampled_from([*Media, "*/*", "text/*", "q=0", ";", ",", "é"])).map("".join))
def test_whatever_is_accepted_what_is_offered_is_chosen_or_nothing(accept: str) -> None:
    offered = (Media.JSON, Media.GRAPHQL, Media.EVENTS)

    assert choose_media(accept, offered=offered) in {None, *offered}
