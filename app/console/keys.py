"""The keyring's life, as the command line shows it."""

from collections.abc import AsyncIterator
from uuid import UUID

from app import database, keyring_life
from app.data_keys import DataKey
from app.errors import StatedProblem
from app.ground import Ground
from app.keyring import is_keyring_there, make_keyring
from app.settings import Settings
from app.sign_ins.models import Authorization, Grant, OAuthClient
from app.tables import MODELS
from app.vault import Binding

_BATCH = 500
_SEALED = (
    (Grant, ("sealed_access", "sealed_refresh")),
    (Authorization, ("sealed_ticket", "sealed_verifier")),
    (OAuthClient, ("sealed_secret",)),
)


async def list_keys(*, ground: Ground) -> list[str]:
    """Return a line for each key: its id, its use, how many data keys need it, and whether the keyring has it."""
    return [
        f"{key.id}  {key.state or 'unused':<12}  {key.data_keys:>6} data keys  {_where(in_keyring=key.in_keyring)}"
        for key in await keyring_life.list_keys(ground.vault.keyring)
    ]


def _where(*, in_keyring: bool) -> str:
    return "in the keyring" if in_keyring else "MISSING"


async def add(settings: Settings) -> str:
    """Make the keyring file where there is none, and return its key's id.

    Raises StatedProblem when there is a keyring, or the database holds values that another keyring sealed.
    """
    if is_keyring_there(settings.keyring):
        raise StatedProblem(f"There is a keyring at {settings.keyring} already.")
    await database.connect(settings.database, models=MODELS)
    try:
        if await DataKey.exists():
            raise StatedProblem("The database holds sealed values: put their own keyring where INSTALLED_APPS_KEYRING_FILE says.")
        return make_keyring(settings.keyring).ids[0]
    finally:
        await database.close()


async def verify(*, ground: Ground) -> list[str]:
    """Open every sealed value; return how many opened under each key. Raises StatedProblem when one does not open."""
    values = [value async for value in _sealed_values()]
    outcome = await keyring_life.verify(values, keyring=ground.vault.keyring, clock=ground.clock)
    if outcome.failures:
        places = "\n".join(
            f"{binding.table}.{binding.column} of {binding.row_id}: {error.message}" for binding, error in outcome.failures
        )
        raise StatedProblem(f"{len(outcome.failures)} sealed values do not open:\n{places}")
    return [f"{key_id}  {count} values opened" for key_id, count in outcome.opened.items()] or ["No value is sealed yet."]


async def _sealed_values() -> AsyncIterator[tuple[Binding, bytes]]:
    for model, columns in _SEALED:
        last = UUID(int=0)
        while rows := await model.filter(id__gt=last).order_by("id").limit(_BATCH):
            last = rows[-1].id
            for row in rows:
                for column in columns:
                    sealed = getattr(row, column)
                    if sealed is not None:
                        yield row.binding(column), bytes(sealed)
