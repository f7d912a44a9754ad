"""What is written together is written whole, in its order, in one trip however much it is."""

import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.exceptions import IntegrityError

from app.log.counters import Counter
from app.monitors.models import Monitor, MonitorRun, RunOutcome
from app.storage import database
from app.storage.joined import Statement, joined
from app.storage.together import Insertion, Saving, Write, write_together

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
TEAM = UUID(int=1)


def monitor(key: str) -> Monitor:
    return Monitor(id=uuid4(), team_id=TEAM, key=key, name=key, created_at=NOON)


def run_of(of: Monitor, position: int) -> MonitorRun:
    return MonitorRun(
        id=uuid4(),
        team_id=TEAM,
        monitor_id=of.id,
        position=position,
        run_id=f"run-{position}",
        outcome=RunOutcome.PASSED,
        started_at=NOON,
        duration_ms=1,
        request_count=1,
        test_count=1,
        failed_test_count=0,
        error_count=0,
        failures_json="[]",
        recorded_at=NOON,
    )


async def write(make: Callable[[], Sequence[Write]]) -> None:
    async def together(_: BaseDBAsyncClient) -> None:
        await write_together(make())

    await database.write(together)


@pytest.mark.usefixtures("database")
async def test_rows_columns_and_updates_are_written_in_one_trip(caplog: pytest.LogCaptureFixture) -> None:
    first, second, counter = monitor("first"), monitor("second"), Counter(team_id=TEAM, sequence=0)
    await write(lambda: [Insertion(counter), Insertion(first)])
    first.name, counter.sequence, counter.used = "renamed", 7, "{}"

    with caplog.at_level(logging.DEBUG, logger="tortoise.db_client"):
        await write(
            lambda: [
                Insertion(second),
                *(Insertion(run_of(second, position)) for position in (1, 2)),
                Saving(counter, ["sequence"]),
                Monitor.filter(key="first").update(name="renamed"),
            ]
        )

    assert sorted([(row.key, row.name) for row in await Monitor.all()]) == [("first", "renamed"), ("second", "second")]
    runs = await MonitorRun.filter(monitor_id=second.id).order_by("position")
    assert [(row.position, row.outcome, row.recorded_at) for row in runs] == [
        (number, RunOutcome.PASSED, NOON) for number in (1, 2)
    ]
    assert [(row.sequence, row.used) for row in await Counter.all()] == [(7, None)]
    assert len(caplog.records) == 1, caplog.text


@pytest.mark.usefixtures("database")
async def test_where_one_is_refused_none_is_written() -> None:
    with pytest.raises(IntegrityError):
        await write(lambda: [Insertion(monitor("same")), Insertion(monitor("another")), Insertion(monitor("same"))])

    assert await Monitor.all().count() == 0


def test_statements_are_parts_of_one_with_values_of_their_own() -> None:
    insertion = Statement('INSERT INTO "a" ("b","c") VALUES ($1,$2)', [[1, 2], [3, 4]])
    update = Statement('UPDATE "d" SET "e"=$1 WHERE "f"=$2', [[5, 6]])

    assert list(joined([insertion, update])) == [
        (
            '"part_0" AS (INSERT INTO "a" ("b","c") VALUES ($1,$2),($3,$4)), "part_1" AS (UPDATE "d" SET "e"=$5 WHERE "f"=$6)',
            [1, 2, 3, 4, 5, 6],
        )
    ]


def test_more_values_than_a_statement_takes_are_several_statements() -> None:
    found = list(joined([Statement("INSERT INTO a VALUES ($1,$2)", [[number, number] for number in range(20_000)])]))

    assert [len(values) for _, values in found] == [30_000, 10_000]
    assert [value for _, values in found for value in values] == [number for number in range(20_000) for _ in range(2)]


@pytest.mark.usefixtures("database")
async def test_a_row_is_written_once_at_a_time_and_saved_anew_later() -> None:
    counter = Counter(team_id=TEAM, sequence=0)

    with pytest.raises(ValueError, match="A row is written twice at once: Counter"):
        await write(lambda: [Insertion(counter), Saving(counter, ["sequence"])])
    assert await Counter.all().count() == 0
    await write(lambda: [Insertion(counter)])
    counter.sequence = 2
    await database.write(lambda _: counter.save())

    assert [row.sequence for row in await Counter.all()] == [2]
