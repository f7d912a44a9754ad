"""Generated operations over the whole schema are answered alike, whether they are run by whole levels or field by field."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from random import Random

import pytest
from graphql import DocumentNode, OperationDefinitionNode, OperationType, parse

from app.access.callers import Caller
from app.graphql.context import Context
from app.graphql.execution.executor import BoundedExecutor
from app.graphql.execution.levels.planning import Plan
from app.log.watcher import Watcher
from app.web.stopping import Stopping
from tests.graphql.alike import ByLevels, FieldByField, both, essence, heard
from tests.installed_apps.world import World, make_people, schema
from tests.journeys.soaking import fresh_random, full, say
from tests.operations import seed
from tests.operations.stock import Stock
from tests.operations.test_operations import ASKING, DRAWN, drawn
from tests.tenancy.teams import OURS, THEIRS, Who, furnish

SCHEMA = schema()._schema  # noqa: SLF001 - around the limits
EVERYBODY = pytest.mark.parametrize("who", ASKING)
EVERY = full(1, ci=40)
RENEW_EVERY = 15
NOT_PLANNED: dict[str, str] = {}
"""Queries of the kept ones that graphql-core has to execute, and why."""

_WORD = re.compile(r"@([A-Za-z' -]+(?::\d)?)@")


def queries(operations: Iterable[str]) -> list[str]:
    return [operation for operation in operations if kind_of(parse(operation)) is OperationType.QUERY]


def kind_of(document: DocumentNode) -> OperationType:
    [kind] = [node.operation for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    return kind


def test_every_kept_query_is_planned_or_its_reason_stands_here() -> None:
    found = {}
    for operation in queries(seed.read()):
        executor = BoundedExecutor.build(SCHEMA, parse(operation))
        plan = executor.find_plan()
        if not isinstance(plan, Plan):
            found[operation] = plan

    assert found == NOT_PLANNED


@EVERYBODY
async def test_some_of_the_kept_operations_are_answered_alike(world: World, who: Who) -> None:
    told = await compare(world, seed.read()[ASKING.index(who) % EVERY :: EVERY], who=who, random=Random(0))  # noqa: S311 - choices of a test

    assert told == []


@pytest.mark.endurance
@EVERYBODY
async def test_operations_that_are_drawn_anew_are_answered_alike(world: World, who: Who) -> None:
    random = fresh_random()

    told = await compare(world, drawn(random, DRAWN // len(ASKING)), who=who, random=random)

    assert told == []


async def compare(world: World, operations: Iterable[str], *, who: Who, random: Random) -> list[str]:
    """Execute all queries, and the events of all subscriptions, both ways on the same rows; return what is not answered alike."""
    theirs = await furnish(world, await make_people(world.services, name="Comet"), THEIRS)
    ours = await furnish(world, world.people, OURS)
    stock = Stock(world, ours, theirs, who=who, random=random)
    watcher, stopping = Watcher(), Stopping()
    await watcher.finish()
    stopping.tell()
    services = replace(world.services, watcher=watcher, stopping=stopping)
    context = Context(caller=_caller(world, who), services=services, request_id="1")
    different: list[str] = []
    counts: Counter[str] = Counter()
    for number, operation in enumerate(operations):
        if number % RENEW_EVERY == 0:
            await stock.renew()
        document = parse(text := _WORD.sub(lambda word: stock.find(word[1]), operation))
        kind = kind_of(document)
        if kind is OperationType.MUTATION:
            continue
        if kind is OperationType.QUERY:
            one, other = [[answered] for answered in await both(SCHEMA, document, context=context)]
        else:
            one, other = [await heard(SCHEMA, document, way, context=context) for way in (ByLevels, FieldByField)]
        stock.note_cursors([each["data"] for each in one])
        counts.update(error["code"] for each in one for error in each["errors"])
        counts.update({kind.value: 1, "answers": len(one)})
        if [essence(each) for each in one] != [essence(each) for each in other]:
            different.append(f"{text}\n  by levels: {one}\n  field by field: {other}")
    say(f"{who}: {dict(counts)}, {len(different)} different")
    return different


def _caller(world: World, who: Who) -> Caller | None:
    people = world.people
    return {Who.ADMIN: people.ada, Who.MEMBER: people.bob, Who.VIEWER: people.vera}.get(who)
