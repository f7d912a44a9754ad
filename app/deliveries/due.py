"""Whether anything is due: asked by every worker again and again, most often for nothing."""

from datetime import datetime, timedelta
from functools import cache

from app.clock import APART
from app.deliveries.models import WAITING_IN_SQL, Queued, table_of
from app.storage import database


async def is_any_due(model: type[Queued], *, now: datetime, lease: timedelta) -> bool:
    """Return whether anything is due that nobody has leased; a lease lasts so long. Nothing is locked for that.

    What a clock put off that was set back since is due, too.
    """
    connection = database.current()
    statement = _write(table_of(model), "?" if connection.capabilities.dialect == "sqlite" else "$")
    [row] = await database.read(connection, statement, [now, now + APART, now + lease + APART])
    return row["found"] is not None


@cache
def _write(table: str, mark: str) -> str:
    """Write a SELECT of the first of each index that is read, in its order: without one a server may look through the table."""
    now, apart, longest = (f"{mark}{number}" for number in (1, 2, 3))
    free = f"""
"status" IN ({WAITING_IN_SQL}) AND "held_back" = false
AND ("lease_until" IS NULL OR "lease_until" <= {now} OR "lease_until" > {longest})"""
    firsts = (
        f'"next_attempt_at" <= {now} AND {free} ORDER BY "next_attempt_at"',
        f'"put_off_at" > {apart} AND {free} ORDER BY "put_off_at"',
        f'"created_at" > {apart} AND "put_off_at" IS NULL AND {free} ORDER BY "created_at"',
    )
    each = ", ".join(f'(SELECT 1 FROM "{table}" WHERE {first} LIMIT 1)' for first in firsts)  # noqa: S608 - no value in it
    return f"SELECT COALESCE({each}) AS found"
