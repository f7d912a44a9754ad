import asyncio
from uuid import uuid4

import pytest
from tortoise.exceptions import OperationalError

from app.log.counters import Counter
from app.monitors.models import Monitor
from app.storage import database as app_database
from app.storage.sqlite import is_too_old
from tests.held import HeldClock


@pytest.mark.usefixtures("database")
async def test_a_search_ignores_the_case_of_every_letter(clock: HeldClock) -> None:
    async def add(_connection: object) -> None:
        await Monitor.create(id=uuid4(), team_id=uuid4(), key="k", name="Großer Ärger", created_at=clock.now())

    await app_database.write(add)

    assert await Monitor.filter(name__icontains="ÄRGER").count() == 1


@pytest.mark.usefixtures("database")
async def test_a_write_inside_a_write_is_refused_and_leaves_the_database_usable() -> None:
    async def nested(_connection: object) -> None:
        await app_database.write(nested)

    with pytest.raises(RuntimeError):
        await app_database.write(nested)

    assert await Counter.all().count() == 0


async def test_what_does_not_come_through_write_cannot_write(database: str) -> None:
    if not app_database.is_embedded(database):
        return

    with pytest.raises(OperationalError):
        await Counter.create(team_id=uuid4(), sequence=0)

    assert await Counter.all().count() == 0


@pytest.mark.usefixtures("database")
async def test_a_read_beside_a_transaction_does_not_wait_for_it() -> None:
    began, go_on = asyncio.Event(), asyncio.Event()

    async def hold(_connection: object) -> None:
        await Counter.create(team_id=uuid4(), sequence=0)
        began.set()
        await go_on.wait()

    writing = asyncio.create_task(app_database.write(hold))
    await began.wait()
    async with asyncio.timeout(5):
        seen = await Counter.all().count()
    go_on.set()
    await writing

    assert seen == 0
    assert await Counter.all().count() == 1


def test_a_sqlite_without_returning_is_too_old() -> None:
    assert is_too_old((3, 34, 1))
    assert not is_too_old((3, 35, 0))
