"""Conditions that Tortoise has no words for, on both databases."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from tortoise.expressions import Q
from tortoise.queryset import QuerySet

from app.log.events import Event
from app.monitors.models import Monitor
from app.storage import database as storage
from app.storage.conditions import Contains, Unindexed
from app.storage.together import Insertion, write_together
from tests import databases
from tests.journeys.soaking import fresh_random, full

TEXTS = full(2_000, ci=100)


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    ("text", "found"),
    [("ÄRGER", True), ("lAUf", True), ("nachtsÄrger", False), ("nachts rger", False), ("%", False), ("_", False), ("\\", False)],
)
async def test_a_text_is_found_in_one_of_the_columns_in_upper_or_lower_case(text: str, found: bool) -> None:
    await _record(Monitor(id=uuid4(), team_id=uuid4(), key="Lauf nachts", name="Ärger", created_at=datetime.now(UTC)))

    assert await Monitor.filter(Contains(text, ("key", "name"))).exists() is found
    assert await Monitor.filter(Contains(text, ("key", "name")) | Q(key="Lauf nachts")).exists()


@pytest.mark.usefixtures("database")
@pytest.mark.skipif(bool(databases.POSTGRES_URL), reason="this run is PostgreSQL's")
async def test_a_file_finds_whatever_has_the_capitals_of_the_text_in_it() -> None:
    random, letters = fresh_random(), "aAbBsSiIfF%_\\'\" éÉßſıİﬁǆ"
    names = ["".join(random.choices(letters, k=random.randrange(1, 8))) for _ in range(300)]
    texts = {"".join(random.choices(letters, k=random.randrange(1, 4))) for _ in range(TEXTS)} | set(letters)
    team = uuid4()
    now = datetime.now(UTC)
    rows = [Monitor(id=uuid4(), team_id=team, key=f"{n} {name}", name=name, created_at=now) for n, name in enumerate(names)]
    await storage.write(lambda _: write_together(map(Insertion, rows)))

    for text in texts:
        found = await Monitor.filter(Contains(text, ("key", "name")), team_id=team).values_list("name", flat=True)

        has_it = [row.name for row in rows if text.upper() in f"{row.key}\n{row.name}".upper()]
        assert sorted(map(str, found)) == sorted(has_it), text


@pytest.mark.usefixtures("database")
async def test_no_index_is_asked_for_what_is_looked_through() -> None:
    log, of_subject = Event.filter(team_id=uuid4()).order_by("type", "sequence"), Q(subject_id=uuid4())

    assert "subject_id" in await _asked_of_index(log.filter(of_subject))
    assert "subject_id" not in await _asked_of_index(log.filter(Unindexed(of_subject)))


@pytest.mark.usefixtures("database")
async def test_what_is_looked_through_for_everything_is_everything() -> None:
    await _record(Monitor(id=uuid4(), team_id=uuid4(), key="smoke", name="Smoke", created_at=datetime.now(UTC)))

    assert await Monitor.filter(Unindexed(Q())).count() == 1
    assert await Monitor.filter(Unindexed(Q(key="smoke"))).count() == 1
    assert await Monitor.filter(Unindexed(Q(key="other"))).count() == 0


async def _record(monitor: Monitor) -> None:
    async def save(_connection: object) -> None:
        await monitor.save(force_create=True)

    await storage.write(save)


async def _asked_of_index(rows: QuerySet[Event]) -> str:
    connection = storage.current()
    is_server = connection.capabilities.dialect == "postgres"
    plan = await connection.execute_query_dict(
        f"{'EXPLAIN' if is_server else 'EXPLAIN QUERY PLAN'} {rows.sql(params_inline=True)}"
    )
    lines = [str(line["QUERY PLAN" if is_server else "detail"]) for line in plan]
    return "\n".join(line for line in lines if "Index Cond" in line or "USING INDEX" in line)
