"""What pages and gateways are made of: Relay, The Guild's executor, and Apollo Client in a real browser from another origin."""

import asyncio
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.soaking import telling
from tests.peers import javascript
from tests.peers.clients import MUTATION
from tests.peers.processes import need
from tests.processes import Service, free_port, serving

pytestmark = pytest.mark.processes

ROOT = Path(__file__).parent.parent.parent


async def test_a_page_of_relay_costs_what_its_size_is(programs: Path, tmp_path: Path) -> None:
    """Its compiler writes the size into a variable, and asks for cursors and type names of its own."""
    async with serving(tmp_path, database_url=_database(tmp_path)) as service, telling(service) as story:
        told = await _run(programs, "relay.mjs", str(ROOT / "schema.graphql"), f"{service.url}/graphql", story.admin.token)

    # The viewer, their team, a connection and its page's end; an edge and a member for each place of the page.
    assert {name: answer["extensions"]["cost"]["requested"] for name, answer in told.items()} == {
        "first": 4 + 2 * 1,
        "next": 3 + 2 * 1,
        "larger": 4 + 2 * 50,
    }
    assert _names(told["first"]["data"]["viewer"]["team"]) == ["Ada"]
    assert _names(told["next"]["data"]["node"]) == ["Ben"]
    assert _names(told["larger"]["data"]["viewer"]["team"]) == ["Ada", "Ben"]


async def test_the_guilds_executor_listens_by_get(programs: Path, tmp_path: Path) -> None:
    async with serving(tmp_path, database_url=_database(tmp_path)) as service, telling(service) as story:
        after = (await story.admin.ask("{ eventCursor }"))["eventCursor"]
        for number in range(2):
            person = {"name": "Somebody", "email": f"{number}@example.com", "role": "VIEWER"}
            await story.admin.ask(MUTATION, input=person)
        told = await _run(programs, "executor.mjs", f"{service.url}/graphql", story.admin.token, after)

    assert told["query"] == {"member": {"name": "Ada"}}
    assert [event["data"]["eventRecorded"]["type"] for event in told["heard"]] == ["TEAM_MEMBER_ADDED"] * 2
    assert told["sent"] == [
        ["GET", 200, "application/graphql-response+json; charset=utf-8"],
        ["GET", 200, "text/event-stream; charset=utf-8"],
    ]


async def test_a_page_of_an_allowed_origin_says_who_it_is_and_is_traced_in_chromium(programs: Path, tmp_path: Path) -> None:
    chromium = shutil.which("chromium")
    need(installed=chromium is not None, reason="Chromium is not installed: tests/peers/install")
    port = free_port()
    service = Service(tmp_path, _database(tmp_path), environment={"INSTALLED_APPS_ALLOWED_ORIGINS": f"http://127.0.0.1:{port}"})
    try:
        await service.start("--sandbox")
        async with telling(service) as story:
            url = f"{service.url}/graphql"
            told = await _run(programs, "browser.mjs", str(chromium), str(port), url, story.admin.token)
    finally:
        service.kill()

    sent = {
        "apollographql-client-name",
        "apollographql-client-version",
        "sentry-trace",
        "baggage",
        "traceparent",
        "authorization",
    }
    assert sent <= set(told["headers"])
    assert told["friend"] == {"name": "Ada", "error": None}
    assert told["withoutToken"]["name"] is None
    assert "Sign in" in told["withoutToken"]["error"]
    # The browser keeps the answer of a request that would have brought cookies, and all answers from strangers.
    assert "Failed to fetch" in told["withCookies"]["error"]
    assert "Failed to fetch" in told["stranger"]["error"]


MEMBERS_BY_EDGES = """{ viewer { __typename id member { __typename id name } team { __typename id members(first: 1) { __typename
  edges { __typename cursor node { __typename id name } } pageInfo { __typename hasNextPage endCursor } } } } }"""
MEMBERS_BY_NODES = """{ viewer { __typename id team { __typename id members(first: 1) { __typename totalCount
  nodes { __typename id role } pageInfo { __typename hasPreviousPage } } } } }"""
PROVIDERS = "{ providers { __typename id key name integrationKinds { __typename id key } } }"
EVENTS = "{ events(first: 2) { __typename nodes { __typename id summary origin { __typename address } } } }"
QUESTIONS = (MEMBERS_BY_EDGES, PROVIDERS, MEMBERS_BY_NODES, EVENTS)


async def test_the_policies_of_the_docs_let_caches_keep_what_was_answered(programs: Path, tmp_path: Path) -> None:
    page = (ROOT / "docs" / "clients.md").read_text("utf-8")
    [policies] = re.findall(r"^```js\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    (tmp_path / "policies.mjs").write_text(policies)
    async with serving(tmp_path, database_url=_database(tmp_path)) as service, telling(service) as story:
        answers = [{"query": question, "data": await story.admin.ask(question)} for question in QUESTIONS]

    schema = str(ROOT / "schema.graphql")
    told = await _run(programs, "policies.mjs", str(tmp_path / "policies.mjs"), schema, json.dumps(answers))

    assert told["warnings"] == []
    assert told["apollo"] == [answer["data"] for answer in answers]
    assert told["urql"] == [answer["data"] for answer in answers]


async def _run(programs: Path, program: str, *arguments: str) -> Any:
    return await asyncio.to_thread(javascript.run, programs, program, *arguments)


def _database(folder: Path) -> str:
    return f"sqlite:///{folder / 'tools.sqlite3'}"


def _names(team: dict[str, Any]) -> list[str]:
    return [edge["node"]["name"] for edge in team["members"]["edges"]]
