"""What is asked of the API in the name of the team, and what a test looks at beside that."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any, cast

from app.access.callers import Caller
from app.deliveries.models import Delivery, DeliveryStatus
from app.graphql.context import DEADLINE, Context
from app.graphql.execution.schema import Schema
from app.integrations.models import Integration
from app.log.counters import Counter
from app.log.events import Change, Event
from app.monitors.models import Monitor, MonitorRun
from app.sign_ins.models import StatusReason
from app.storage import database
from tests.deliveries.world import World


def context(world: World, caller: Caller | None = None, *, deadline: float = DEADLINE) -> Context:
    return Context(caller=caller or world.caller, services=world.services, request_id="a test's", deadline=deadline)


async def ask(
    schema: Schema, world: World, document: str, *, caller: Caller | None = None, deadline: float = DEADLINE, **variables: Any
) -> Any:
    asking = context(world, caller, deadline=deadline)
    answer = await schema.execute(document, variable_values=variables, context_value=asking)
    assert answer.errors is None, answer.errors
    return answer.data


@asynccontextmanager
async def watching(world: World) -> AsyncIterator[None]:
    task = asyncio.create_task(world.services.watcher.run())
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def rows() -> list[Any]:
    return [await model.all().values() for model in cast(Iterable[Any], (Monitor, MonitorRun, Delivery, Event, Counter))]


async def give(statuses_of: dict[str, DeliveryStatus]) -> None:
    for run_id, status in statuses_of.items():
        await database.update(Delivery.filter(run_id=(await MonitorRun.get(run_id=run_id)).id), status=status)


def stop(row: Integration, change: Change) -> object:
    return row.stop(StatusReason.REVOKED, "Revoked.", now=change.now)


def pause(row: Integration, change: Change) -> object:
    return row.pause(now=change.now)
