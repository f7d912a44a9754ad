"""Machines with a keyring file each, and what runs on them: for tests of the keys' life."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

from app.clock import Clock
from app.sealing.data_keys import DataKey
from app.sealing.key_states import KeyState, KeyUse
from app.sealing.presence import Presence
from app.sealing.secret import Secret
from app.sealing.vault import Binding, Vault, open_vault
from app.storage.database import write


@dataclass
class Machine:
    """A folder with a keyring file, and the process that runs there."""

    path: Path
    clock: Clock
    vault: Vault
    presence: Presence

    async def leave(self) -> None:
        await write(self.presence.leave)

    def take_file_of(self, other: "Machine") -> None:
        copy_file(other.path, self.path)


async def start(path: Path, *, clock: Clock, embedded: bool = True) -> Machine:
    """Start a process over the keyring file there; it has reported itself."""
    vault = await open_vault(path, embedded=embedded, clock=clock)
    presence = Presence(vault, clock=clock)
    await write(presence.announce)
    return Machine(path, clock, vault, presence)


def copy_file(source: Path, target: Path) -> None:
    """Copy as an operator should: whole, and then in place at once."""
    target.parent.mkdir(exist_ok=True)
    ready = target.with_name(f".{target.name}.{uuid4().hex}")
    shutil.copy(source, ready)
    ready.replace(target)


def place(team_id: UUID) -> Binding:
    return Binding(team_id=team_id, table="grant", column="token", row_id=team_id, origin="https://git.example.com", generation=1)


async def seal_for_teams(vault: Vault, *, count: int) -> dict[UUID, bytes]:
    """Seal a value, its team's id, for each of so many new teams."""
    teams = [uuid4() for _ in range(count)]
    return {team_id: await vault.seal(Secret(str(team_id)), bound_to=place(team_id)) for team_id in teams}


async def assert_all_open(sealed: dict[UUID, bytes], *, vault: Vault, clock: Clock) -> None:
    """Every value opens with what the process holds or finds in its file, without the data keys that it has unwrapped before."""
    cold = Vault(vault.keyring, clock=clock, path=vault.path)
    for team_id, value in sealed.items():
        assert (await cold.open(value, bound_to=place(team_id))).reveal() == str(team_id)


async def states() -> dict[str, KeyUse]:
    return {row.id: row.state for row in await KeyState.all()}


async def wrapped_by() -> dict[str, int]:
    """Return how many data keys each key wraps."""
    found: dict[str, int] = {}
    for row in await DataKey.all():
        found[row.key_id] = found.get(row.key_id, 0) + 1
    return found


async def rows_of_all_keys() -> list[object]:
    return [*await KeyState.all().order_by("id").values(), *await DataKey.all().order_by("id").values()]


def quiet(_rewrapped: int, _of: int) -> None:
    """Hear of progress and say nothing."""
