"""What is raised in the place of SQLite's errors: what Tortoise raises, or that the database is away."""

import contextlib
import sqlite3
from collections.abc import Iterator

from tortoise.exceptions import IntegrityError, OperationalError

from app.storage.outages import of_file


@contextlib.contextmanager
def translating() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise translated(error, writing=True) from error


def translated(error: sqlite3.Error, *, writing: bool) -> Exception:
    """Return what is raised in the place of SQLite's error."""
    if (away := of_file(error, writing=writing)) is not None:
        return away
    match error:
        case sqlite3.IntegrityError():
            return IntegrityError(error)
        case sqlite3.OperationalError():
            return OperationalError(error)
    return error
