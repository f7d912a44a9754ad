import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from strawberry.tools import create_type

from app.access.callers import Caller, Role, Scope
from app.errors import BadUserInput, Forbidden, Refusal
from app.graphql.context import Context
from app.graphql.execution.schema import Schema
from app.graphql.ids import encode_id
from app.sign_ins import schema as sign_ins
from app.sign_ins.jobs import expire_due
from app.sign_ins.models import Authorization
from app.teams.changing_roles import change_role
from app.teams.models import Member
from tests.sign_ins.world import World, rows
from tests.teams.people import by_session, by_token

FIELDS = "id status connectedTo startUrl expiresAt provider { key } failure { code message }"


def root(name: str, fields: dict[str, Any]) -> type:
    for python_name, field in fields.items():
        field.python_name = python_name
    return create_type(name, list(fields.values()))


SCHEMA = Schema(
    query=root("Query", sign_ins.QUERY),
    mutation=root("Mutation", sign_ins.MUTATION),
    subscription=root("Subscription", sign_ins.SUBSCRIPTION),
)


def context(world: World, caller: Caller | None = None) -> Context:
    return Context(caller=caller or world.caller, services=world.services, request_id="1")


async def ask(document: str, world: World, caller: Caller | None = None) -> dict[str, Any]:
    """Return the answer's data, or raise what was raised."""
    result = await SCHEMA.execute(document, context_value=context(world, caller))
    for error in result.errors or []:
        raise error.original_error or error
    assert result.data is not None
    return result.data


def id_of(row: Authorization) -> str:
    return encode_id("Authorization", row.id)


async def see(row: Authorization, world: World, caller: Caller | None = None, fields: str = FIELDS) -> Any:
    return (await ask(f'{{ authorization(id: "{id_of(row)}") {{ {fields} }} }}', world, caller))["authorization"]


async def test_a_sign_in_shows_where_to_begin_and_until_when(world: World) -> None:
    row = await world.begin()

    seen = await see(row, world)

    assert seen == {
        "id": id_of(row),
        "status": "PENDING",
        "connectedTo": None,
        "startUrl": await world.start(row),
        "expiresAt": "2026-01-02T03:14:05.678Z",
        "provider": {"key": "slack"},
        "failure": None,
    }


async def test_a_finished_one_shows_what_was_connected_and_where_it_could_post(world: World) -> None:
    row = await world.sign_in()

    seen = await see(
        row, world, fields='status connectedTo expiresAt channels(first: 2, search: "o") { nodes { name isPrivate } }'
    )

    assert (seen["status"], seen["connectedTo"], seen["expiresAt"]) == ("COMPLETED", "Acme", "2026-01-02T04:04:05.678Z")
    assert [channel["name"] for channel in seen["channels"]["nodes"]] == ["monitoring", "random"]


@pytest.mark.parametrize("stage", ["pending", "used", "late"])
async def test_only_a_finished_one_has_channels(world: World, stage: str) -> None:
    row = await world.begin() if stage == "pending" else await world.sign_in()
    if stage == "used":
        await world.use(row)
    if stage == "late":
        world.clock.advance(timedelta(hours=1))

    assert await see(row, world, fields="channels { nodes { id } }") == {"channels": None}


async def test_a_failed_one_says_why(world: World) -> None:
    row = await world.sign_in("Globex", wanted="T0ACME001")

    seen = await see(row, world)

    assert (seen["status"], seen["expiresAt"], seen["failure"]["code"]) == ("FAILED", None, "WRONG_ACCOUNT")
    assert "Globex" in seen["failure"]["message"]


async def test_what_ran_out_shows_so_before_the_job_has_seen_it(world: World) -> None:
    row = await world.begin()
    world.clock.advance(timedelta(minutes=10))

    assert (await see(row, world))["status"] == "EXPIRED"


async def test_nobody_else_sees_it_not_even_an_admin(world: World) -> None:
    row = await world.begin(by_session(await world.join("Bob")))
    stranger = await world.other_team()

    assert await see(row, world) is None
    assert await see(row, world, by_session(stranger)) is None
    assert (await ask('{ authorization(id: "nonsense") { id } }', world))["authorization"] is None


async def test_who_became_a_reader_does_not_reach_the_provider(world: World) -> None:
    bob = await world.join("Bob")
    row = await world.sign_in(member=bob)
    await change_role(team_id=bob.team_id, actor=None, member_id=bob.id, role=Role.VIEWER, services=world.services)
    before = world.requests("conversations.list")

    with pytest.raises(Forbidden):
        await see(row, world, by_session(await Member.get(id=bob.id)), fields="channels { nodes { id } }")

    assert world.requests("conversations.list") == before


async def test_a_provider_that_refuses_its_channels_leaves_an_error_at_their_path(world: World) -> None:
    row = await world.sign_in()
    world.fault("conversations.list", "rate_limit", retry_after=9)

    document = f'{{ authorization(id: "{id_of(row)}") {{ status channels {{ nodes {{ id }} }} }} }}'
    result = await SCHEMA.execute(document, context_value=context(world))

    assert result.data == {"authorization": {"status": "COMPLETED", "channels": None}}
    [error] = result.errors or []
    assert error.path == ["authorization", "channels"]
    assert isinstance(error.original_error, Refusal)
    assert (error.original_error.code, error.original_error.retry_after) == ("PROVIDER_BUSY", 9)


async def test_a_slack_sign_in_is_not_revoked_by_hand(world: World) -> None:
    row = await world.sign_in()
    before = await rows()
    document = (
        'mutation {{ revokeAuthorization(input: {{id: "{id}"}}) {{ authorization {{ id }} userErrors {{ code field }} }} }}'
    )

    for key, code in ((id_of(row), "CONFLICT"), ("nonsense", "NOT_FOUND")):
        answer = (await ask(document.format(id=key), world))["revokeAuthorization"]
        assert answer == {"authorization": None, "userErrors": [{"code": code, "field": ["id"]}]}

    assert await rows() == before


async def test_a_token_that_may_only_report_runs_reads_no_sign_in(world: World) -> None:
    row = await world.begin()

    with pytest.raises(Forbidden):
        await see(row, world, by_token(world.admin, Scope.RUNS_WRITE))


@asynccontextmanager
async def listening(row: Authorization, world: World, caller: Caller | None = None) -> AsyncIterator[AsyncIterator[str]]:
    """Yield the statuses that a subscriber is told."""
    watching = asyncio.create_task(world.services.watcher.run())
    document = f'subscription {{ authorizationChanged(id: "{id_of(row)}") {{ status }} }}'
    results = await SCHEMA.subscribe(document, context_value=context(world, caller))

    async def statuses() -> AsyncIterator[str]:
        async for result in results:
            for error in result.errors or []:
                raise error.original_error or error
            assert result.data is not None
            yield result.data["authorizationChanged"]["status"]

    async with asyncio.timeout(20):
        yield statuses()
    watching.cancel()


async def test_a_subscriber_is_told_how_it_is_and_how_it_ends_and_then_no_more(world: World) -> None:
    row = await world.begin()
    async with listening(row, world) as statuses:
        first = await anext(statuses)
        async with world.browser() as browser:
            await browser.http.get(await browser.go(row))
        rest = [status async for status in statuses]

    assert [first, *rest] == ["PENDING", "COMPLETED"]


async def test_a_subscriber_is_told_of_a_denial(world: World) -> None:
    row = await world.begin()
    async with listening(row, world) as statuses:
        first = await anext(statuses)
        async with world.browser() as browser:
            await browser.http.get(await browser.go(row, decision="deny"))
        rest = [status async for status in statuses]

    assert [first, *rest] == ["PENDING", "FAILED"]


@pytest.mark.parametrize("written", [True, False])
async def test_a_subscriber_is_told_when_the_time_is_over_whether_the_job_has_run_or_not(world: World, written: bool) -> None:
    row = await world.begin()
    async with listening(row, world) as statuses:
        first = await anext(statuses)
        world.clock.advance(timedelta(minutes=10))
        if written:
            await expire_due(services=world.services)
        rest = [status async for status in statuses]

    assert [first, *rest] == ["PENDING", "EXPIRED"]


async def test_what_is_over_is_told_once(world: World) -> None:
    row = await world.sign_in()
    async with listening(row, world) as statuses:
        told = [status async for status in statuses]

    assert told == ["COMPLETED"]


async def test_anothers_sign_in_cannot_be_listened_to(world: World) -> None:
    row = await world.begin(by_session(await world.join("Bob")))

    with pytest.raises(BadUserInput):
        async with listening(row, world) as statuses:
            await anext(statuses)
