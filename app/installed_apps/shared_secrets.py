"""Installed apps that hold a secret which the provider gave: pasted and replaced by admins, used by every member."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.access.callers import Caller
from app.access.rules import ADMINISTERING
from app.errors import Refusal, SealError, UserErrorCode
from app.graphql.revisions import check_unchanged
from app.installed_apps.events import InstalledAppEdited
from app.installed_apps.models import InstalledApp
from app.installed_apps.permissions import find_app
from app.installed_apps.shared_clients import cannot_store
from app.installed_apps.sharing import already_there, live_key, replace_grant, share
from app.log.events import Change
from app.providers.catalogue import CATALOGUE
from app.providers.contract import Destination, Failure, SharingModel
from app.providers.description import Provider
from app.providers.shared_secrets import Fields, OddField, Pasted, join_fields
from app.sealing.secret import Secret
from app.services import Services
from app.sign_ins import faults
from app.sign_ins.models import Grant
from app.sign_ins.pasted import save_pasted, seal_pasted
from app.teams.names import check_name
from app.teams.permissions import recheck_role, refuse_unless_admitted

_FIELD = ("using", "secret")
_PROVIDER = (*_FIELD, "provider")
_FIELDS = (*_FIELD, "fields")
_EDITED = ("secret",)
_LONGEST = 4_000


@dataclass(frozen=True)
class PastedField:
    """A part of a secret as an admin typed it."""

    name: str
    value: Secret


async def add(
    provider_key: str, typed: Sequence[PastedField], *, name: str | None, caller: Caller, services: Services
) -> InstalledApp:
    """Store a secret for the whole team, once the provider takes it. `name` None: it is named after what it connects to.

    Team Admins only. Raises FORBIDDEN; INVALID for what makes no sense; ALREADY_EXISTS, naming the installed app for the same
    account; CONFLICT where the team has as many as it may; what the provider refuses; NOT_CONFIGURED without a key.
    """
    refuse_unless_admitted(caller.role, ADMINISTERING)
    provider = _check_provider(provider_key)
    fields, pasted = _read(provider, typed, field=_FIELDS)
    await _refuse_taken(caller.team_id, provider, pasted)
    grant = await _make_grant(provider, fields, pasted, field=_FIELDS, caller=caller, services=services)

    async def apply(change: Change) -> InstalledApp:
        await recheck_role(change, caller, rule=ADMINISTERING)
        await save_pasted(change, grant)
        return await share(change, grant, name=name, member_id=caller.member_id, field=_FIELDS)

    return await services.events.change(caller.team_id, apply, actor=caller.actor)


async def replace_secret(
    app_id: UUID,
    typed: Sequence[PastedField],
    *,
    name: str | None = None,
    expected_updated_at: datetime | None = None,
    caller: Caller,
    services: Services,
) -> InstalledApp:
    """Put a new secret for the same account in the place of the old one, in every status. `name` None leaves that as it is.

    All of the secret is given anew. Team Admins only. Raises NOT_FOUND, FORBIDDEN, INVALID, WRONG_ACCOUNT for another account,
    CONFLICT when it was edited since `expected_updated_at`, what the provider refuses, NOT_CONFIGURED without a key.
    """
    refuse_unless_admitted(caller.role, ADMINISTERING)
    checked_name = check_name(name) if name is not None else None
    app = await find_app(caller.team_id, app_id)
    provider = CATALOGUE[app.provider]
    fields, pasted = _read(provider, typed, field=_EDITED)
    _refuse_other_account(app, pasted)
    grant = await _make_grant(provider, fields, pasted, field=_EDITED, caller=caller, services=services)

    async def apply(change: Change) -> InstalledApp:
        await recheck_role(change, caller, rule=ADMINISTERING)
        fresh = await find_app(change.team_id, app_id)
        check_unchanged(fresh, expected_updated_at)
        await save_pasted(change, grant)
        is_renamed = checked_name not in {None, fresh.name}
        fresh.name = checked_name or fresh.name
        await replace_grant(change, fresh, grant)
        if is_renamed:
            await change.record(InstalledAppEdited(fresh.id, fresh.name))
        return fresh

    return await services.events.change(caller.team_id, apply, actor=caller.actor)


def _check_provider(key: str) -> Provider:
    provider = CATALOGUE.get(key)
    if provider is None or provider.secret is None:
        fitting = [each.key for each in CATALOGUE.values() if each.sharing is SharingModel.SHARED_SECRET]
        message = f"Installed apps hold a secret at these providers only: {', '.join(fitting) or 'none here'}."
        raise Refusal(UserErrorCode.INVALID, message, field=_PROVIDER)
    return provider


def _read(provider: Provider, typed: Sequence[PastedField], *, field: Sequence[str]) -> tuple[Fields, Pasted]:
    """Return what was pasted, by the fields' names. Nothing of a secret is ever in a refusal."""
    fields = {each.name: value for each in typed if (value := _strip(each.value, field=field)) is not None}
    known = [each.name for each in provider.secret_fields]
    if len({each.name for each in typed}) < len(typed) or any(each.name not in known for each in typed):
        message = f"A secret for {provider.name} has these fields, each once: {', '.join(known)}."
        raise Refusal(UserErrorCode.INVALID, message, field=field)
    missing = [each.name for each in provider.secret_fields if each.is_required and each.name not in fields]
    if missing:
        message = f"A secret for {provider.name} needs {' and '.join(missing)} as well."
        raise Refusal(UserErrorCode.INVALID, message, field=field)
    read = provider.secret.read(fields) if provider.secret is not None else OddField("", "There is none.")
    if isinstance(read, OddField):
        raise Refusal(UserErrorCode.INVALID, f"{read.name}: {read.message}", field=field)
    return fields, read


def _strip(value: Secret, *, field: Sequence[str]) -> Secret | None:
    text = value.reveal().strip()
    if len(text) > _LONGEST:
        raise Refusal(UserErrorCode.INVALID, f"A field of a secret has at most {_LONGEST:,} characters.", field=field)
    return Secret(text) if text else None


async def _refuse_taken(team_id: UUID, provider: Provider, pasted: Pasted) -> None:
    key = live_key(provider.key, pasted.identity.account_id)
    existing = await InstalledApp.get_or_none(team_id=team_id, live_key=key)
    if existing is not None:
        raise already_there(existing, field=_FIELDS)


def _refuse_other_account(app: InstalledApp, pasted: Pasted) -> None:
    if pasted.identity.account_id != app.account_id:
        message = f"This secret is for another account or address than “{app.name}”: add it as another installed app."
        raise Refusal(UserErrorCode.WRONG_ACCOUNT, message, field=_EDITED)


async def _make_grant(
    provider: Provider, fields: Fields, pasted: Pasted, *, field: Sequence[str], caller: Caller, services: Services
) -> Grant:
    """Try the secret where the provider has a call for that, and seal it."""
    access = join_fields(fields)
    if provider.check is not None:
        answer = await provider.check(authorized=Destination(pasted.origin).authorized(access), outbound=services.outbound)
        if isinstance(answer, Failure):
            raise faults.refusal(answer, field=field)
    try:
        return await seal_pasted(
            access, pasted, provider=provider, team_id=caller.team_id, member_id=caller.member_id, services=services
        )
    except SealError as error:
        raise cannot_store(error) from error
