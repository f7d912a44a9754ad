"""Where an integration has its authorization from: an installed app of the team, or a sign-in of the caller's."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn, TypeAlias
from uuid import UUID

from app.errors import Refusal, UserErrorCode
from app.events import Change
from app.graphql.callers import Caller
from app.ground import Ground
from app.installed_apps import actions as installed_apps
from app.installed_apps.models import InstalledApp
from app.installed_apps.permissions import WORKING, look_again
from app.integrations.models import Integration
from app.sign_ins import grants
from app.sign_ins.models import Grant

INSTALLED_APP_FIELD = ("using", "installedAppId")
SIGN_IN_FIELD = ("using", "authorization", "authorizationId")
SHARE_FIELD = ("using", "authorization", "shareWithTeam")


@dataclass(frozen=True)
class ThroughApp:
    """Use what an installed app of the team holds."""

    installed_app_id: UUID


@dataclass(frozen=True)
class BySignIn:
    """Use a finished sign-in of the caller's: for the integration alone, or made into an installed app for the whole team."""

    authorization_id: UUID
    shares_with_team: bool


Using: TypeAlias = ThroughApp | BySignIn


@dataclass(frozen=True)
class Source:
    """A grant that works, and the installed app that holds it; without one it is the integration's own."""

    grant: Grant
    installed_app: InstalledApp | None
    made_app: bool = False

    @property
    def field(self) -> tuple[str, ...]:
        return SIGN_IN_FIELD if self.installed_app is None or self.made_app else INSTALLED_APP_FIELD

    @property
    def new_app(self) -> InstalledApp | None:
        """The installed app, when it was made by this very use."""
        return self.installed_app if self.made_app else None

    def give_to(self, integration: Integration) -> None:
        """Let the integration use it from now on."""
        integration.provider = self.grant.provider
        integration.connected_to = self.grant.account_name
        integration.account_id, integration.origin = self.grant.account_id, self.grant.origin
        integration.uses_installed_app = self.installed_app is not None
        integration.installed_app_id = self.installed_app.id if self.installed_app is not None else None
        integration.grant_id = self.grant.id if self.installed_app is None else None
        integration.authorized_by_id = self.grant.member_id if self.installed_app is None else None


async def take(change: Change, using: Using, *, member_id: UUID, wanted_account_id: str | None) -> Source:
    """Put it to use, within a change: a sign-in is used up by it, and shared where that was asked for.

    `wanted_account_id`: the only account that will do. Raises NOT_FOUND, WRONG_ACCOUNT, CONFLICT for an installed app that does
    not work, ALREADY_EXISTS for sharing what the team shares already, and what `grants.use` refuses.
    """
    match using:
        case ThroughApp(installed_app_id):
            app = await usable_app(change.team_id, installed_app_id)
            if wanted_account_id is not None and app.account_id != wanted_account_id:
                raise wrong_account(app.connected_to, field=INSTALLED_APP_FIELD)
            return Source(await Grant.get(id=app.grant_id), app)
        case BySignIn(authorization_id, shares):
            grant = await grants.use(
                change,
                authorization_id,
                member_id=member_id,
                shared=shares,
                wanted_account_id=wanted_account_id,
                field=SIGN_IN_FIELD,
            )
            if not shares:
                return Source(grant, None)
            app = await installed_apps.share(change, grant, name=None, member_id=member_id, field=SHARE_FIELD)
            return Source(grant, app, made_app=True)


async def rehearse(using: Using, *, caller: Caller, ground: Ground) -> Grant:
    """Return the grant that `take` would put to use, having changed nothing; for asking the provider with it first.

    Raises what `take` refuses.
    """

    async def apply(change: Change) -> NoReturn:
        await look_again(change, caller)
        source = await take(change, using, member_id=caller.member_id, wanted_account_id=None)
        raise _Rehearsed(source.grant)

    try:
        await ground.events.change(caller.team_id, apply, actor_id=caller.member_id)
    except _Rehearsed as rehearsed:
        return rehearsed.grant


class _Rehearsed(Exception):
    """Undoes the change: everything in it would have been fine."""

    def __init__(self, grant: Grant) -> None:
        super().__init__()
        self.grant = grant


async def usable_app(team_id: UUID, installed_app_id: UUID) -> InstalledApp:
    """Return the team's installed app. Raises NOT_FOUND; CONFLICT, with what to do, when it does not work."""
    app = await installed_apps.find(team_id, installed_app_id, field=INSTALLED_APP_FIELD)
    if app.status not in WORKING or app.grant_id is None:
        raise Refusal(
            UserErrorCode.CONFLICT,
            f"The installed app “{app.name}” does not work at present: {app.status_message or app.status} "
            "Re-authenticate it first, or sign in anew for this integration.",
            field=INSTALLED_APP_FIELD,
        )
    return app


def wrong_account(connected_to: str, *, field: Sequence[str]) -> Refusal:
    return Refusal(
        UserErrorCode.WRONG_ACCOUNT,
        f"This is for {connected_to}, another account than the integration's: use one for the same, "
        "or choose a channel there in the same edit.",
        field=field,
    )
