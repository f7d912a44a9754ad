"""Rotation: a key is added, promoted once every live process holds it, and the one before it retired once nothing needs it.

Each step is one change that holds the primary's row, so that two operators, and processes that start meanwhile, wait their turn.
"""

import os
from functools import partial
from pathlib import Path

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.exceptions import IntegrityError

from app.clock import Clock
from app.errors import StatedProblem
from app.sealing.data_keys import DataKey
from app.sealing.key_states import KeyState, KeyUse, lacks_primary, lock_primary, settle_primary
from app.sealing.keyring import SETTING, Keyring, add_key, make_keyring, read_keyring
from app.sealing.keys import Entropy
from app.sealing.presence import LIVE_SECONDS, live_processes
from app.storage.database import write


async def add(path: Path, *, clock: Clock, entropy: Entropy = os.urandom) -> str:
    """Add a new key to the keyring file at `path`, and return its id: it opens, and does not seal before it is promoted.

    Killed between the file and the row, it leaves a key that gets its row from the next start or command.
    """
    key_id = add_key(path, entropy=entropy)
    try:
        await write(partial(_give_row, key_id=key_id, keyring=read_keyring(path), clock=clock, entropy=entropy))
    except IntegrityError:
        await KeyState.get(id=key_id)  # a process that was just starting has given it its row
    return key_id


async def begin(path: Path, *, instead_of: str | None, clock: Clock, entropy: Entropy = os.urandom) -> str:
    """Have a keyring file at `path` where nothing is sealed yet, and return the id of its key that is the primary from then on.

    A file that is there is kept. `instead_of` is the id of a primary that was lost. Raises StatedProblem, and changes nothing,
    where the database holds a data key, where another key is the primary, and where a live process holds the one that was lost.
    """
    await _refuse_second(instead_of, clock=clock)
    keyring = make_keyring(path, entropy=entropy)
    return await write(partial(_begin, keyring=keyring, instead_of=instead_of, clock=clock, entropy=entropy))


async def _refuse_second(lost: str | None, *, clock: Clock) -> None:
    if await DataKey.exists():
        raise StatedProblem(f"The database holds sealed values: put their own keyring where {SETTING} says.")
    primary = await KeyState.get_or_none(state=KeyUse.PRIMARY)
    if primary is None and lost is not None:
        raise StatedProblem(f"Key {lost} is not the primary: `keys add` alone makes the first.")
    if primary is not None and primary.id != lost:
        raise StatedProblem(lacks_primary(primary.id).message)
    holders = [process.name for process in await live_processes(now=clock.now()) if lost is not None and process.has(lost)]
    if holders:
        raise StatedProblem(f"Key {lost} is not lost: {', '.join(holders)} has it. Copy the keyring file from there.")


async def _begin(
    connection: BaseDBAsyncClient, *, keyring: Keyring, instead_of: str | None, clock: Clock, entropy: Entropy
) -> str:
    # Who makes a data key holds the primary's row: what is not there now will not be under the lost key.
    primary = await KeyState.filter(state=KeyUse.PRIMARY).select_for_update().get_or_none()
    is_lost = primary is not None and primary.id == instead_of and not await DataKey.all().exists()
    await settle_primary(connection, keyring=keyring, replaceable=is_lost, at=clock.now(), entropy=entropy)
    return (await lock_primary()).id


async def _give_row(_: BaseDBAsyncClient, *, key_id: str, keyring: Keyring, clock: Clock, entropy: Entropy) -> None:
    key = keyring.get(key_id)
    if key is not None and not await KeyState.filter(id=key_id).exists():
        await KeyState.add(key_id, key, at=clock.now(), entropy=entropy)


async def promote(key_id: str, *, keyring: Keyring, clock: Clock) -> None:
    """Let the key wrap data keys from now on; the present primary goes on opening what it wrapped.

    Raises StatedProblem, and changes nothing, when the key is unknown, retired, not in `keyring`, or when a live process has not
    reported it.
    """
    await write(partial(_promote, key_id=key_id, keyring=keyring, clock=clock))


async def _promote(_: BaseDBAsyncClient, *, key_id: str, keyring: Keyring, clock: Clock) -> None:
    primary = await lock_primary()
    heir = await _known(key_id)
    if heir.id == primary.id:
        return
    if heir.state is KeyUse.RETIRED:
        raise StatedProblem(f"Key {key_id} is retired: add a new one with `keys add`, and promote that.")
    if keyring.get(key_id) is None:
        raise StatedProblem(f"The keyring here lacks key {key_id}: copy the file to which it was added here first.")
    await _refuse_unreported(key_id, clock=clock)
    at = clock.now()
    await primary.become(KeyUse.DECRYPT_ONLY, at=at)
    await heir.become(KeyUse.PRIMARY, at=at)


async def _refuse_unreported(key_id: str, *, clock: Clock) -> None:
    processes = await live_processes(now=clock.now())
    lacking = [process.name for process in processes if not process.has(key_id)]
    if lacking:
        raise StatedProblem(
            f"Key {key_id} is not held yet by {len(lacking)} of {len(processes)} live processes: {', '.join(lacking)}. "
            "Copy the keyring file to their machines and try again: they read it within seconds. "
            f"One that has crashed counts for {LIVE_SECONDS:.0f} seconds."
        )


async def retire(key_id: str, *, clock: Clock) -> None:
    """Say that nothing needs the key any more: it may be removed from the keyring file.

    Raises StatedProblem, and changes nothing, when the key is unknown, is the primary, or wraps a data key.
    """
    await write(partial(_retire, key_id=key_id, clock=clock))


async def _retire(_: BaseDBAsyncClient, *, key_id: str, clock: Clock) -> None:
    # Data keys are wrapped by the primary alone, and by nobody else while its row is held: what is counted here stays so.
    primary = await lock_primary()
    row = await _known(key_id)
    if row.id == primary.id:
        raise StatedProblem(f"Key {key_id} is the primary: promote another with `keys promote` first.")
    needed = await DataKey.filter(key_id=key_id).count()
    if needed:
        these = "1 data key needs" if needed == 1 else f"{needed} data keys need"
        raise StatedProblem(f"{these} key {key_id}: wrap them anew with `keys rewrap` first.")
    if row.state is not KeyUse.RETIRED:
        await row.become(KeyUse.RETIRED, at=clock.now())


async def _known(key_id: str) -> KeyState:
    if row := await KeyState.get_or_none(id=key_id):
        return row
    raise StatedProblem(f"There is no key {key_id}: `keys list` names those that there are.")
