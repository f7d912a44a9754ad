"""A grant without a sign-in: a secret that an admin pasted, which the whole team uses."""

from uuid import UUID, uuid4

from app.log.events import Change
from app.providers.contract import Tokens
from app.providers.description import Provider
from app.providers.shared_secrets import Pasted
from app.sealing.secret import Secret
from app.services import Services
from app.sign_ins.grants import CHECKS
from app.sign_ins.models import Grant, GrantState
from app.sign_ins.sealing import seal_tokens


async def seal_pasted(
    access: Secret, pasted: Pasted, *, provider: Provider, team_id: UUID, member_id: UUID, services: Services
) -> Grant:
    """Return a grant, unsaved, that holds the secret sealed. Never inside a transaction. Raises SealError."""
    now = services.clock.now()
    grant = Grant(
        id=uuid4(),
        team_id=team_id,
        member_id=member_id,
        provider=provider.key,
        is_shared=True,
        origin=pasted.origin,
        client_id="",
        redirect_uri="",
        account_id=pasted.identity.account_id,
        account_name=pasted.identity.account_name,
        actor_id=pasted.identity.actor_id,
        url=pasted.identity.url,
        version=1,
        state=GrantState.ACTIVE,
        created_at=now,
    )
    tokens = Tokens(access=access, refresh=None, expires_at=None, scopes=())
    sealed = await seal_tokens(tokens, grant, version=1, now=now, services=services)
    if provider.check is not None:
        grant.next_check_at = CHECKS.next(grant.id, now=now)
    return grant.update_from_dict(sealed.columns())


async def save_pasted(change: Change, grant: Grant) -> None:
    grant.created_at = change.now
    await grant.save(force_create=True)
