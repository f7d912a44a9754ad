"""No secret leaves: the story, every malformed request, a provider that tells back what it hears; then a search of it all."""

import asyncio
import base64
import contextlib
import itertools
import json
import secrets
import sqlite3
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

import asyncpg
import httpx2
import pytest
import websockets
from graphql import GraphQLSchema, build_client_schema, get_introspection_query

from app.clock import SystemClock
from app.keyring import make_keyring
from app.sandbox import create_sandbox, slack_app
from tests.callers import JSON, Browser, Socket
from tests.journeys.echoing import ECHOES, Answer, Echoing, Sent
from tests.journeys.malformed import Malformed, Plant, malformed_documents, malformed_fields, malformed_mutations, odd_bodies
from tests.journeys.planted import Planted, Seen
from tests.journeys.raw_sockets import converse, hang_up, odd_conversations
from tests.journeys.story import ADMIN, BEGIN, DELETE, REPORTS, TEAM, Story
from tests.journeys.watched import Watch, WatchedApi, watched_connection
from tests.processes import Service
from tests.servers import run_server

REPORT = REPORTS / "failed.json"
TYPED = {"BAD_USER_INPUT", "TOO_COMPLEX", "CURSOR_INVALID"}
AT_ONCE = 8
TOLD_BACK = {"oauth.v2.access", "auth.test", "conversations.list", "chat.postMessage", "auth.revoke"}

CREATE_TOKEN = """
mutation ($input: CreateAccessTokenInput!) {
  createAccessToken(input: $input) { accessToken { id lastFour } token userErrors { code message field } }
}"""
REVOKE_TOKEN = "mutation ($input: RevokeAccessTokenInput!) { revokeAccessToken(input: $input) { revokedAccessTokenId } }"
INVITE = """
mutation ($input: AddTeamMemberInput!) {
  addTeamMember(input: $input) { member { id } inviteUrl userErrors { code message field } }
}"""
CHECK = """
mutation ($input: CheckInstalledAppInput!) {
  checkInstalledApp(input: $input) { installedApp { status statusReason statusMessage } userErrors { code message field } }
}"""
RECORD = """
mutation ($input: RecordMonitorRunInput!) { recordMonitorRun(input: $input) { deliveries { id } userErrors { code message } } }"""
CHANNELS = "query ($id: ID!) { installedApp(id: $id) { channels(first: 100) { nodes { id name } } } }"
ATTEMPTS = "query ($id: ID!) { integration(id: $id) { deliveries { nodes { id status attempts { error } } } } }"
EVERYTHING = """
query {
  viewer { member { id name email role } team { id name } accessTokens(first: 100) { nodes { id name lastFour scopes } } }
  providers { key name description available unavailableReason callbackUrl }
  installedApps(first: 100) {
    nodes {
      id name connectedTo url status statusReason statusMessage scopes missingScopes clientId clientSecretHint callbackUrl
      viewerAuthorization { id connectedTo failure { message } }
    }
  }
  integrations(first: 20) {
    nodes {
      id name status statusReason statusMessage connectedTo
      deliveries(first: 20) { nodes { id status attempts { error } run { runId failures { name message } } } }
    }
  }
  monitors { nodes { id key name } }
  events(last: 100) { nodes { id cursor summary subjectId subject { __typename id } } }
}"""
AUTHORIZATION = "query ($id: ID!) { authorization(id: $id) { status connectedTo failure { code message } } }"
CUT_OFF = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
WATCH_EVENTS = "subscription { eventRecorded { id cursor summary type } }"


@dataclass
class World:
    """A running service, a provider that can tell back, and everything that they were told and said."""

    service: Service
    provider: Echoing
    planted: Planted
    seen: Seen
    watch: Watch
    story: Story
    schema: GraphQLSchema

    @property
    def admin(self) -> WatchedApi:
        assert isinstance(self.story.admin, WatchedApi)
        return self.story.admin


async def test_no_secret_leaves(database_url: str, tmp_path: Path) -> None:
    planted, seen = Planted(), Seen()
    service = make_service(database_url, tmp_path, planted)
    sandbox = create_sandbox(clock=SystemClock(), events_url=f"{service.url}/hooks/slack")
    provider = Echoing(sandbox, planted=planted)

    with run_server(provider, port=service.sandbox_port):
        async with started(service, "json", seen):
            world = await begin(service, provider, planted, seen)
            async with listening(world):
                await hand_out(world)
                app = await connect(world)
                await hear_it_told_back(world, app=app)
                await refresh_and_revoke(world, app=app)
            refused = await ask_wrongly(world)
            await knock_wrongly(world)
            await read_everything(world)
            note_what_lies_about(service, seen)
        async with started(service, "text", seen):
            await fail_unexpectedly(world)
            fail_on_the_command_line(world)
            await knock_wrongly(world)
            await read_everything(world)
        await world.story.browser.close()
        await world.watch.aclose()
    note_what_lies_about(service, seen)
    await note_database(database_url, seen)

    leaks = seen.find(planted)
    assert not leaks, "\n".join(map(str, leaks))
    assert len({name.rpartition(" ")[0] for name in planted.secrets}) >= 20, planted.secrets.keys()
    assert refused >= 40
    assert provider.told.keys() == TOLD_BACK


@pytest.mark.parametrize(
    "written",
    [
        "before {} after",
        "%7B{}%7D",
        json.dumps({"message": "{}"}),
    ],
)
def test_a_planted_value_is_found_wherever_it_stands(written: str) -> None:
    planted, seen = Planted(), Seen()
    seen.note("first", "nothing here")
    seen.note("second", written.replace("{}", planted.value("here")))

    found = seen.find(planted)

    assert {(leak.secret, leak.place) for leak in found} == {("a planted value", "second")}


@pytest.mark.parametrize("before", ["", "a", "ab", "sandbox-slack:"])
def test_a_secret_is_found_in_every_encoding(before: str, tmp_path: Path) -> None:
    planted = Planted()
    secret = 'p@ss/w+rd"é<\\& of the database'
    planted.know("password", secret)
    whole = (before + secret).encode()
    forms = (
        whole,
        base64.b64encode(whole),
        base64.urlsafe_b64encode(whole),
        whole.hex().encode(),
        quote(whole, safe="").encode(),
        json.dumps(before + secret).encode(),
        whole[len(before) : len(before) + 12],
    )

    for form in forms:
        scratch = tmp_path / "scratch"
        scratch.write_bytes(b"\x00" * 1000 + form + b"\xff" * 1000)
        seen = Seen()
        seen.note("a file", scratch.read_bytes())
        assert {leak.secret for leak in seen.find(planted)} == {"password 1"}, form


async def test_an_answer_that_repeats_a_secret_is_found_but_not_the_place_where_it_is_given_out() -> None:
    planted, seen = Planted(), Seen()
    token = f"ia_{secrets.token_hex(19)}"
    answers = {
        "/given": httpx2.Response(200, json={"data": {"createAccessToken": {"token": token}}}),
        "/body": httpx2.Response(200, json={"data": {"createAccessToken": {"name": token}}}),
        "/header": httpx2.Response(200, headers={"set-cookie": f"a={token}"}),
        "/redirect": httpx2.Response(302, headers={"location": f"https://elsewhere.example/?{token}"}),
    }
    watch = Watch("http://service.example", planted, seen)
    client = watch.client(transport=httpx2.MockTransport(lambda request: answers[request.url.path]))

    for path in answers:
        await client.get(f"http://service.example{path}")
    await watch.aclose()

    assert {leak.place for leak in seen.find(planted)} == {
        "the body of 200 to GET /body",
        "the header set-cookie of 200 to GET /header",
        "the header location of 302 to GET /redirect",
    }


def test_what_is_not_there_is_not_found() -> None:
    planted, seen = Planted(), Seen()
    planted.value("nowhere")
    planted.know("password", secrets.token_urlsafe(32))
    seen.note("a place", secrets.token_bytes(100_000))

    assert seen.find(planted) == []


def make_service(database_url: str, folder: Path, planted: Planted) -> Service:
    """Plant what the operator sets: the keyring, and every secret among the settings."""
    keyring = folder / "keyring.json"
    make_keyring(keyring)
    for key in json.loads(keyring.read_text())["keys"].values():
        planted.know("a key of the keyring", key)
        planted.know("a key of the keyring, raw", base64.b64decode(key))
    settings = {
        "METRICS_TOKEN": f"metrics+{secrets.token_urlsafe(24)}/=",
        "SLACK_CLIENT_SECRET": secrets.token_hex(16),
        "SLACK_SIGNING_SECRET": secrets.token_hex(16),
    }
    for name, value in settings.items():
        planted.know(name, value)
    planted.know("the sandbox's client secret", slack_app.CLIENT_SECRET, piece=16)  # its first twelve are the client id's
    planted.know("the sandbox's signing secret", slack_app.SIGNING_SECRET, piece=16)
    return Service(
        folder=folder,
        database_url=with_password(database_url, planted),
        environment={f"INSTALLED_APPS_{name}": value for name, value in settings.items()},
    )


def with_password(database_url: str, planted: Planted) -> str:
    parts = urlsplit(database_url)
    if parts.scheme == "sqlite" or parts.password is not None:
        return database_url
    password = f'db/{secrets.token_urlsafe(12)}+"é'
    planted.know("the database's password", password)
    return parts._replace(netloc=f"{parts.username}:{quote(password, safe='')}@{parts.hostname}:{parts.port}").geturl()


@contextlib.asynccontextmanager
async def started(service: Service, log_format: str, seen: Seen) -> AsyncIterator[None]:
    service.environment = {**service.environment, "INSTALLED_APPS_LOG_FORMAT": log_format}
    await service.start("--sandbox")
    assert service.process is not None
    try:
        seen.note("the arguments", arguments_of(service.process.pid))
        yield
        assert service.stop() == 0
    finally:
        service.kill()


def arguments_of(pid: int) -> bytes:
    """Return what everyone on the machine can see of a process."""
    return Path(f"/proc/{pid}/cmdline").read_bytes()


async def begin(service: Service, provider: Echoing, planted: Planted, seen: Seen) -> World:
    """Make the team, with a token from the command line and one from the API; sign the admin's browser in."""
    watch = Watch(service.url, planted, seen)
    service.run("team", "create", TEAM, "--admin-name", "Ada", "--admin-email", ADMIN)
    token = service.run("token", "create", "--team", TEAM, "--email", ADMIN)
    planted.know("a token from the command line", token)
    admin = WatchedApi(service.url, token, client=watch.client())
    made = (await admin.answer(CREATE_TOKEN, {"input": {"name": "CI", "scopes": ["READ", "RUNS_WRITE"]}}))["data"]
    assert made["createAccessToken"]["userErrors"] == []
    planted.know("a token from the API", made["createAccessToken"]["token"])
    browser = Browser()
    watch.over(browser.client)
    story = Story(service, admin, WatchedApi(service.url, made["createAccessToken"]["token"], client=watch.client()), browser)
    await story.sign_in_browser(ADMIN)
    introspected = await admin.ask(get_introspection_query(input_value_deprecation=True))
    return World(service, provider, planted, seen, watch, story, build_client_schema(introspected))  # type: ignore[arg-type]  # it is what the query answers


async def hand_out(world: World) -> None:
    """Have a token made and revoked, and an invitation used."""
    made = await world.admin.answer(CREATE_TOKEN, {"input": {"name": "Gone", "scopes": ["READ"]}})
    created = made["data"]["createAccessToken"]
    await world.admin.ask(REVOKE_TOKEN, input={"id": created["accessToken"]["id"]})
    revoked = WatchedApi(world.service.url, created["token"], client=world.watch.client())
    assert "errors" in await revoked.answer(EVERYTHING, {})
    member = {"name": "Ben", "email": "ben@example.com", "role": "MEMBER"}
    invited = (await world.admin.answer(INVITE, {"input": member}))["data"]["addTeamMember"]
    browser = Browser()
    world.watch.over(browser.client)
    assert (await browser.submit(await browser.open(invited["inviteUrl"]))).status == 200
    await browser.close()


@contextlib.asynccontextmanager
async def listening(world: World) -> AsyncIterator[None]:
    """Keep two listeners to all events, over a WebSocket and as server-sent events, until the end."""
    listeners = [asyncio.create_task(listen(world)), asyncio.create_task(read_stream(world))]
    try:
        yield
    finally:
        for listener in listeners:
            listener.cancel()
        await asyncio.gather(*listeners, return_exceptions=True)


async def listen(world: World) -> None:
    address = f"{world.service.url.replace('http', 'ws', 1)}/graphql"
    protocols = [websockets.Subprotocol("graphql-transport-ws")]
    async with websockets.connect(
        address, subprotocols=protocols, proxy=None, create_connection=watched_connection(world.seen)
    ) as connection:
        await connection.send(
            json.dumps({"type": "connection_init", "payload": {"authorization": f"Bearer {world.admin.token}"}})
        )
        assert json.loads(await connection.recv())["type"] == "connection_ack"
        async for _ in Socket(connection).subscribe(WATCH_EVENTS):
            pass


async def read_stream(world: World) -> None:
    headers = {"authorization": f"Bearer {world.admin.token}", "accept": "text/event-stream"}
    async with (
        httpx2.AsyncClient(trust_env=False, timeout=None) as client,
        client.stream("POST", f"{world.service.url}/graphql", json={"query": WATCH_EVENTS}, headers=headers) as response,
    ):
        async for chunk in response.aiter_raw():
            world.seen.note("server-sent events", chunk)


async def connect(world: World) -> str:
    """Sign in at Slack, share that, post a run; return the installed app's id. One more sign-in is left open halfway."""
    integration, app = await world.story.add_sharing(name="Checkout", monitor="checkout")
    await record(world, "delivered")
    await attempted(world, integration)
    begun = (await world.admin.answer(BEGIN, {"input": {"purpose": {"provider": "slack"}}}))["data"]["beginAuthorization"]
    start = begun["authorization"]["startUrl"]
    world.planted.know("a startUrl", start.rpartition("/")[2])
    await world.story.browser.submit(await world.story.browser.open(start))
    return app


async def hear_it_told_back(world: World, *, app: str) -> None:
    """Let the provider answer each kind of call with what it was sent, in each way."""
    for path in ("oauth.v2.access", "auth.test"):
        for echo in ECHOES.values():
            world.provider.tell_back(path, echo)
            authorization = await world.story.sign_in_at_slack()
            seen = (await world.admin.ask(AUTHORIZATION, id=authorization))["authorization"]
            assert seen["status"] == "FAILED"
    for echo in ECHOES.values():
        world.provider.tell_back("conversations.list", echo)
        assert "errors" in await world.admin.answer(CHANNELS, {"id": app})
        world.provider.tell_back("auth.test", echo)
        await world.admin.answer(CHECK, {"input": {"id": app}})
    await tell_back_deliveries(world, app=app)
    world.provider.tell_back("", None)
    await world.admin.ask(CHECK, input={"id": app})


async def tell_back_deliveries(world: World, *, app: str) -> None:
    """Tell back three deliveries at once, of one integration each, so that none waits for another."""
    world.provider.tell_back("", None)
    await world.admin.ask(CHECK, input={"id": app})
    channels = (await world.admin.ask(CHANNELS, id=app))["installedApp"]["channels"]["nodes"]
    using, made = {"installedAppId": app}, []
    for channel in channels[:3]:
        added = await world.story.add(world.admin, name=channel["name"], using=using, monitor="told back", channel=channel["id"])
        made.append(str(added["integration"]["id"]))
    ways = itertools.cycle(ECHOES.values())

    def tell_each_otherwise(sent: Sent) -> Answer:
        return next(ways)(sent)

    world.provider.tell_back("chat.postMessage", tell_each_otherwise)
    await record(world, "told back", monitor="told back")
    for integration in made:
        await attempted(world, integration)


async def refresh_and_revoke(world: World, *, app: str) -> None:
    """Go on with tokens that rotate, refreshed in vain and then well; end them all."""
    async with httpx2.AsyncClient(base_url=world.service.sandbox_url, trust_env=False) as control:
        (await control.post("/control/settings", json={"provider": "slack", "rotation": True})).raise_for_status()
        authorization = await world.story.sign_in_at_slack(workspace="Globex")
        channel = await world.story.channel(authorization, name="general")
        using = {"authorization": {"authorizationId": authorization, "shareWithTeam": True}}
        added = await world.story.add(world.admin, name="Rotating", using=using, monitor="rotating", channel=channel)
        rotating = added["installedApp"]["id"]
        for echo in ECHOES.values():
            (await control.post("/control/faults", json={"provider": "slack", "fault": "expire_tokens"})).raise_for_status()
            world.provider.tell_back("oauth.v2.access", echo)
            await world.admin.answer(CHANNELS, {"id": rotating})
        world.provider.tell_back("", None)
        know_tokens(world.planted, (await control.get("/control/state")).json())
    world.provider.tell_back("auth.revoke", ECHOES["its words"])
    for ending in (app, rotating):
        assert (await world.admin.ask(DELETE, input={"id": ending}))["deleteInstalledApp"]["userErrors"] == []
    world.provider.tell_back("", None)


def know_tokens(planted: Planted, state: JSON) -> None:
    for row in state["grants"]:
        for name, value in row.items():
            for token in value if isinstance(value, list) else [value]:
                if isinstance(token, str) and token.startswith("xox"):
                    planted.know(f"a grant's {name}", token)


async def ask_wrongly(world: World) -> int:
    """Ask everything that cannot be right, over HTTP; return how many such operations there were."""
    plant = world.planted.value
    operations = [
        *malformed_mutations(world.schema, plant=plant),
        *malformed_fields(world.schema, plant=plant),
        *malformed_documents(plant),
    ]
    before = len(await world.story.events())
    turns = asyncio.Semaphore(AT_ONCE)

    async def ask(operation: Malformed) -> None:
        async with turns:
            response = await world.admin.post(operation.body)
        errors = response.json().get("errors")
        assert errors, operation
        assert errors[0]["extensions"]["code"] in TYPED, (operation, errors)

    async with asyncio.TaskGroup() as group:
        for operation in operations:
            group.create_task(ask(operation))
    assert len(await world.story.events()) == before
    for place, body in odd_bodies(plant):
        response = await world.admin.post(body)
        assert response.status_code in {400, 413}, place
        assert response.json()["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT", place
    return len(operations)


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
        f"Bearer {plant('two')} {plant('words')}",
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


async def fail_unexpectedly(world: World) -> None:
    """Break rows and tables below the running service, and ask with good and with planted secrets while they are broken."""
    link = world.service.run("sign-in-link", "--team", TEAM, "--email", ADMIN)
    world.planted.know("a sign-in link", link.rpartition("/")[2])
    if not world.service.database_url.startswith("sqlite:"):
        await execute(world.service.database_url, CUT_OFF)
        await ask_of_the_broken(world, link=link)
    for broken, mended in (
        ("UPDATE member SET role = 'NONSENSE'", "UPDATE member SET role = 'ADMIN'"),
        ("ALTER TABLE access_token RENAME TO access_token_away", "ALTER TABLE access_token_away RENAME TO access_token"),
        ("ALTER TABLE sign_in_link RENAME TO link_away", "ALTER TABLE link_away RENAME TO sign_in_link"),
        ("ALTER TABLE browser_session RENAME TO session_away", "ALTER TABLE session_away RENAME TO browser_session"),
        ('ALTER TABLE "authorization" RENAME TO away', 'ALTER TABLE away RENAME TO "authorization"'),
        ("UPDATE monitor_run SET outcome = 'NONSENSE'", "UPDATE monitor_run SET outcome = 'PASSED'"),
    ):
        await execute(world.service.database_url, broken)
        await ask_of_the_broken(world, link=link)
        await execute(world.service.database_url, mended)
    log = world.service.log.read_text()
    assert "Traceback (most recent call last)" in log
    assert "unexpected error" in log
    assert "unavailable" in log


async def ask_of_the_broken(world: World, *, link: str) -> None:
    plant, client, alone = world.planted.value, world.story.browser.client, {"connection": "close"}
    runs = "query { monitors { nodes { runs { nodes { outcome } } } } }"
    await world.admin.post({"query": runs}, **alone)
    wrong = {"name": plant("broken"), "scopes": ["READ"], "odd": 1}
    await world.admin.post({"query": CREATE_TOKEN, "variables": {"input": wrong}}, **alone)
    await world.admin.post({"query": runs}, accept="text/event-stream", **alone)
    state = secrets.token_urlsafe(32)
    world.planted.know("a state", state)
    for path in (f"/callback/slack?code={plant('broken, code')}&state={state}", f"/authorize/{plant('broken, ticket')}"):
        await client.get(f"{world.service.url}{path}", headers=alone)
    await client.get(link, headers=alone)
    form, headers = {"token": world.admin.token}, {"origin": world.service.url, **alone}
    await client.post(f"{world.service.url}/sign-in", data=form, headers=headers)
    for conversation in list(odd_conversations(plant, token=world.admin.token))[8:14]:
        world.seen.note("a WebSocket to the broken", await converse(conversation, port=world.service.port))


def fail_on_the_command_line(world: World) -> None:
    """Report with a token that is none, and look for a database that is not there."""
    token, password = f"ia_{secrets.token_hex(19)}", secrets.token_urlsafe(24)
    world.planted.know("a wrong token in the environment", token)
    world.planted.know("a password of no database", password)
    service, away = world.service, f"postgres://nobody:{password}@127.0.0.1:1/nothing"
    environment = {"INSTALLED_APPS_URL": service.url, "INSTALLED_APPS_TOKEN": token}
    for command, database_url in (
        (("report", "newman", str(REPORT), "--monitor", "m"), service.database_url),
        (("check",), away),
    ):
        stranger = Service(service.folder, database_url, service.port, service.sandbox_port, environment)
        with pytest.raises(AssertionError) as refused:
            stranger.run(*command)
        world.seen.note(f"what {command[0]} says", str(refused.value))


async def read_everything(world: World) -> None:
    """Read what a member may read, and whatever pages there are."""
    for api in (world.admin, world.story.member):
        assert isinstance(api, WatchedApi)
        assert "errors" not in await api.answer(EVERYTHING, {})
    await world.story.events()
    for path in ("/graphql", "/sign-in", "/healthz", "/readyz", "/metrics", "/"):
        await world.story.browser.client.get(f"{world.service.url}{path}", headers={"accept": "text/html"})


def note_what_lies_about(service: Service, seen: Seen) -> None:
    """Take in every file below the service's folder but the keyring: the log, the database, its -wal and -shm, any copy."""
    for path in service.folder.rglob("*"):
        if path.is_file() and path.name != "keyring.json":
            seen.note(f"the file {path.name}", path.read_bytes())
    assert any(place == "the file service.log" for place, _ in seen.pieces)


async def note_database(database_url: str, seen: Seen) -> None:
    """Take in every row of a database server as text, its bytes also as they are."""
    if database_url.startswith("sqlite:"):
        return
    connection = await asyncpg.connect(database_url)
    try:
        tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        for table in (row["tablename"] for row in tables):
            for row in await connection.fetch(f'SELECT t.*, t::text AS "whole row" FROM "{table}" t'):  # noqa: S608 - its own tables' names
                for column, value in row.items():
                    seen.note(f"{table}.{column}", value if isinstance(value, bytes) else str(value))
    finally:
        await connection.close()


async def execute(database_url: str, statement: str) -> None:
    if database_url.startswith("sqlite:"):
        with contextlib.closing(sqlite3.connect(database_url.removeprefix("sqlite:///"), timeout=20)) as connection, connection:
            connection.execute(statement)
        return
    server = await asyncpg.connect(database_url)
    try:
        await server.execute(statement)
    finally:
        await server.close()


async def record(world: World, run_id: str, *, monitor: str = "checkout") -> None:
    run = {
        "monitorKey": monitor,
        "runId": run_id,
        "outcome": "FAILED",
        "startedAt": "2026-11-21T10:00:00.000Z",
        "durationMs": 1,
    }
    assert (await world.admin.ask(RECORD, input=run))["recordMonitorRun"]["userErrors"] == []


async def attempted(world: World, integration: str) -> None:
    """Wait until some delivery of the integration has been attempted."""
    async with asyncio.timeout(30):
        while True:
            nodes = (await world.admin.ask(ATTEMPTS, id=integration))["integration"]["deliveries"]["nodes"]
            if any(node["attempts"] for node in nodes):
                return
            await asyncio.sleep(0.05)  # asked again until it is so
