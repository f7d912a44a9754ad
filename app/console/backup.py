"""A backup of the embedded database, taken while others serve from it."""

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from app.console.serving import database_file
from app.errors import ConfigurationError, StatedProblem
from app.settings import Settings
from app.storage import sqlite

_OWNER_ONLY = 0o600


def back_up(settings: Settings, target: Path) -> str:
    """Copy the embedded database to `target`, which appears whole or not at all, for its owner alone; return what to do with it.

    Raises StatedProblem when there is something at `target`, it cannot be written, or the database is a server's;
    ConfigurationError when there is no database.
    """
    source = database_file(settings)
    if source is None:
        raise StatedProblem(
            "INSTALLED_APPS_DATABASE_URL names a database server: back it up with its own pg_dump, its password in a PGPASSFILE."
        )
    if not source.exists():
        raise ConfigurationError(f"There is no database in {settings.data_dir.resolve()} (INSTALLED_APPS_DATA_DIR).")
    with _problems_named(target), _empty_beside(target) as ready:
        sqlite.copy(str(source), str(ready))
        _sync(ready)
        target.hardlink_to(ready)
        _sync(target.parent)
    return f"Copied to {target}. The keyring is not in it: keep {settings.keyring} somewhere else."


@contextlib.contextmanager
def _problems_named(target: Path) -> Iterator[None]:
    try:
        yield
    except FileExistsError:
        raise StatedProblem(f"There is something at {target} already: name a file that is not there.") from None
    except OSError as error:
        raise StatedProblem(f"{target}: {error.strerror}.") from None
    except sqlite3.Error as error:
        raise StatedProblem(f"{target}: the database could not be copied ({error}).") from None


@contextlib.contextmanager
def _empty_beside(target: Path) -> Iterator[Path]:
    """Give an empty file next to `target`; it is gone afterwards."""
    if target.exists():
        raise FileExistsError
    ready = target.with_name(f".{target.name}.{os.urandom(8).hex()}")
    try:
        os.close(os.open(ready, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY))
        yield ready
    finally:
        ready.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
