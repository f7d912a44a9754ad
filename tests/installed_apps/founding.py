"""The team that each world begins with: founded once a process by the real actions, then put as rows into each test's own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from app.access.callers import Caller
from app.sealing.keyring import is_keyring_there
from app.storage import database
from app.teams.models import Team
from tests import databases


@dataclass(frozen=True)
class Founding:
    """What there is once a team was founded at a moment: the keyring file, every row, and the callers."""

    keyring: bytes
    rows: Mapping[str, Sequence[Mapping[str, Any]]]
    callers: tuple[Caller, ...]

    async def repeat(self, keyring: Path) -> tuple[Caller, ...]:
        """Put it into the database that is open, before its vault is, and return the callers with credentials of their own."""
        _write(keyring, self.keyring)
        await databases.put(self.rows)
        return tuple(replace(caller, credential_id=uuid4()) for caller in self.callers)


async def is_due(keyring: Path) -> bool:
    """Return whether there is nothing yet in the folder of the keyring and the database that is open."""
    return not is_keyring_there(keyring) and not await Team.exists()


def find(moment: datetime) -> Founding | None:
    """Return what was founded at that moment beside the kind of database that is open; None where nothing was yet."""
    return _kept.get((moment, database.current().capabilities.dialect))


async def keep(moment: datetime, *, keyring: Path, callers: Sequence[Caller]) -> None:
    """Keep what there is now, which is nothing but what was founded."""
    _kept[moment, database.current().capabilities.dialect] = Founding(_read(keyring), await databases.rows(), tuple(callers))


_kept: dict[tuple[datetime, str], Founding] = {}


def _write(path: Path, content: bytes) -> None:
    path.touch(mode=0o600)
    path.write_bytes(content)


def _read(path: Path) -> bytes:
    return path.read_bytes()
