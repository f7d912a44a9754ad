"""The keyring's life: which keys there are, what needs them, and whether everything that they sealed still opens."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.clock import Clock
from app.errors import SealError
from app.sealing.data_keys import DataKey, count_data_keys, data_key_id_of, unwrap
from app.sealing.key_states import KeyState, KeyUse
from app.sealing.keyring import Keyring
from app.sealing.presence import live_processes
from app.sealing.vault import Binding, Vault


@dataclass(frozen=True, kw_only=True)
class KeyListing:
    """A key by its id: its row's state (None: no row yet), how many data keys need it, and whether this keyring has it.

    `lacking` names the live processes that do not hold it, as host:pid.
    """

    id: str
    state: KeyUse | None
    data_keys: int
    in_keyring: bool
    lacking: tuple[str, ...] = ()


async def list_keys(keyring: Keyring, *, clock: Clock) -> Sequence[KeyListing]:
    """Return every key that the keyring, a row or a data key names, by id."""
    states = {row.id: row.state for row in await KeyState.all()}
    needed = await count_data_keys()
    processes = await live_processes(now=clock.now())
    return [
        KeyListing(
            id=key_id,
            state=states.get(key_id),
            data_keys=needed.get(key_id, 0),
            in_keyring=keyring.get(key_id) is not None,
            lacking=tuple(process.name for process in processes if not process.has(key_id)),
        )
        for key_id in sorted({*keyring.ids, *states, *needed})
    ]


@dataclass(frozen=True, kw_only=True)
class Verification:
    """The values that opened, by the id of the key that their data key needs, and those that did not, with place and reason."""

    opened: dict[str, int]
    failures: tuple[tuple[Binding, SealError], ...]
    broken: tuple[tuple[DataKey, SealError], ...]


async def verify(values: Iterable[tuple[Binding, bytes]], *, keyring: Keyring, clock: Clock) -> Verification:
    """Open every data key and every one of `values`, reading each data key afresh."""
    vault = Vault(keyring, clock=clock)
    rows = {row.id: row for row in await DataKey.all()}
    opened: Counter[str] = Counter()
    failures: list[tuple[Binding, SealError]] = []
    for binding, sealed in values:
        try:
            await vault.open(sealed, bound_to=binding)
        except SealError as error:
            failures.append((binding, error))
        else:
            opened[rows[data_key_id_of(sealed)].key_id] += 1
    broken = tuple((row, why) for row in rows.values() if (why := _why_broken(row, keyring=keyring)) is not None)
    return Verification(opened=dict(opened), failures=tuple(failures), broken=broken)


def _why_broken(row: DataKey, *, keyring: Keyring) -> SealError | None:
    try:
        unwrap(row, keyring=keyring)
    except SealError as error:
        return error
    return None
