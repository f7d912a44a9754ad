"""Rewrapping: every data key that another key than the primary wraps is wrapped by the primary, and keeps its bits.

A batch is saved in one change that holds the primary's row, and of it only what is still as it was read. So it may be killed at
any moment and begun again, run beside another of its kind, and beside a promotion.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from tortoise.backends.base.client import BaseDBAsyncClient

from app.errors import SealError
from app.sealing.data_keys import DataKey, unwrap, wrap
from app.sealing.key_states import KeyState, KeyUse, lock_primary
from app.sealing.keyring import Keyring
from app.sealing.keys import Entropy
from app.sealing.vault import Vault
from app.storage.database import write

BATCH = 100


@dataclass(frozen=True, kw_only=True)
class Rewrapping:
    """How many data keys were wrapped anew, and which were left as they are, since they do not open."""

    primary: str
    rewrapped: int
    unopened: tuple[tuple[DataKey, SealError], ...]


async def rewrap(
    *, vault: Vault, progress: Callable[[int, int], None], entropy: Entropy = os.urandom, batch: int = BATCH
) -> Rewrapping:
    """Wrap anew what the primary does not wrap yet; return once there is nothing else left that opens.

    `progress` is told after each batch how many were wrapped anew so far, and how many there are in all.
    Raises KeyUnavailable when the keyring lacks the primary.
    """
    rewrapped = 0
    while True:
        primary = await KeyState.get(state=KeyUse.PRIMARY)
        vault.learn(primary.id)
        unopened: list[tuple[DataKey, SealError]] = []
        others = DataKey.exclude(key_id=primary.id)
        remaining = await others.count()
        last = UUID(int=0)
        while rows := await others.filter(id__gt=last).order_by("id").limit(batch):
            last = rows[-1].id
            anew = _wrap_anew(rows, primary=primary.id, keyring=vault.keyring, entropy=entropy, unopened=unopened)
            saved = await write(partial(_save, anew=anew, primary=primary.id))
            if saved is None:
                break
            rewrapped += saved
            progress(rewrapped, rewrapped + max(0, remaining - saved))
            remaining -= saved
        if await _is_done(primary.id, unopened=unopened):
            return Rewrapping(primary=primary.id, rewrapped=rewrapped, unopened=tuple(unopened))


_Anew = tuple[DataKey, bytes]
"""A data key as it was read, and how the primary wraps it."""


def _wrap_anew(
    rows: Sequence[DataKey], *, primary: str, keyring: Keyring, entropy: Entropy, unopened: list[tuple[DataKey, SealError]]
) -> list[_Anew]:
    anew = []
    for row in rows:
        try:
            bits = unwrap(row, keyring=keyring)
        except SealError as error:
            unopened.append((row, error))
        else:
            anew.append((row, wrap(bits, row, key_id=primary, keyring=keyring, entropy=entropy)))
    return anew


async def _save(_: BaseDBAsyncClient, *, anew: Sequence[_Anew], primary: str) -> int | None:
    """Save what is still as it was read, and return how many that were; None where the primary is another by now."""
    if (await lock_primary()).id != primary:
        return None
    saved = 0
    for row, wrapped in anew:
        as_read = DataKey.filter(id=row.id, key_id=row.key_id, version=row.version)
        saved += await as_read.update(key_id=primary, wrapped=wrapped, version=row.version + 1)
    return saved


async def _is_done(primary: str, *, unopened: Sequence[tuple[DataKey, SealError]]) -> bool:
    left = await DataKey.exclude(key_id=primary).values_list("id", flat=True)
    is_primary_still = await KeyState.filter(id=primary, state=KeyUse.PRIMARY).exists()
    return is_primary_still and set(left) <= {row.id for row, _ in unopened}
