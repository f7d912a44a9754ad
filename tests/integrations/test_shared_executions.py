"""Listeners with the same operation, team, role and scopes share one execution of an event; all else stays each one's own."""

import asyncio
from collections.abc import Hashable, Sequence
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass, field, replace
from typing import Any, cast

from graphql import ExecutionResult

from app.access.callers import Caller, Scope
from app.graphql.context import Context
from app.graphql.execution.sharing import Execute, SharedExecutions
from app.integrations.editing import Edit, edit
from tests.installed_apps.world import World, schema
from tests.integrations.listening import cursor
from tests.integrations.scene import place_through

NAMES = "subscription ($after: String) { integrationChanged(after: $after) { integration { name } } }"
OWN = "subscription ($after: String) { integrationChanged(after: $after) { integration { viewerCanEdit } } }"


@dataclass
class Counted(SharedExecutions):
    """Counts what is executed in the end."""

    executed: list[Hashable] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    async def ask(self, listening: Hashable, event: Hashable, execute: Execute) -> ExecutionResult:
        async def counted() -> Any:
            self.executed.append(event)
            return await execute()

        return await super().ask(listening, event, counted)


async def hear(world: World, document: str, callers: Sequence[Caller], *, after: str, shared: SharedExecutions) -> list[Any]:
    """Return what each caller is told first, one listener after the other beginning to listen before any is told."""
    async with AsyncExitStack() as stack:
        events = []
        for caller in callers:
            context = Context(caller=caller, services=world.services, request_id="1", executions=shared)
            results = await schema().subscribe(document, context_value=context, variable_values={"after": after})
            events.append(await stack.enter_async_context(aclosing(cast(Any, results))))
        told = [await anext(results) for results in events]
    assert [result.errors for result in told] == [None] * len(told)
    return [next(iter(result.data.values())) for result in told]


async def test_members_of_one_role_share_an_execution_and_other_roles_scopes_and_teams_have_their_own(world: World) -> None:
    people, shared = world.people, Counted()
    app = await world.share(people.ada)
    after = await cursor(world, people.bob)
    await place_through(world, people.bob, app.id)
    narrow = replace(people.bob, scopes=frozenset({Scope.READ}), is_session=False)

    told = await hear(world, NAMES, [people.bob, people.cid, people.bob, people.ada, narrow], after=after, shared=shared)

    assert told == [{"integration": {"name": "Checkout"}}] * 5
    assert len(shared.executed) == 3


async def test_who_asks_in_other_words_or_of_another_event_is_not_told_what_others_asked_for(world: World) -> None:
    people, shared = world.people, Counted()
    app = await world.share(people.ada)
    after = await cursor(world, people.bob)
    integration = await place_through(world, people.bob, app.id)
    [first] = await hear(world, NAMES, [people.bob], after=after, shared=shared)
    later = await cursor(world, people.bob)
    await edit(integration.id, Edit(name="Second"), expected_updated_at=None, caller=people.bob, services=world.services)

    [second] = await hear(world, NAMES, [people.cid], after=later, shared=shared)
    [other] = await hear(world, NAMES.replace("name", "status"), [people.cid], after=later, shared=shared)

    assert [first, second] == [{"integration": {"name": "Checkout"}}, {"integration": {"name": "Second"}}]
    assert other == {"integration": {"status": "ACTIVE"}}


async def test_once_something_newer_was_written_nobody_is_told_what_was_read_before(world: World) -> None:
    people, shared = world.people, Counted()
    app = await world.share(people.ada)
    after = await cursor(world, people.bob)
    integration = await place_through(world, people.bob, app.id)
    context = Context(caller=people.cid, services=world.services, request_id="1", executions=shared)
    listening = cast(Any, await schema().subscribe(NAMES, context_value=context, variable_values={"after": after}))
    async with aclosing(listening):
        [before] = await hear(world, NAMES, [people.bob], after=after, shared=shared)
        await edit(integration.id, Edit(name="Second"), expected_updated_at=None, caller=people.bob, services=world.services)

        now = await anext(listening)

    assert before == {"integration": {"name": "Checkout"}}
    assert now.data == {"integrationChanged": {"integration": {"name": "Second"}}}


async def test_what_depends_on_the_member_is_each_one_s_own(world: World) -> None:
    people, shared = world.people, Counted()
    app = await world.share(people.ada)
    after = await cursor(world, people.bob)
    await place_through(world, people.bob, app.id)

    told = await hear(world, OWN, [people.bob, people.cid, people.bob], after=after, shared=shared)

    assert [each["integration"]["viewerCanEdit"] for each in told] == [True, False, True]
    assert len(shared.executed) == 3


async def test_listeners_who_are_woken_together_share_too(world: World) -> None:
    people, shared = world.people, Counted()
    app = await world.share(people.ada)
    after = await cursor(world, people.bob)
    async with AsyncExitStack() as stack:
        listening = []
        for _ in range(20):
            context = Context(caller=people.bob, services=world.services, request_id="1", executions=shared)
            results = await schema().subscribe(NAMES, context_value=context, variable_values={"after": after})
            listening.append(await stack.enter_async_context(aclosing(cast(Any, results))))
        watching = asyncio.create_task(world.services.watcher.run())
        waiting = [asyncio.ensure_future(anext(results)) for results in listening]
        await place_through(world, people.cid, app.id)

        told = await asyncio.gather(*waiting)
        watching.cancel()

    assert [result.data for result in told] == [{"integrationChanged": {"integration": {"name": "Checkout"}}}] * 20
    assert len(shared.executed) <= 2  # one more where the watcher has just looked
