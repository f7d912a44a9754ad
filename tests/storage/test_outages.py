"""What counts as an outage, and what follows from it."""

import sqlite3

import asyncpg
import pytest

from app.errors import DatabaseAway
from app.storage.outages import AWAY, BUSY, FULL, READ_ONLY, SHUT, Patience, of_file, of_server, until_done, unusable


@pytest.mark.parametrize(
    ("error", "message", "passes", "is_silent"),
    [
        (asyncpg.AdminShutdownError(""), AWAY, True, True),
        (asyncpg.CannotConnectNowError(""), AWAY, True, True),
        (asyncpg.ConnectionDoesNotExistError(""), AWAY, True, True),
        (asyncpg.IdleInTransactionSessionTimeoutError(""), AWAY, True, True),
        (asyncpg.InterfaceError("connection is closed"), AWAY, True, True),
        (ConnectionRefusedError(), AWAY, True, True),
        (OSError(113, "No route to host"), AWAY, True, True),
        (TimeoutError(), BUSY, False, True),
        (asyncpg.DeadlockDetectedError(""), BUSY, True, False),
        (asyncpg.SerializationError(""), BUSY, True, False),
        (asyncpg.TooManyConnectionsError(""), BUSY, True, False),
        (asyncpg.LockNotAvailableError(""), BUSY, False, False),
        (asyncpg.QueryCanceledError(""), BUSY, False, False),
        (asyncpg.DiskFullError(""), FULL, False, False),
        (asyncpg.ReadOnlySQLTransactionError(""), READ_ONLY, True, False),
        (asyncpg.InvalidPasswordError(""), SHUT, False, False),
        (asyncpg.InvalidCatalogNameError(""), SHUT, False, False),
    ],
)
def test_what_the_server_says_is_sorted_by_its_code(error: Exception, message: str, *, passes: bool, is_silent: bool) -> None:
    away = of_server(error)

    assert away is not None
    assert (away.message, away.passes, away.is_silent) == (message, passes, is_silent)


def test_a_database_that_is_not_there_is_told_by_its_name_and_without_the_password() -> None:
    away = of_server(asyncpg.InvalidCatalogNameError(""))
    assert away is not None

    said = unusable(away, url="postgres://ada:s3cret@db.example.com:5433/apps%5Ftest").message

    assert said == (
        'INSTALLED_APPS_DATABASE_URL: the server has no database "apps_test": mend its name, or make it: '
        "CREATE DATABASE \"apps_test\" ENCODING 'UTF8' TEMPLATE template0;"
    )


SHUT_OUT = "The database does not let the service in: its operator has to look at INSTALLED_APPS_DATABASE_URL."
NOBODY_THERE = "nothing answers at db.example.com:5433, 10.0.0.7:5432 (ConnectionRefusedError)"
NO_SUCH_USER = "It does not know the user, or lets nobody in from here, or not without TLS (sslmode=require)."


@pytest.mark.parametrize(
    ("error", "end"),
    [
        (ConnectionRefusedError(), f"{NOBODY_THERE}: see that a database server runs there, and that host and port are right."),
        (
            asyncpg.InvalidAuthorizationSpecificationError(""),
            f"the database cannot be used now (28000 InvalidAuthorizationSpecificationError). {SHUT_OUT} {NO_SUCH_USER}",
        ),
        (
            asyncpg.InvalidPasswordError(""),
            f"the database cannot be used now (28P01 InvalidPasswordError). {SHUT_OUT} The password is wrong, or the user is.",
        ),
    ],
)
def test_who_cannot_begin_is_told_where_it_looked_and_what_may_be_wrong(error: Exception, end: str) -> None:
    away = of_server(error)
    assert away is not None

    said = unusable(away, url="postgres://ada:s3cret@db.example.com:5433,10.0.0.7/apps").message

    assert said == f"INSTALLED_APPS_DATABASE_URL: {end}"


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.UniqueViolationError(""),
        asyncpg.UndefinedTableError(""),
        asyncpg.InFailedSQLTransactionError(""),
        asyncpg.exceptions._base.DataError("invalid input for query argument $1: 'a value'"),  # noqa: SLF001 - it has no public name
        LookupError(),
    ],
)
def test_a_broken_rule_is_no_outage(error: Exception) -> None:
    assert of_server(error) is None
    assert of_file(error, writing=True) is None


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (sqlite3.SQLITE_BUSY, BUSY),
        (sqlite3.SQLITE_BUSY_RECOVERY, BUSY),
        (sqlite3.SQLITE_FULL, FULL),
        (sqlite3.SQLITE_READONLY, READ_ONLY),
        (sqlite3.SQLITE_IOERR_FSYNC, AWAY),
        (sqlite3.SQLITE_CANTOPEN, AWAY),
    ],
)
def test_what_sqlite_says_is_sorted_by_its_code(code: int, message: str) -> None:
    error = sqlite3.OperationalError("words")
    error.sqlite_errorcode, error.sqlite_errorname = code, "NAME"

    away = of_file(error, writing=True)

    assert away is not None
    assert (away.message, away.fault, away.passes) == (message, "NAME", False)


async def test_what_passes_is_tried_again_until_it_has_happened() -> None:
    failures = [DatabaseAway(BUSY, fault="deadlock", passes=True) for _ in range(2)]

    async def attempt() -> str:
        if failures:
            raise failures.pop()
        return "done"

    assert await until_done(attempt, patience=Patience(pauses=(0.0, 0.0, 0.0))) == "done"


async def test_what_does_not_pass_is_not_tried_again_and_what_passes_not_for_ever() -> None:
    tries = 0

    async def attempt(error: DatabaseAway) -> None:
        nonlocal tries
        tries += 1
        raise error

    patience = Patience(pauses=(0.0, 0.0))
    with pytest.raises(DatabaseAway):
        await until_done(lambda: attempt(DatabaseAway(FULL, fault="full")), patience=patience)
    assert tries == 1

    with pytest.raises(DatabaseAway):
        await until_done(lambda: attempt(DatabaseAway(BUSY, fault="deadlock", passes=True)), patience=patience)
    assert tries == 1 + 3


def test_pauses_differ_so_that_those_in_each_others_way_do_not_meet_again() -> None:
    assert list(Patience(pauses=(1.0, 2.0), luck=lambda: 0.0).jittered()) == [0.5, 1.0]
    assert list(Patience(pauses=(1.0, 2.0), luck=lambda: 1.0).jittered()) == [1.0, 2.0]
