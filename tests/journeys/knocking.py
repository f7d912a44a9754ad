"""Requests at every address that are wrong in what is no GraphQL: tokens, cookies, codes, signatures, frames."""

import asyncio
import base64
import contextlib
import json
import secrets
from collections.abc import Iterable

from app.clock import SystemClock
from tests.journeys.connecting import World
from tests.journeys.malformed import Plant
from tests.journeys.raw_sockets import converse, hang_up, odd_conversations


async def knock_wrongly(world: World) -> None:
    """Come to every address with what does not fit: tokens, cookies, codes, signatures, frames."""
    plant = world.planted.value
    client = world.watch.client(base_url=world.service.url)
    for headers in odd_credentials(world):
        for method, path in (("POST", "/graphql"), ("GET", "/graphql?query=%7Bviewer%7B__typename%7D%7D"), ("GET", "/metrics")):
            response = await client.request(method, path, headers=headers, json={"query": "{ viewer { __typename } }"})
            assert path == "/metrics" or response.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    for method, path in odd_addresses(plant):
        response = await client.request(method, path, headers={"origin": world.service.url} if method == "POST" else {})
        assert response.status_code in {303, 307, 400, 401, 403, 404, 405, 406, 410, 422}, (path, response.status_code)
    bearer = {"authorization": f"Bearer {world.admin.token}", "accept": "application/json"}
    for parameters in (
        {"query": f'{{ node(id: {{ odd: "{plant("GET, literal")}" }}) {{ id }} }}'},
        {
            "query": "query ($a: Int) { events(first: $a) { nodes { id } } }",
            "variables": json.dumps({"a": plant("GET, variable")}),
        },
        {"query": "{ viewer { __typename } }", "variables": plant("GET, variables")},
        {"query": "{ viewer { __typename } }", "extensions": plant("GET, extensions")},
        {"query": "query A { viewer { __typename } }", "operationName": plant("GET, operationName")},
    ):
        response = await client.get("/graphql", params=parameters, headers=bearer)
        assert response.json()["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    for body, headers in odd_events(plant):
        assert (await client.post("/hooks/slack", content=body, headers=headers)).status_code in {401, 413}
    begun = await client.post(f"/sign-in/oidc?next=/{plant('set off, next')}", headers={"origin": world.service.url})
    assert begun.status_code in {400, 404, 502, 503}, begun.status_code
    for query in ("code={}&state={}", "error={}&error_description={}", "code={}&iss={}", "state={}&id_token={}"):
        path = "/sign-in/oidc/callback?" + query.format(plant(f"OIDC, {query}"), plant(f"OIDC, {query}"))
        back = await client.get(path, headers={"cookie": f"oidc_sign_in_{'0' * 32}={plant('OIDC, a cookie')}"})
        assert back.status_code in {303, 400, 401, 403, 404}, back.status_code
    form = await client.post("/sign-in", data={"token": plant("the sign-in form")}, headers={"origin": world.service.url})
    assert form.status_code in {200, 400, 401, 403}
    for conversation in odd_conversations(plant, token=world.admin.token):
        received = await converse(conversation, port=world.service.port)
        world.seen.note(f"the WebSocket with {conversation.place}", received)
        assert (b"101 " not in received) is conversation.is_refused_before, conversation.place
    world.seen.note("what is no HTTP", await talk_nonsense(world))


def odd_credentials(world: World) -> Iterable[dict[str, str]]:
    plant = world.planted.value
    token = f"ia_{secrets.token_hex(19)}"
    world.planted.know("a wrong token", token)
    parts = ({"alg": "RS256", "kid": plant("a JWT's kid")}, {"iss": "https://id.example", "email": plant("a JWT's email")})
    signed = ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts)
    jwt = f"{signed}.{secrets.token_urlsafe(64)}"
    world.planted.know("a JWT", jwt, piece=24)
    for value in (
        f"Bearer {token}",
        f"Bearer {world.admin.token[:-1]}!",
        f"Bearer {jwt}",
        f"Basic {base64.b64encode(plant('Basic').encode()).decode()}",
        f"Bearer{plant('no space')}",
        plant("no scheme"),
        f"Bearer {plant('two')} {plant('message')}",
        f"Bearer ia_{plant('long') * 100}",
    ):
        yield {"authorization": value}
    yield {"cookie": f"installed_apps_session={plant('a cookie')}; sign_in_{'0' * 32}={plant('another cookie')}"}


def odd_addresses(plant: Plant) -> Iterable[tuple[str, str]]:
    for method in ("GET", "POST"):
        for path in (
            "/authorize/{}",
            "/sign-in/{}",
            "/authorize/{}/",
            "/sign-in/{}/",
            "/sign-in/{}/{}",
            "/{}",
            "/hooks/{}",
            "/graphql/{}",
        ):
            yield method, path.format(*(plant(f"{method} {path}") for _ in range(2)))
        yield method, f"/callback/{plant('callback')}?code={plant('callback, code')}&state={plant('callback, state')}"
    for query in (
        "code={}&state={}",
        "state={}&error={}",
        "code={}&code={}",
        "iss={}&state={}",
        "state[]={}&code={}",
        "{}={}%ff%00",
    ):
        yield "GET", "/callback/slack?" + query.format(plant(f"callback?{query}"), plant(f"callback?{query}"))


def odd_events(plant: Plant) -> Iterable[tuple[bytes, dict[str, str]]]:
    now = str(int(SystemClock().now().timestamp()))
    for body in (
        json.dumps({"type": "url_verification", "challenge": plant("a challenge")}),
        json.dumps({"type": "event_callback", "token": plant("an event's token"), "event": {"type": plant("an event")}}),
        '{"type": "' + plant("an event that is no JSON"),
        "token=" + plant("a form"),
        plant("two MiB of an event") + "x" * 2 * 1024 * 1024,
    ):
        yield body.encode(), {"x-slack-signature": f"v0={plant('a signature')}", "x-slack-request-timestamp": now}
        yield body.encode(), {"x-slack-signature": f"v0={'0' * 64}", "x-slack-request-timestamp": plant("a timestamp")}


async def talk_nonsense(world: World) -> bytes:
    """Send what is no HTTP, and a request whose headers are too long; return what was answered."""
    answers = b""
    for content in (
        f"{world.planted.value('a method')} / HTTP/9.9\r\n\r\n",
        f"GET /{world.planted.value('an address')} with spaces HTTP/1.1\r\nHost: x\r\n\r\n",
        f"GET / HTTP/1.1\r\nHost: x\r\n{world.planted.value('a header')}\r\n\r\n",
        f"GET /graphql HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {world.planted.value('a long header') * 10_000}\r\n\r\n",
    ):
        reader, writer = await asyncio.open_connection("127.0.0.1", world.service.port)
        with contextlib.suppress(ConnectionError, TimeoutError):
            writer.write(content.encode())
            await writer.drain()
            async with asyncio.timeout(2):
                answers += await reader.read(1 << 16)
        await hang_up(writer)
    return answers
