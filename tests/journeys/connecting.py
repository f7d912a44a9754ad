"""The story of this search: a team that connects, posts, refreshes and gives back, with a provider that tells back."""

import asyncio
import contextlib
import itertools
import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx2
import websockets
from graphql import GraphQLSchema

from tests.callers import JSON, Browser, Socket
from tests.journeys.echoing import ECHOES, Answer, Echoing, Sent
from tests.journeys.malformed import Malformed, malformed_documents, malformed_fields, malformed_mutations, odd_bodies
from tests.journeys.planted import Planted, Seen
from tests.journeys.soaking import until
from tests.journeys.story import BEGIN, DELETE, Story
from tests.journeys.watched import Watch, WatchedApi, watched_connection
from tests.processes import Service

TYPED = {"BAD_USER_INPUT", "TOO_COMPLEX", "CURSOR_INVALID"}
AT_ONCE = 8

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
  integrations(first: 10) {
    nodes {
      id name status statusReason statusMessage connectedTo
      deliveries(first: 3) { nodes { id status attempts { error } run { runId failures { name message } } } }
    }
  }
  monitors { nodes { id key name } }
  events(last: 100) { nodes { id cursor summary subjectId subject { __typename id } } }
}"""
AUTHORIZATION = "query ($id: ID!) { authorization(id: $id) { status connectedTo failure { code message } } }"
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

    async def is_told() -> bool:
        return "auth.revoke" in world.provider.told

    await until(is_told, seconds=30)
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


async def read_everything(world: World) -> None:
    """Read what a member may read, and whatever pages there are."""
    for api in (world.admin, world.story.member):
        assert isinstance(api, WatchedApi)
        assert "errors" not in await api.answer(EVERYTHING, {})
    await world.story.events()
    for path in ("/graphql", "/sign-in", "/healthz", "/readyz", "/metrics", "/"):
        await world.story.browser.client.get(f"{world.service.url}{path}", headers={"accept": "text/html"})
    page = await world.story.browser.client.get(f"{world.service.url}/graphql", headers={"accept": "text/html"})
    parts = re.findall(r'(?:src|href)="(graphiql/[^"]+)"', page.text)
    assert parts
    for path in parts:
        assert (await world.story.browser.client.get(f"{world.service.url}/{path}")).status_code == 200, path
    await read_metrics(world)


async def read_metrics(world: World) -> None:
    """Read all that was counted, as the operator's Prometheus does; the answer is watched like any other."""
    token = world.service.environment["INSTALLED_APPS_METRICS_TOKEN"]
    client = world.watch.client()
    answer = await client.get(f"{world.service.url}/metrics", headers={"authorization": f"Bearer {token}"})
    assert answer.status_code == 200
    assert "installed_apps_http_requests_total" in answer.text


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
