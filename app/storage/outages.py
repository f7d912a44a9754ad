"""Outages of the database: what is one, how long it is waited for, and what may be tried again.

What a driver raises is sorted here, once, by what the server's code or SQLite's says (PostgreSQL, appendix A; SQLite, result
codes). What is no outage (a broken rule, a wrong statement) is None: that is for whoever asked.
"""

import asyncio
import random
import sqlite3
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeVar

import asyncpg
import structlog

from app.errors import ConfigurationError, DatabaseAway, OutcomeUnknown
from app.storage.addresses import SETTING, read_address

T = TypeVar("T")

AWAY = "The database is away for the moment: ask again."
BUSY = "The database is too busy for the moment: ask again."
FULL = "The database has no room left, so nothing can be saved: its operator has to make some. Then ask again."
READ_ONLY = "The database takes no changes at present: ask again. If it stays so, its operator has to look at it."
SHUT = "The database does not let the service in: its operator has to look at INSTALLED_APPS_DATABASE_URL."
UNTRUSTED = (
    "The database's certificate, or this service's own, is not accepted: its operator has to look at its sslmode and files."
)
CLEAR = "The database speaks no TLS, which its sslmode asks for: its operator has to look at INSTALLED_APPS_DATABASE_URL."
DAMAGED = "The database cannot be read as it is: its operator has to look at it."
UNKNOWN = "The database was lost while this was being saved: it may have been done. Read before you ask again."


TRIED_AGAIN, GIVEN_UP = "tried again", "given up"

RETRY_AFTER = "2"
"""What HTTP's Retry-After says beside each of these, in seconds."""


@dataclass(frozen=True)
class Patience:
    """How long the database is waited for, in seconds.

    For a fresh connection; a free one of the process' own (`place`); a statement; somebody else's lock; a transaction of
    ours in which nothing happens (the process is halted); a turn within the process, which is a team's or SQLite's one writer's.
    `pauses` lie between tries of what
    has not happened, each cut by `luck` (0 to 1) to at least half of it; no try begins after `tries`.
    `note` hears of each try that failed what came then.
    """

    connection: float = 5.0
    place: float = 10.0
    statement: float = 10.0
    lock: float = 5.0
    idle: float = 10.0
    turn: float = 20.0
    tries: float = 5.0
    pauses: tuple[float, ...] = (0.05, 0.2, 0.5, 1.0, 1.5, 1.5)
    luck: Callable[[], float] = field(default=random.random)
    note: Callable[[str], None] = field(default=lambda _then: None)

    def jittered(self) -> Iterator[float]:
        """Return the pauses of one series of tries."""
        return (pause * (1 + self.luck()) / 2 for pause in self.pauses)


PATIENCE = Patience()

_log = structlog.get_logger("database")


async def until_done(attempt: Callable[[], Awaitable[T]], *, patience: Patience) -> T:
    """Run `attempt` until it has happened: again where it has not, and where trying again may help. Raises DatabaseAway."""
    now = asyncio.get_running_loop().time
    end = now() + patience.tries
    for pause in patience.jittered():
        try:
            return await attempt()
        except DatabaseAway as away:
            if not away.passes or now() + pause > end:
                patience.note(GIVEN_UP)
                raise
            patience.note(TRIED_AGAIN)
            _log.info("tried again", fault=away.fault)
        await asyncio.sleep(pause)
    try:
        return await attempt()
    except DatabaseAway:
        patience.note(GIVEN_UP)
        raise


@asynccontextmanager
async def taking(turn: asyncio.Lock, *, patience: Patience) -> AsyncIterator[None]:
    """Hold the turn. Raises DatabaseAway for whoever would wait too long for it."""
    try:
        async with asyncio.timeout(patience.turn):
            await turn.acquire()
    except TimeoutError as error:
        raise DatabaseAway(BUSY, fault="no turn in time") from error
    try:
        yield
    finally:
        turn.release()


def unknown(fault: str) -> OutcomeUnknown:
    """Return what to say where nobody knows whether a commit has taken place."""
    return OutcomeUnknown(UNKNOWN, fault=fault, is_silent=True)


def unusable(away: DatabaseAway, *, url: str) -> ConfigurationError:
    """Return what a command says that cannot begin for it."""
    if not url.startswith("sqlite:"):
        address = read_address(url)
        if away.fault.startswith(_NO_SUCH_DATABASE):
            making = f"mend its name, or make it: {address.making}"
            return ConfigurationError(f"{SETTING}: the server has no database {address.shown}: {making}")
        if away.message == AWAY and not _is_told_by_server(away.fault):
            look = "see that a database server runs there, and that host and port are right."
            return ConfigurationError(f"{SETTING}: nothing answers at {address.places} ({away.fault}): {look}")
    advice = next((more for state, more in _ADVICE.items() if away.fault.startswith(state)), "")
    return ConfigurationError(f"{SETTING}: the database cannot be used now ({away.fault}). {away.message}{advice}")


def _is_told_by_server(fault: str) -> bool:
    code, _, name = fault.partition(" ")
    return len(code) == _CODE_LENGTH and code == code.upper() and bool(name)


def of_server(error: BaseException) -> DatabaseAway | None:
    """Sort what asyncpg raised; None for what is no outage."""
    match error:
        case asyncpg.PostgresError():
            return _of_state(error)
        case TimeoutError():
            return DatabaseAway(BUSY, fault="no answer in time", is_silent=True)
        case asyncpg.InterfaceError() if isinstance(error, ValueError):
            return None  # a value of ours that has no place in its column
        case asyncpg.InterfaceError() | asyncpg.InternalClientError() | OSError():
            return _of_tls(error) or DatabaseAway(AWAY, fault=type(error).__name__, passes=True, is_silent=True)
    return None


def of_file(error: BaseException, *, writing: bool) -> DatabaseAway | None:
    """Sort what SQLite raised; None for what is no outage. `writing`: in a transaction, rather than on the reading connection."""
    code = getattr(error, "sqlite_errorcode", None)
    if not isinstance(error, sqlite3.Error) or code is None:
        return None
    primary = code & 0xFF  # the rest of it says more of the same
    if primary == sqlite3.SQLITE_READONLY and not writing:
        return None
    message = _OF_FILE.get(primary)
    return DatabaseAway(message, fault=getattr(error, "sqlite_errorname", str(code))) if message is not None else None


def spoils_connection(away: DatabaseAway) -> bool:
    """Whether the connection to the server is of no use any more: it was lost, or leads to one that takes no changes."""
    return away.is_silent or away.message == READ_ONLY


def is_of_the_disk(error: BaseException) -> bool:
    """Whether SQLite's trouble is the file itself: what it has open is closed, so that the next one opens it anew."""
    return (getattr(error, "sqlite_errorcode", 0) & 0xFF) in _OF_DISK


def _of_state(error: asyncpg.PostgresError) -> DatabaseAway | None:
    state = error.sqlstate or ""
    fault = f"{state} {type(error).__name__}"
    if isinstance(error, asyncpg.InvalidCachedStatementError):  # a newer version has just migrated
        return DatabaseAway(BUSY, fault=fault, passes=True)
    if isinstance(error, asyncpg.ProtocolViolationError) and any(phrase in str(error) for phrase in _OF_POOLER):
        phrase, state = next(pair for pair in _OF_POOLER.items() if pair[0] in str(error))
        fault = f"{state} {phrase}"
    if state in _ENDED or state.startswith("08"):
        return DatabaseAway(AWAY, fault=fault, passes=True, is_silent=True)
    for beginning, (message, passes) in _OF_SERVER.items():
        if state.startswith(beginning):
            return DatabaseAway(message, fault=fault, passes=passes)
    return None


def _of_tls(error: Exception) -> DatabaseAway | None:
    if isinstance(error, ssl.SSLCertVerificationError) or "ALERT" in (getattr(error, "reason", None) or ""):
        why = getattr(error, "verify_message", "") or getattr(error, "reason", "")
        return DatabaseAway(UNTRUSTED, fault=f"TLS: {why.rstrip('.')}")
    if isinstance(error, ConnectionError) and str(error).endswith("rejected SSL upgrade"):  # asyncpg has no other name for it
        return DatabaseAway(CLEAR, fault="no TLS there")
    return None


_NO_SUCH_DATABASE = "3D000"
_CODE_LENGTH = 5

_ADVICE = {
    "28000": " It does not know the user, or lets nobody in from here, or not without TLS (sslmode=require).",
    "28P01": " The password is wrong, or the user is.",
}

_ENDED = frozenset({"25P03", "25P04", "40003", "57P01", "57P02", "57P03", "57P04", "57P05"})
"""The server has ended the connection, or is not there yet."""

_OF_SERVER = {
    "25006": (READ_ONLY, True),  # no longer the primary: another connection may reach the one that is
    "40": (BUSY, True),  # a deadlock, or a serialization failure: this transaction was undone for another's sake
    "55P03": (BUSY, False),  # a lock that was waited for long enough
    "57": (BUSY, False),  # the statement was cancelled: it took too long
    "53100": (FULL, False),
    "53300": (BUSY, True),
    "53": (BUSY, False),
    "58": (AWAY, False),  # the server's own disk
    "28": (SHUT, False),
    "3D": (SHUT, False),
}
"""Messages by the beginning of the code, the longer one first, and whether trying again at once may help."""

_OF_POOLER = {
    "no such database": _NO_SUCH_DATABASE,
    "no more connections allowed": "53300",
    "query_wait_timeout": "53300",
    "client_login_timeout": "53300",
}
"""What pgbouncer says under one code for all (08P01), and the server's own code for it."""

_OF_FILE = {
    sqlite3.SQLITE_BUSY: BUSY,
    sqlite3.SQLITE_LOCKED: BUSY,
    sqlite3.SQLITE_PROTOCOL: BUSY,
    sqlite3.SQLITE_NOMEM: BUSY,
    sqlite3.SQLITE_FULL: FULL,
    sqlite3.SQLITE_READONLY: READ_ONLY,
    sqlite3.SQLITE_IOERR: AWAY,
    sqlite3.SQLITE_CANTOPEN: AWAY,
    sqlite3.SQLITE_CORRUPT: DAMAGED,
    sqlite3.SQLITE_NOTADB: DAMAGED,
}

_OF_DISK = frozenset({sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN})
