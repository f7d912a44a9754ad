"""The activity log as an audit log, of a running server process: who did it, and where they asked from."""

import json
from collections.abc import Sequence

import httpx2
import pytest

from tests.callers import JSON, Api, socket_to
from tests.journeys.soaking import until
from tests.journeys.story import BEGIN, TEAM, Story

pytestmark = pytest.mark.processes

ORIGINS = """
query ($types: [EventType!]) {
  events(first: 100, filter: {types: $types}) {
    nodes { type summary actor { name } subject { ... on TeamMember { name } } origin { address userAgent tokenLastFour } }
  }
}"""
MAKE_TOKEN = """
mutation ($name: String!) {
  createAccessToken(input: {name: $name, scopes: [READ]}) { accessToken { id } userErrors { code } }
}"""
EVENTS = """
subscription ($after: String, $types: [EventType!]) {
  eventRecorded(after: $after, filter: {types: $types}) { type origin { address tokenLastFour } }
}"""
ADD_MEMBER = """
mutation { addTeamMember(input: {name: "Eve", email: "eve@example.com", role: ADMIN}) { member { id } userErrors { code } } }"""
MEMBERS = "{ viewer { team { members { nodes { name } } } } }"
HERE = "127.0.0.1"


async def test_every_change_that_a_request_makes_says_where_it_came_from(story: Story) -> None:
    async with socket_to(story.service.url, story.admin.token) as socket:
        await socket.begin(MAKE_TOKEN, name="made over a WebSocket")
        over_socket = await socket.receive()
    async with httpx2.AsyncClient(trust_env=False) as client:
        over_http = await client.post(
            f"{story.service.url}/graphql",
            json={"query": MAKE_TOKEN, "variables": {"name": "made over HTTP"}},
            headers={"authorization": f"Bearer {story.admin.token}", "user-agent": "pipeline/1.0"},
        )
        as_a_stream = await client.post(
            f"{story.service.url}/graphql",
            json={"query": MAKE_TOKEN, "variables": {"name": "made as a stream"}},
            headers={"authorization": f"Bearer {story.admin.token}", "accept": "text/event-stream", "user-agent": "stream/1.0"},
        )
        in_the_session = await story.browser.client.post(
            f"{story.service.url}/graphql",
            json={"query": MAKE_TOKEN, "variables": {"name": "made in a browser"}},
            headers={"origin": story.service.url, "accept": "application/json", "user-agent": "Firefox"},
        )
    assert over_socket["payload"]["data"]["createAccessToken"]["userErrors"] == []
    assert {answer.status_code for answer in (over_http, as_a_stream, in_the_session)} == {200}

    made = {event["summary"]: event["origin"] for event in await events_of(story.admin, "ACCESS_TOKEN_CREATED")}

    four = story.admin.token[-4:]
    by_name = {name.split("“")[1].split("”")[0]: origin for name, origin in made.items() if "made" in name}
    assert by_name["made over HTTP"] == {"address": HERE, "userAgent": "pipeline/1.0", "tokenLastFour": four}
    assert by_name["made as a stream"] == {"address": HERE, "userAgent": "stream/1.0", "tokenLastFour": four}
    assert by_name["made in a browser"] == {"address": HERE, "userAgent": "Firefox", "tokenLastFour": None}
    assert by_name["made over a WebSocket"]["tokenLastFour"] == four
    assert by_name["made over a WebSocket"]["userAgent"].startswith("Python/")


async def test_a_sign_in_comes_from_the_browser_and_what_nobody_asks_for_from_nowhere(story: Story) -> None:
    story.service.run("member", "add", "--team", TEAM, "--name", "Cid", "--email", "cid@example.com", "--role", "VIEWER")
    await story.add_sharing(name="Checkout", monitor="checkout")
    story.report("failed", monitor="checkout")

    async def is_delivered() -> bool:
        return bool(await events_of(story.admin, "DELIVERY_SUCCEEDED"))

    await until(is_delivered, seconds=60)
    delivered = await events_of(story.admin, "DELIVERY_SUCCEEDED")
    [completed] = await events_of(story.admin, "AUTHORIZATION_COMPLETED")
    [created] = await events_of(story.admin, "DELIVERY_CREATED")
    by_command = [event for event in await events_of(story.admin, "TEAM_MEMBER_ADDED") if "Cid" in event["summary"]]

    assert completed["actor"] == {"name": "Ada"}
    assert completed["origin"]["address"] == HERE
    assert completed["origin"]["tokenLastFour"] is None
    assert created["origin"]["tokenLastFour"] == story.admin.token[-4:]
    assert [(event["actor"], event["origin"]) for event in (*delivered, *by_command)] == [(None, None)] * 2


async def test_only_admins_see_where_requests_came_from_whether_they_read_or_listen(story: Story) -> None:
    before = (await story.admin.ask("{ eventCursor }"))["eventCursor"]
    await story.admin.ask(MAKE_TOKEN, name="another")
    seen = [await events_of(who) for who in (story.admin, story.member)]
    heard = [await first_heard(who, after=before) for who in (story.admin, story.member)]

    four = story.admin.token[-4:]
    assert [events[-1]["origin"] is not None for events in seen] == [True, False]
    assert {repr(event["origin"]) for event in seen[1]} == {"None"}
    assert [event["summary"] for event in seen[0]] == [event["summary"] for event in seen[1]]
    assert [event["origin"] for event in heard] == [{"address": HERE, "tokenLastFour": four}, None]


async def test_the_log_is_exported_as_it_is_read_and_from_its_last_line_on(story: Story) -> None:
    read = await events_of(story.admin)
    whole = story.service.run("events", "export", "--team", TEAM).splitlines()
    begun = await story.admin.ask(BEGIN, input={"purpose": {"provider": "slack"}})
    story.report("passed", monitor="nobody posts this")
    behind = story.service.attempt("events", "export", "--team", TEAM, "--after", json.loads(whole[-1])["cursor"])
    refused = story.service.attempt("events", "export", "--after", "nonsense")
    ill_asked = story.service.attempt("events", "export", "--since", "yesterday")

    assert begun["beginAuthorization"]["authorization"]["status"] == "PENDING"
    assert [{name: json.loads(line)[name] for name in ("type", "summary", "origin")} for line in whole] == [
        {name: event[name] for name in ("type", "summary", "origin")} for event in read
    ]
    assert (behind.returncode, behind.stdout) == (0, "")  # beginning a sign-in and recording a run are no events
    assert (refused.returncode, refused.stdout, ill_asked.returncode) == (1, "", 2)
    assert refused.stderr == "--after takes the `cursor` of a line that was exported, or one of the API's.\n"


async def test_a_refusal_stands_in_the_log_once_a_minute_and_changes_nothing_else(story: Story) -> None:
    before = await events_of(story.admin)
    cursor = (await story.member.ask("{ eventCursor }"))["eventCursor"]
    for _ in range(20):
        refused = await story.member.answer(ADD_MEMBER, {})
        assert [error["code"] for error in refused["data"]["addTeamMember"]["userErrors"]] == ["FORBIDDEN"]
    heard = await first_heard(story.member, after=cursor, types=["REFUSED"])

    [event] = await events_of(story.admin, "REFUSED")
    assert (event["actor"], event["subject"]) == ({"name": "Ben"}, {"name": "Ben"})
    assert event["origin"]["tokenLastFour"] == story.member.token[-4:]
    assert event["summary"] == (
        "addTeamMember was refused: Your role in this team is MEMBER; this needs ADMIN. Ask a Team Admin."
    )
    assert (heard["type"], heard["origin"]) == ("REFUSED", None)
    assert await events_of(story.admin) == [*before, event]
    assert [member["name"] for member in (await story.admin.ask(MEMBERS))["viewer"]["team"]["members"]["nodes"]] == ["Ada", "Ben"]


async def first_heard(who: Api, *, after: str, types: Sequence[str] | None = None) -> JSON:
    async with socket_to(who.url, who.token) as socket:
        await socket.begin(EVENTS, after=after, types=types)
        event: JSON = (await socket.receive())["payload"]["data"]["eventRecorded"]
    return event


async def events_of(who: Api, *types: str) -> list[JSON]:
    page = (await who.ask(ORIGINS, types=list(types) or None))["events"]
    nodes: list[JSON] = page["nodes"]
    return nodes
