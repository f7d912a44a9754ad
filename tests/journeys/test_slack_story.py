"""The main job on real input, against a running server process, over real HTTP and WebSocket."""

import asyncio

import httpx2
import pytest

from tests.callers import JSON, Api, Socket, socket_to
from tests.held import HeldClock
from tests.journeys.story import DELETE, INTEGRATIONS, REAUTHENTICATE, WOULD_STOP, Story
from tests.sandbox.running import Sandbox

WATCH_SIGN_IN = "subscription ($id: ID!) { authorizationChanged(id: $id) { status connectedTo } }"
WATCH_DELIVERIES = "subscription ($after: String) { deliveryChanged(after: $after) { status delivery { integration { name } } } }"
WATCH_STATUS = """
subscription ($after: String) {
  integrationStatusChanged(after: $after) { sequence status previousStatus reason integration { name } actor { name } }
}"""


@pytest.mark.processes
async def test_a_member_watches_their_own_sign_in_become_complete(story: Story) -> None:
    authorization = await story.sign_in_at_slack()

    async with socket_to(story.service.url, story.admin.token) as socket:
        seen = [data["authorizationChanged"] async for data in socket.subscribe(WATCH_SIGN_IN, id=authorization)]

    assert seen[-1] == {"status": "COMPLETED", "connectedTo": "Acme"}


@pytest.mark.processes
async def test_results_of_a_real_newman_run_arrive_in_slack_until_the_app_is_deleted_and_again_after(
    story_by_commands: Story,
) -> None:
    story = story_by_commands

    first, app = await story.add_sharing(name="Checkout", monitor="checkout")
    second = await add_with_app(story, story.member, app=app, name="Checkout for the night shift", channel="random")
    watching = (await story.admin.ask(INTEGRATIONS))["eventCursor"]

    story.report("failed", monitor="checkout")

    assert await delivered(story, after=watching, count=2) == {"Checkout", "Checkout for the night shift"}
    posted = read_back(story, channel="monitoring")
    assert len(posted) == 1
    assert "failed" in str(posted[0]["text"]).lower()
    assert posted[0]["blocks"]

    before_deletion = (await story.admin.ask(INTEGRATIONS))["eventCursor"]
    would_stop = (await story.admin.ask(WOULD_STOP, id=app))["installedApp"]
    assert {node["id"] for node in would_stop["integrations"]["nodes"]} == {first, second}
    deleted = (await story.admin.ask(DELETE, input={"id": app}))["deleteInstalledApp"]
    assert {(node["status"], node["statusReason"]) for node in deleted["stoppedIntegrations"]["nodes"]} == {
        ("NEEDS_REAUTHENTICATION", "INSTALLED_APP_DELETED")
    }
    async with socket_to(story.service.url, story.member.token) as socket:
        stopped = await collect(socket, WATCH_STATUS, "integrationStatusChanged", after=before_deletion, count=2)
    assert {(change["status"], change["previousStatus"], change["actor"]["name"]) for change in stopped} == {
        ("NEEDS_REAUTHENTICATION", "ACTIVE", "Ada")
    }

    story.report("error", monitor="checkout")
    assert len(read_back(story, channel="monitoring")) == 1

    back = await story.sign_in_at_slack(integrationId=first)
    using = {"authorization": {"authorizationId": back, "shareWithTeam": True}}
    returned = (await story.admin.ask(REAUTHENTICATE, input={"id": first, "using": using}))["reauthenticateIntegration"]
    assert (returned["userErrors"], returned["integration"]["status"]) == ([], "ACTIVE")
    using = {"installedAppId": returned["installedApp"]["id"]}
    joined = (await story.member.ask(REAUTHENTICATE, input={"id": second, "using": using}))["reauthenticateIntegration"]
    assert (joined["userErrors"], joined["integration"]["status"]) == ([], "ACTIVE")
    again = (await story.admin.ask(INTEGRATIONS))["eventCursor"]
    story.report("passed", monitor="checkout")
    await delivered(story, after=again, count=2)
    assert len(read_back(story, channel="monitoring")) == 2
    events = await story.events()
    assert [event["sequence"] for event in events] == list(range(1, len(events) + 1))


async def add_with_app(story: Story, who: Api, *, app: str, name: str, channel: str) -> str:
    channels = (await who.ask("query ($id: ID!) { installedApp(id: $id) { channels { nodes { id name } } } }", id=app))[
        "installedApp"
    ]
    chosen = next(node["id"] for node in channels["channels"]["nodes"] if node["name"] == channel)
    added = await story.add(who, name=name, using={"installedAppId": app}, monitor="checkout", channel=chosen)
    return str(added["integration"]["id"])


async def delivered(story: Story, *, after: str, count: int) -> set[str]:
    """Wait until `count` deliveries behind the cursor are DELIVERED; return their integrations' names."""
    names: list[str] = []
    async with asyncio.timeout(60), socket_to(story.service.url, story.admin.token) as socket:
        async for data in socket.subscribe(WATCH_DELIVERIES, after=after):
            if data["deliveryChanged"]["status"] == "DELIVERED":
                names.append(data["deliveryChanged"]["delivery"]["integration"]["name"])
            if len(names) == count:
                break
    return set(names)


async def collect(socket: Socket, operation: str, field: str, *, count: int, **variables: object) -> list[JSON]:
    changes: list[JSON] = []
    async with asyncio.timeout(60):
        async for data in socket.subscribe(operation, **variables):
            changes.append(data[field])
            if len(changes) == count:
                return changes
    return changes


def read_back(story: Story, *, channel: str) -> list[JSON]:
    """Read a channel of the workspace with Slack's own client; oldest first."""
    with httpx2.Client(base_url=story.service.sandbox_url, trust_env=False) as http:
        client = Sandbox(story.service.sandbox_url, HeldClock(), http).bot("Acme")
    listed = client.conversations_list(limit=200)["channels"]
    chosen = next(one["id"] for one in listed if one["name"] == channel)
    client.conversations_join(channel=chosen)
    return [message for message in reversed(client.conversations_history(channel=chosen)["messages"]) if message.get("blocks")]
