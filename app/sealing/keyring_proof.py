"""The proof that a keyring opens what the database holds, before anything stands on it."""

import contextlib
from collections.abc import Mapping
from pathlib import Path

from app.errors import ConfigurationError, SealError
from app.sealing.data_keys import DataKey, unwrap
from app.sealing.key_states import KeyState, KeyUse
from app.sealing.keyring import SETTING, Keyring

_CANARIES = 5


async def prove(keyring: Keyring, *, needed: Mapping[str, int], path: Path) -> None:
    """Return when the keyring has every key that is `needed` (by how many data keys), and no other key under an id.

    Raises ConfigurationError naming the setting and the key ids when it does not.
    """
    lacking = {key_id: number for key_id, number in needed.items() if keyring.get(key_id) is None}
    if lacking:
        raise ConfigurationError(f"{SETTING}: {path} lacks {named(lacking)}.")
    rows = {row.id: row for row in await KeyState.all()}
    for key_id in keyring.ids:
        if key_id in needed or (key_id in rows and rows[key_id].state is not KeyUse.RETIRED):
            await _refuse_another_key(key_id, row=rows.get(key_id), is_needed=key_id in needed, keyring=keyring, path=path)


def named(needed: Mapping[str, int]) -> str:
    """Return the ids in words, with how many data keys need each."""
    return ", ".join(
        f"key {key_id} (for {number} data key{'' if number == 1 else 's'})" for key_id, number in sorted(needed.items())
    )


async def _refuse_another_key(key_id: str, *, row: KeyState | None, is_needed: bool, keyring: Keyring, path: Path) -> None:
    """Ask the key's row, and where that has no answer, unwrap a data key as a canary.

    A few more data keys are tried where that fails, since one damaged row must not stop every team.
    """
    key = keyring.get(key_id)
    if key is not None and row is not None and row.is_proven_by(key):
        return
    for canary in await DataKey.filter(key_id=key_id).order_by("created_at", "id").limit(_CANARIES):
        with contextlib.suppress(SealError):
            unwrap(canary, keyring=keyring)
            return
    if is_needed or (row is not None and row.proof is not None):
        raise ConfigurationError(f"{SETTING}: {path} has another key under {key_id} than the one the database needs.")
