"""The embedded database's files, which are for their owner alone: they hold everything but the keys that open its secrets."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from app.errors import ConfigurationError

_OWNER_ONLY = 0o600
_FOLDER_OF_OWNER = 0o700
_OTHERS = 0o077


def make_private(path: Path) -> None:
    """Have a database's file at `path`, empty where there was none, and its folder: what is made is for its owner alone.

    SQLite gives the files that it puts beside it the same mode. One that others could read is closed to them, if it is ours; a
    folder that was there stays as it is, as it may hold more than this. Raises ConfigurationError where neither can be.
    """
    try:
        path.parent.parent.mkdir(parents=True, exist_ok=True)
        path.parent.mkdir(mode=_FOLDER_OF_OWNER, exist_ok=True)
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT, _OWNER_ONLY))
    except OSError as error:
        at = f" ({error.filename})" if error.filename != str(path) else ""
        raise ConfigurationError(
            f"INSTALLED_APPS_DATABASE_URL, or DATA_DIR: there can be no file {path}: {error.strerror}{at}."
        ) from error
    for file in _files(path):
        if stat.S_IMODE(file.stat().st_mode) & _OTHERS and file.stat().st_uid == os.geteuid():
            file.chmod(_OWNER_ONLY)


def open_to_others(path: Path) -> Iterator[str]:
    """Yield for each of a database's files, and for its folder, that others than its owner can get at, how that is mended."""
    if path.parent.is_dir() and path.parent.stat().st_mode & _OTHERS:
        yield f"chmod 700 {path.parent}"
    for file in _files(path):
        if file.stat().st_mode & _OTHERS:
            yield f"chmod 600 {file}"


def _files(path: Path) -> Iterator[Path]:
    beside = (path.with_name(f"{path.name}{end}") for end in ("", "-wal", "-shm"))
    return (file for file in beside if file.is_file())
