"""The keyring's life, as the command line shows it."""

from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from uuid import UUID

from app.clock import SystemClock
from app.errors import KeyUnavailable, SealError, StatedProblem
from app.sealing import keyring_life, rewrapping, rotation
from app.sealing.data_keys import DataKey
from app.sealing.key_states import KeyUse
from app.sealing.keyring import is_keyring_there
from app.sealing.keyring_life import KeyListing
from app.sealing.vault import Binding
from app.service.opening import open_database, open_services
from app.services import Services
from app.settings import Settings
from app.sign_ins.models import Authorization, Grant, OAuthClient

_BATCH = 500
_SEALED = (
    (Grant, ("sealed_access", "sealed_refresh")),
    (Authorization, ("sealed_ticket", "sealed_verifier")),
    (OAuthClient, ("sealed_secret",)),
)


async def list_keys(*, services: Services) -> list[str]:
    """Return a line for each key: its id, its use, what needs it, whether the keyring has it, which processes lack it."""
    return [
        f"{key.id}  {key.state or 'unused':<12}  {key.data_keys:>6} data keys  {_where(key)}"
        for key in await keyring_life.list_keys(services.vault.keyring, clock=services.clock)
    ]


def _where(key: KeyListing) -> str:
    here = "in the keyring" if key.in_keyring else "MISSING"
    return f"{here}, lacking at {', '.join(key.lacking)}" if key.lacking and key.state is not KeyUse.RETIRED else here


async def add(settings: Settings, *, instead_of: str | None = None) -> str:
    """Add a key to the keyring and return its id; where there is no keyring file, make it, and the key in it the primary.

    `instead_of` is the id of a primary whose file was lost before anything was sealed: a key of the file here takes its place.
    Raises StatedProblem where the database holds what another keyring sealed, or knows another primary that is not lost.
    """
    if is_keyring_there(settings.keyring) and instead_of is None:
        async with open_services(settings) as services:
            return await rotation.add(settings.keyring, clock=services.clock, entropy=services.entropy)
    async with open_database(settings):
        return await rotation.begin(settings.keyring, instead_of=instead_of, clock=SystemClock())


async def promote(key_id: str, *, services: Services) -> str:
    """Make the key the primary. Raises StatedProblem when that cannot be."""
    await rotation.promote(key_id, keyring=services.vault.keyring, clock=services.clock)
    return f"{key_id} is the primary."


async def rewrap(*, services: Services, say: Callable[[str], None]) -> str:
    """Wrap every data key anew under the primary. Raises StatedProblem naming those that do not open."""
    try:
        done = await rewrapping.rewrap(vault=services.vault, entropy=services.entropy, progress=partial(_say_progress, say))
    except KeyUnavailable as lacking:
        raise StatedProblem(f"{lacking.message} It was promoted meanwhile: copy the file to which it was added here.") from None
    if done.unopened:
        raise StatedProblem(f"{done.rewrapped} data keys wrapped anew under {done.primary}. " + _tell_broken(done.unopened))
    return f"All data keys are under {done.primary}."


def _say_progress(say: Callable[[str], None], rewrapped: int, of: int) -> None:
    say(f"{rewrapped} of {of} data keys wrapped anew")


async def retire(key_id: str, *, services: Services) -> str:
    """Retire the key. Raises StatedProblem when something needs it."""
    await rotation.retire(key_id, clock=services.clock)
    return f"{key_id} is retired: nothing needs it any more, but backups that were made before."


async def verify(*, services: Services) -> list[str]:
    """Open every data key and sealed value; return how many values opened under each key.

    Raises StatedProblem when one does not open.
    """
    values = [value async for value in _sealed_values()]
    outcome = await keyring_life.verify(values, keyring=services.vault.keyring, clock=services.clock)
    problems = [_tell_broken(outcome.broken)] if outcome.broken else []
    if outcome.failures:
        places = "\n".join(
            f"{binding.table}.{binding.column} of {binding.row_id}: {error.message}" for binding, error in outcome.failures
        )
        problems.append(f"{len(outcome.failures)} sealed values do not open:\n{places}")
    if problems:
        raise StatedProblem("\n".join(problems))
    return [f"{key_id}  {count} values opened" for key_id, count in outcome.opened.items()] or ["No value is sealed yet."]


def _tell_broken(rows: Sequence[tuple[DataKey, SealError]]) -> str:
    places = "\n".join(f"data key {row.id} of team {row.team_id}: {error.message}" for row, error in rows)
    return f"{len(rows)} data keys do not open, and are left as they are:\n{places}"


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
