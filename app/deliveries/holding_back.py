"""An integration's deliveries that wait for one another: the first of them is due, the others are kept out of the way.

However long an integration's backlog is, a worker that looks for what is due meets one delivery of it. The others are marked as
`held_back`. Whatever takes the first one out of their way lets the next one go, in the same change.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.expressions import RawSQL

from app.deliveries.models import HELD_BACK_BY, WAITING_IN_SQL, Delivery, Queued, table_of
from app.integrations.kinds.contract import Listener
from app.storage import database
from app.storage.written import Written

_LET_GO_OF_NOTHING = f"""UPDATE "{{table}}" SET "held_back" = false
WHERE "held_back" = true AND ("integration_id", "position") IN (
    SELECT "integration_id", MIN("position") FROM "{{table}}" WHERE "held_back" = true GROUP BY "integration_id"
) AND NOT EXISTS (
    SELECT 1 FROM "{{table}}" AS "ahead"
    WHERE "ahead"."integration_id" = "{{table}}"."integration_id" AND "ahead"."status" IN ({WAITING_IN_SQL})
    AND "ahead"."position" < "{{table}}"."position" AND "ahead"."attempt_count" < {HELD_BACK_BY}
)"""  # noqa: S608 - no value from outside is in it


def first_held_back(model: type[Queued]) -> RawSQL:
    """Return the one that goes next in the integration of one that is read, if any is held back."""
    table = table_of(model)
    return RawSQL(f"""(
    SELECT "next"."id" FROM "{table}" AS "next" WHERE "next"."integration_id" = "{table}"."integration_id"
    AND "next"."status" IN ({WAITING_IN_SQL}) AND "next"."held_back" = true ORDER BY "next"."position" LIMIT 1
)""")  # noqa: S608 - no value from outside is in it


def _last_position(table: str, *, of: str) -> str:
    return f'(SELECT MAX("{table}"."position") FROM "{table}" WHERE "{table}"."integration_id" = {of})'  # noqa: S608 - as above


def _waits(table: str, *, of: str) -> str:
    return f"""(
    SELECT "ahead"."id" FROM "{table}" AS "ahead" WHERE "ahead"."integration_id" = {of}
    AND "ahead"."status" IN ({WAITING_IN_SQL}) AND "ahead"."attempt_count" < {HELD_BACK_BY} LIMIT 1
)"""  # noqa: S608 - as above


@cache
def _last(model: type[Queued]) -> Written[Queued]:
    ahead = RawSQL(_waits(table_of(model), of=f'"{table_of(model)}"."integration_id"'))
    return Written(lambda key: model.filter(integration_id=key).annotate(ahead=ahead).order_by("-position").limit(1))


QUEUE: Mapping[str, str] = {
    "last": _last_position(table_of(Delivery), of='"integration"."id"'),
    "ahead": _waits(table_of(Delivery), of='"integration"."id"'),
}
"""What tells where the next delivery of a run stands, found with who hears of the run."""


@dataclass(frozen=True)
class Queue:
    """Where an integration's next delivery stands: behind that position, and held back by another or not."""

    last: int
    is_held_back: bool


async def find_queue(integration_id: UUID, *, of: type[Queued]) -> Queue:
    """Return where the next one stands. Within a change of its team."""
    last: Any = await _last(of).ask_one(integration_id)
    return Queue(last.position, last.ahead is not None) if last is not None else Queue(0, is_held_back=False)


def queue_of(listener: Listener[Any]) -> Queue:
    """Return the same of who hears of a run, as it was found with QUEUE."""
    return Queue(listener.found["last"] or 0, listener.found["ahead"] is not None)


async def let_next_go(settled: Queued) -> None:
    """Have the one behind it looked at again, which was read with it as `next`: it is out of its way. Within a change."""
    following: UUID | str | None = settled.next  # type: ignore[attr-defined]  # it is annotated
    if following is not None:
        await type(settled).filter(id=following).update(held_back=False)


async def let_go_of_nothing(model: type[Queued] = Delivery) -> int:
    """Let go what is held back though nothing of its integration goes before; return how many that were."""
    if not await model.exists(held_back=True):
        return 0
    statement = _LET_GO_OF_NOTHING.format(table=table_of(model))

    async def run(connection: BaseDBAsyncClient) -> int:
        number, _ = await connection.execute_query(statement)
        return number

    return await database.write(run)
