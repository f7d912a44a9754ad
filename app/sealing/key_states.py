"""The states of the keyring's keys: a row a key, so that all processes agree."""

from datetime import datetime
from enum import StrEnum

from tortoise import fields
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.models import Model

from app.errors import ConfigurationError
from app.sealing.keyring import SETTING, Keyring
from app.sealing.keys import COMMITMENT_BYTES, SALT_BYTES, Entropy, Key

_PROVE = b"installed-apps/key/1"


class KeyUse(StrEnum):
    """PRIMARY wraps new data keys; DECRYPT_ONLY opens what it wrapped; RETIRED is needed by nothing."""

    PRIMARY = "PRIMARY"
    DECRYPT_ONLY = "DECRYPT_ONLY"
    RETIRED = "RETIRED"


class KeyState(Model):
    """The state of a key of the keyring. `primary_slot` is 1 for the primary and NULL for all others: there cannot be two.

    `proof` is empty bytes sealed under the key: another key under the same id does not pass for it.
    """

    id = fields.CharField(max_length=16, primary_key=True)
    state = fields.CharEnumField(KeyUse, max_length=32)
    primary_slot = fields.SmallIntField(null=True, unique=True)
    proof = fields.BinaryField(null=True)
    created_at = fields.DatetimeField()
    changed_at = fields.DatetimeField()

    class Meta:
        table = "key_state"

    @classmethod
    async def add(cls, key_id: str, key: Key, *, at: datetime, entropy: Entropy) -> "KeyState":
        """Save and return the row of a key that joins: it opens, and does not seal before it is promoted."""
        return await cls.create(
            id=key_id,
            state=KeyUse.DECRYPT_ONLY,
            primary_slot=None,
            proof=_prove(key_id, key, entropy=entropy),
            created_at=at,
            changed_at=at,
        )

    async def become(self, state: KeyUse, *, at: datetime) -> None:
        """Save the row in `state`; a primary must have been demoted before another key becomes it."""
        self.state = state
        self.primary_slot = 1 if state is KeyUse.PRIMARY else None
        self.changed_at = at
        await self.save(update_fields=["state", "primary_slot", "changed_at"])

    def is_proven_by(self, key: Key) -> bool:
        """Whether `key` is the one that this row was made for; false also where the proof is missing or was altered."""
        proof = bytes(self.proof or b"")
        return len(proof) >= SALT_BYTES + COMMITMENT_BYTES and key.made(proof, purpose=_PROVE)


async def lock_primary() -> KeyState:
    """Hold the primary's row until the commit, and return it: no key is promoted or retired meanwhile."""
    while True:
        if primary := await KeyState.filter(state=KeyUse.PRIMARY).select_for_update().get_or_none():
            return primary
        # It was demoted while we waited for it: the next statement sees its heir.
        if not await KeyState.filter(state=KeyUse.PRIMARY).exists():
            raise ConfigurationError(f"{SETTING}: no key is the primary yet: `serve` makes one of the keyring's keys it.")


async def settle_primary(_: BaseDBAsyncClient, *, keyring: Keyring, replaceable: bool, at: datetime, entropy: Entropy) -> None:
    """Give every key of the keyring a row, and see to it that one of them is the primary: the first that is not retired.

    `replaceable` says that nothing needs the primary of a keyring that was lost. Where something may, a primary that is not
    in the keyring raises ConfigurationError: another process may hold it, and both would take the place from each other.
    """
    rows = {row.id: row for row in await KeyState.all()}
    for key_id, key in keyring.items():
        if key_id not in rows:
            rows[key_id] = await KeyState.add(key_id, key, at=at, entropy=entropy)
        elif rows[key_id].proof is None:  # it was made by a version that kept none
            proof = _prove(key_id, key, entropy=entropy)
            await KeyState.filter(id=key_id, proof__isnull=True).update(proof=proof)
    primary = next((row for row in rows.values() if row.state is KeyUse.PRIMARY), None)
    if primary is not None and keyring.get(primary.id) is not None:
        return
    if primary is not None:
        if not replaceable:
            raise lacks_primary(primary.id)
        await primary.become(KeyUse.RETIRED, at=at)
    heir = next((rows[key_id] for key_id in keyring.ids if rows[key_id].state is not KeyUse.RETIRED), None)
    if heir is None:
        raise ConfigurationError(f"{SETTING}: every key of the keyring is retired: {', '.join(keyring.ids)}.")
    await heir.become(KeyUse.PRIMARY, at=at)


def lacks_primary(key_id: str) -> ConfigurationError:
    """Return what is said of a keyring that lacks the primary."""
    return ConfigurationError(
        f"{SETTING}: the keyring lacks key {key_id}, which is the primary: put the file that has it there. Where that is lost, "
        f"and nothing was sealed yet, `keys add --instead-of {key_id}` lets another take its place."
    )


def _prove(key_id: str, key: Key, *, entropy: Entropy) -> bytes:
    return key.seal(b"", purpose=_PROVE, context=key_id.encode(), entropy=entropy)
