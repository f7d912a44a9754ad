"""Backlogs: however long one is, a claim reads off an index what it takes, and meets one delivery of each integration."""

import asyncio
import logging
import time
from collections.abc import Sequence
from statistics import median
from typing import TypeVar
from uuid import uuid4

import pytest
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.models import Model

from app.deliveries.holding_back import let_go_of_nothing
from app.deliveries.jobs import POSTS
from app.deliveries.leases import Taken, take_due
from app.deliveries.models import Delivery, DeliveryStatus
from app.integrations.kinds.post_monitoring_results.models import MonitoringPost
from app.integrations.models import Integration
from app.monitors.models import MonitorRun
from app.storage import database
from app.storage.slots import Slots
from tests.databases import POSTGRES_URL
from tests.deliveries.world import GENERAL, MONITORING, SECOND, World, statuses
from tests.journeys.soaking import say
from tests.sign_ins.world import write
from tests.storage.schemas import schema_of

M = TypeVar("M", bound=Model)

NEW_ID = (
    "gen_random_uuid()"
    if POSTGRES_URL
    else "lower(printf('%s-%s-4000-8000-%s', hex(randomblob(4)), hex(randomblob(2)), hex(randomblob(6))))"
)
WAITING_FOR_EACH = """
INSERT INTO delivery (id, team_id, integration_id, run_id, position, occasion, status, attempt_count, next_attempt_at, held_back,
  created_at)
SELECT {id}, integration.team_id, integration.id, run.id, run.position, 'RUN', 'PENDING', 0, '{now}', run.position > 2, '{now}'
FROM integration CROSS JOIN monitor_run AS run WHERE run.position >= {begin} AND run.position < {end}"""

LOCKING = ' FOR UPDATE OF "delivery" SKIP LOCKED'
DUE_INDEX = ("held_back", "next_attempt_at", "created_at", "id")


async def test_of_an_integrations_backlog_the_first_is_due_and_each_lets_the_next_one_go(world: World) -> None:
    await world.add_integration()
    for _ in range(3):
        await world.report()
    seen = [await held_back()]

    for _ in range(2):
        await world.deliver()
        seen.append(await held_back())
        world.clock.advance(SECOND)

    assert seen == [[False, True, True], [False, False, True], [False, False, False]]


async def test_one_that_failed_five_times_lets_the_next_one_go(world: World) -> None:
    await world.add_integration()
    await world.report()
    await world.report()
    world.break_posting(5, fault="status", status=500)

    await world.deliver_for(180, step=5)
    before = await held_back()
    await world.deliver_for(1_020, step=5)

    assert before == [False, True]
    assert await held_back() == [False, False]


async def test_a_backlog_that_nobody_has_looked_at_is_held_back_by_the_claim_that_meets_it(world: World) -> None:
    integration = await world.add_integration()
    for _ in range(3):
        await world.report()
    await write(lambda: Delivery.all().update(held_back=False))  # as the version before makes them

    taken = await take(world)
    again = await take(world)

    assert [(len(each.leases), each.defer) for each in (taken, again)] == [(1, 2), (0, 0)]
    assert await held_back() == [False, True, True]
    assert await statuses(integration) == ["PENDING"] * 3


async def test_what_a_version_before_has_settled_lets_the_next_one_go_in_time(world: World) -> None:
    await world.add_integration()
    await world.add_integration(channel=MONITORING)
    for _ in range(3):
        await world.report()
    first = await Delivery.filter(position=1).first()
    assert first is not None
    await write(lambda: Delivery.filter(id=first.id).update(status=DeliveryStatus.DELIVERED, next_attempt_at=None))

    let_go = [await let_go_of_nothing() for _ in range(2)]

    assert let_go == [1, 0]
    assert await Delivery.filter(held_back=True).count() == 3
    assert not (await Delivery.get(integration_id=first.integration_id, position=2)).held_back


async def test_nothing_is_held_back_any_more_once_all_that_waits_has_ended(world: World) -> None:
    integration = await world.add_integration()
    for _ in range(3):
        await world.report()

    await world.turn(integration, lambda row, change: row.pause(now=change.now))

    assert await statuses(integration) == ["SKIPPED"] * 3
    assert await held_back() == [False] * 3


@pytest.mark.skipif(not POSTGRES_URL, reason="SQLite has one writer")
async def test_what_is_being_settled_holds_back_nothing_that_it_could_forget_to_let_go(world: World) -> None:
    await world.add_integration()
    await world.report()
    await world.report()
    await write(lambda: Delivery.all().update(held_back=False))
    locked, go_on = asyncio.Event(), asyncio.Event()

    async def settle(_: BaseDBAsyncClient) -> None:
        await Delivery.filter(position=1).select_for_update().first()
        locked.set()
        await go_on.wait()

    settling = asyncio.create_task(database.write(settle))
    await locked.wait()
    taken = await take(world)
    go_on.set()
    await settling

    assert (taken.leases, taken.defer) == ([], 0)
    assert await held_back() == [False, False]


async def test_beside_twenty_thousand_due_deliveries_a_claim_reads_what_it_takes_off_an_index(
    world: World, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    await make_backlog(world, integrations=100, runs=200)
    slots = Slots(POSTS)

    with caplog.at_level(logging.DEBUG, logger="tortoise.db_client"):
        taken = await take_due(owner=uuid4(), now=world.clock.now(), room=slots.room())
    query, values = due_query(caplog)
    plan = await explain(query, values)
    table = (await schema_of(database_url))["delivery"]

    assert len(taken.leases) == POSTS.of_grant
    assert next(index.name for index in table.indexes if index.columns == DUE_INDEX) in plan
    assert "Sort" not in plan
    assert "TEMP B-TREE" not in plan
    assert "Seq Scan on delivery" not in plan


@pytest.mark.endurance
async def test_beside_three_hundred_thousand_due_deliveries_a_claim_is_found_within_ten_milliseconds(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    await make_backlog(world, integrations=1_000, runs=300)
    claims, queries = [], []

    for _ in range(20):
        caplog.clear()
        began = time.perf_counter()
        with caplog.at_level(logging.DEBUG, logger="tortoise.db_client"):
            taken = await take(world)
        claims.append(time.perf_counter() - began)
        assert len(taken.leases) == POSTS.of_grant
        query, values = due_query(caplog)
        began = time.perf_counter()
        await database.current().execute_query_dict(query.removesuffix(LOCKING), values)
        queries.append(time.perf_counter() - began)

    say(f"beside 300,000, ms: claims of {POSTS.of_grant} {shown(claims)}; the query alone {shown(queries)}")
    assert min(queries) < 0.01


def shown(seconds: Sequence[float]) -> str:
    return f"least {min(seconds) * 1000:.1f}, median {median(seconds) * 1000:.1f}"


def due_query(caplog: pytest.LogCaptureFixture) -> tuple[str, list[object]]:
    """Return the one that looks for what is due, as it was asked."""
    said = [record.args for record in caplog.records if isinstance(record.args, tuple)]
    [(query, values)] = [(str(args[0]), args[1]) for args in said if 'AS "ahead"' in str(args[0])]
    assert isinstance(values, list)
    return query, values


async def take(world: World) -> Taken:
    return await take_due(owner=uuid4(), now=world.clock.now(), room=Slots(POSTS).room())


async def held_back() -> list[bool]:
    return [row.held_back for row in await Delivery.all().order_by("position")]


async def make_backlog(world: World, *, integrations: int, runs: int) -> None:
    """Have each integration wait for each run to be posted, as if they had been recorded one after another."""
    first = await world.add_integration(channel=GENERAL)
    recorded = (await world.report()).run
    [post] = await MonitoringPost.all()
    now = world.clock.now()
    of_all = [copy_of(first) for _ in range(integrations)]
    posts = [copy_of(post, integration_id=row.id, channel_id=f"C{n:08}") for n, row in enumerate(of_all)]
    of_each = [copy_of(recorded, run_id=f"more-{n}", position=n + 2) for n in range(runs)]
    await write(lambda: Integration.bulk_create(of_all))
    await write(lambda: MonitoringPost.bulk_create(posts))
    await write(lambda: MonitorRun.bulk_create(of_each))
    for begin in range(2, runs + 2, 20):
        await write_statement(WAITING_FOR_EACH.format(id=NEW_ID, now=now, begin=begin, end=begin + 20))
    if POSTGRES_URL:
        await write_statement("ANALYZE delivery")


async def write_statement(statement: str) -> None:
    await write(lambda: database.current().execute_query(statement))


async def explain(query: str, values: Sequence[object]) -> str:
    """Return how the database would find it."""
    how = "EXPLAIN" if POSTGRES_URL else "EXPLAIN QUERY PLAN"
    found = await database.current().execute_query_dict(f"{how} {query}", list(values))
    return "\n".join(str(value) for row in found for value in dict(row).values())


def copy_of(row: M, **changed: object) -> M:
    copied = row.clone(pk=uuid4())
    for name, value in changed.items():
        setattr(copied, name, value)
    return copied
