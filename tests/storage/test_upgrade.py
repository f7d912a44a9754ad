"""What an upgrade leaves of a database: everything, and what the version before it needs."""

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest

from app.sealing.keyring import make_keyring
from app.service.tables import MIGRATIONS, MODELS
from app.storage import database, upgrade
from tests import databases, migrations
from tests.journeys.soaking import fresh_random, full, say, until
from tests.processes import Service
from tests.storage.schemas import ROWS_OF_EACH, Row, Schema, ask, fill, put_members, rows_of, schema_of, taken_away

VERSIONS = migrations.versions()
STEPS = list(pairwise(VERSIONS))
BETWEEN = pytest.mark.endurance
"""What a database of the first version shows, which comes through all of them, and the last step, each one between shows too."""

TEAM = UUID(int=77)
NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


async def test_the_migrations_make_what_the_models_say() -> None:
    assert list(await migrations.missing()) == []


@pytest.mark.parametrize("version", [VERSIONS[0], *(pytest.param(each, marks=BETWEEN) for each in VERSIONS[1:-1])])
async def test_a_database_of_each_earlier_version_becomes_like_a_new_one_and_keeps_every_row(
    version: str, database_url: str, tmp_path: Path
) -> None:
    async with databases.blank(tmp_path) as url:
        shape = await make_filled(url, version)
        before = await rows_of(url)
        assert {name: len(rows) for name, rows in before.items()} == dict.fromkeys(shape, ROWS_OF_EACH)

        await migrate(url)

        assert await schema_of(url) == await schema_of(database_url)
        assert as_known_to(shape, await rows_of(url)) == before


@pytest.mark.parametrize(("earlier", "later"), [*(pytest.param(*each, marks=BETWEEN) for each in STEPS[:-1]), STEPS[-1]])
async def test_each_version_only_adds_so_that_the_one_before_it_can_still_serve(earlier: str, later: str, tmp_path: Path) -> None:
    async with databases.blank(tmp_path) as one, databases.blank(tmp_path) as other:
        await migrations.make(one, earlier)
        await migrations.make(other, later)
        old, new = await schema_of(one), await schema_of(other)

        await fill(other, old, batch=1)

        assert taken_away(old, new) == []
        assert {name: len(rows) for name, rows in (await rows_of(other)).items() if name in old} == dict.fromkeys(
            old, ROWS_OF_EACH
        )


async def test_what_takes_something_away_from_the_version_before_is_found(database_url: str) -> None:
    old = await schema_of(database_url)
    run = old["monitor_run"]
    name, by_time = run.columns["run_id"], next(index for index in run.indexes if index.columns == ("recorded_at",))
    optional, filled = replace(name, is_required=False), replace(name, default="'none'")
    [reference] = run.references

    def found(**change: object) -> list[str]:
        return taken_away(old, old | {"monitor_run": replace(run, **change)})  # type: ignore[arg-type]  # each test names one

    assert taken_away(old, old | {"more": run}) == []
    assert found(columns={**run.columns, "more": optional}) == found(columns={**run.columns, "more": filled}) == []
    assert found(indexes=run.indexes | {replace(by_time, name="more", columns=("outcome",))}) == []
    assert taken_away(old, {each: table for each, table in old.items() if each != "pace"}) == ["the table pace is gone"]
    assert found(columns={**run.columns, "more": name}) == [
        "monitor_run: the new column more is required, without a default in the database"
    ]
    assert found(columns={**run.columns, "run_id": optional}) == [f"monitor_run: the column run_id was {name} and is {optional}"]
    assert found(columns={each: column for each, column in run.columns.items() if each != "run_id"}) == [
        f"monitor_run: the column run_id was {name} and is None"
    ]
    assert found(references=frozenset()) == [f"monitor_run: {reference} is gone"]
    assert found(references=run.references | {replace(reference, column="team_id")}) == [
        f"monitor_run: {replace(reference, column='team_id')} is new"
    ]
    assert found(indexes=run.indexes - {by_time}) == [f"monitor_run: {by_time} is gone"]
    wider = replace(by_time, name="more", columns=("recorded_at", "outcome"))
    assert found(indexes=run.indexes - {by_time} | {wider}) == []
    assert found(indexes=run.indexes - {by_time} | {replace(wider, columns=("outcome", "recorded_at"))}) == [
        f"monitor_run: {by_time} is gone"
    ]
    assert found(indexes=run.indexes | {replace(by_time, name="more", is_unique=True)}) == [
        "monitor_run: ('recorded_at',) have become unique"
    ]


async def test_members_whose_addresses_become_one_stay_apart_and_the_upgrade_says_who_they_are(tmp_path: Path) -> None:
    async with databases.blank(tmp_path) as url:
        await migrations.make(url, "0004_oidc_sign_in")
        emails = ("a@bücher.example", "a@xn--bcher-kva.example", "b@xn--bcher-kva.example", "ärger@x.org", "c@xn--a", "d@x.org")
        members = await put_members(url, emails, team_id=TEAM, moment=NOW)
        said: list[str] = []

        await upgrade.migrate(url, models=MODELS, migrations=MIGRATIONS, now=NOW, say=said.append)
        await upgrade.migrate(url, models=MODELS, migrations=MIGRATIONS, now=NOW, say=said.append)

        left = {str(row["id"]): row["email"] for row in await ask(url, "SELECT id, email FROM member")}
        kept = ("a@bücher.example", "a@xn--bcher-kva.example", "b@bücher.example", "ärger@x.org", "c@xn--a", "d@x.org")
        assert left == dict(zip(members, kept, strict=True))
        assert [line.partition(".")[0] for line in said] == [
            f"The members {members[1]} and {members[0]} of the team {TEAM} have one e-mail address in two spellings",
            f"Present members whose e-mail address has letters beyond ASCII before the @: 1, such as {members[3]}",
        ]


async def test_what_there_is_of_each_team_is_counted_by_the_upgrade_that_begins_to_keep_its_totals(tmp_path: Path) -> None:
    async with databases.blank(tmp_path) as url:
        await make_filled(url, "0017_lists_of_pages")
        first, second = [row["team_id"] for row in await ask(url, "SELECT team_id FROM counter ORDER BY team_id")]
        await ask(url, f"UPDATE integration SET team_id = '{first}', deleted_at = NULL")  # noqa: S608 - our own id
        await ask(url, f"UPDATE monitor SET team_id = '{second}'")  # noqa: S608 - as above

        await migrate(url)

        kept = await ask(url, "SELECT team_id, integrations, monitors FROM counter ORDER BY team_id")
        assert [tuple(row.values()) for row in kept] == [(first, ROWS_OF_EACH, 0), (second, 0, ROWS_OF_EACH)]


@pytest.mark.endurance
async def test_a_migration_killed_at_any_moment_is_completed_by_the_next_start(database_url: str, tmp_path: Path) -> None:
    random, fresh = fresh_random(), await schema_of(database_url)
    async with old_database(tmp_path) as old:
        shape, before = await schema_of(old), await rows_of(old)
        found = [0, 0]
        for number in range(full(200, ci=4)):
            async with databases.blank(tmp_path, of=old) as url:
                service = service_at(url, tmp_path)
                if number % 2:
                    await begin_to_change(service, url)
                else:
                    service.begin("migrate")
                    await asyncio.sleep(random.uniform(0, 3))  # while it starts, and copies
                await asyncio.sleep(random.uniform(0, 0.2))  # the moment of the kill
                service.kill()

                left = await schema_of(url)
                service.run("migrate")

                assert left in (shape, fresh)
                assert await schema_of(url) == fresh
                assert as_known_to(shape, await rows_of(url)) == before
                assert_copies_are_whole(url, tables=shape, rows=before)
                found[left == fresh] += 1
    say(f"killed before the commit: {found[0]}, behind it: {found[1]}")


@pytest.mark.endurance
async def test_processes_that_start_side_by_side_migrate_once(database_url: str, tmp_path: Path) -> None:
    async with old_database(tmp_path) as url:
        services = [service_at(url, tmp_path) for _ in range(3)]
        for service in services:
            service.begin("migrate")

        assert [service.process.wait(60) for service in services if service.process is not None] == [0, 0, 0]
        assert await schema_of(url) == await schema_of(database_url)


@pytest.mark.skipif(bool(databases.POSTGRES_URL), reason="a server's database is backed up with its own tools")
async def test_the_copy_that_is_named_is_the_database_as_it_was_for_its_owner_alone(tmp_path: Path) -> None:
    async with old_database(tmp_path) as url:
        shape, before = await schema_of(url), await rows_of(url)

        copied = await upgrade.migrate(url, models=MODELS, migrations=MIGRATIONS, now=NOW)
        again = await upgrade.migrate(url, models=MODELS, migrations=MIGRATIONS, now=NOW)

        path = Path(database.embedded_path(url))
        assert copied == path.with_name(f"{path.name}.before-20261122T100000")
        assert again is None
        assert (await schema_of(f"sqlite:///{copied}"), await rows_of(f"sqlite:///{copied}")) == (shape, before)
        assert copied.stat().st_mode & 0o777 == 0o600
        assert hidden(tmp_path) == []


@contextlib.asynccontextmanager
async def old_database(folder: Path) -> AsyncIterator[str]:
    """Yield a database of the first version, with rows in every table."""
    async with databases.blank(folder) as url:
        await make_filled(url, VERSIONS[0])
        databases.fold_log(url)
        yield url


async def make_filled(url: str, version: str) -> Schema:
    await migrations.make(url, version)
    shape = await schema_of(url)
    await fill(url, shape, batch=1)
    return shape


async def migrate(url: str) -> None:
    await upgrade.migrate(url, models=MODELS, migrations=MIGRATIONS, now=NOW)


def hidden(folder: Path) -> list[Path]:
    return list(folder.glob(".*"))


def as_known_to(shape: Schema, rows: dict[str, list[Row]]) -> dict[str, list[Row]]:
    """Return the rows as a version sees them that knows the shape's tables and columns only."""
    return {
        name: [{column: row[column] for column in table.columns} for row in rows.get(name, [])] for name, table in shape.items()
    }


def service_at(url: str, folder: Path) -> Service:
    keyring = folder / "keyring.json"
    if not keyring.exists():
        make_keyring(keyring)
    return Service(folder=folder, database_url=url)


async def begin_to_change(service: Service, url: str) -> None:
    """Start `migrate` and return when it has just been let into the database, to change it."""
    embedded = database.is_embedded(url)
    async with held_file(url) if embedded else held_server(url) as is_waiting:
        service.begin("migrate")
        await until(is_waiting, seconds=60)


@contextlib.asynccontextmanager
async def held_file(url: str) -> AsyncIterator[Callable[[], Awaitable[bool]]]:
    """Let nobody write; yield a way to see whether somebody has made the copy, and so is about to."""
    path = Path(database.embedded_path(url))

    async def is_waiting() -> bool:
        return bool(list(path.parent.glob(f"{path.name}.before-*")))

    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield is_waiting


@contextlib.asynccontextmanager
async def held_server(url: str) -> AsyncIterator[Callable[[], Awaitable[bool]]]:
    connection = await asyncpg.connect(url)

    async def is_waiting() -> bool:
        return bool(
            await connection.fetch("SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'tortoise_migrations'::regclass")
        )

    try:
        await connection.execute("BEGIN; LOCK TABLE tortoise_migrations")
        yield is_waiting
    finally:
        await connection.close()


def assert_copies_are_whole(url: str, *, tables: Schema, rows: dict[str, list[Row]]) -> None:
    if not database.is_embedded(url):
        return
    path = Path(database.embedded_path(url))
    for copy in path.parent.glob(f"{path.name}.before-*"):
        with contextlib.closing(sqlite3.connect(copy)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            counts = {name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in tables}  # noqa: S608
        assert counts == {name: len(each) for name, each in rows.items()}
