"""Putting a fresh sign-in into an installed app."""

from uuid import UUID

import strawberry

from app.access.callers import Caller
from app.access.rules import CHANGING, PUBLIC_ATTRIBUTE, attributes
from app.errors import Refusal, UserErrorCode
from app.graphql.context import Info
from app.graphql.errors import UserError
from app.graphql.fields import mutation
from app.installed_apps.inputs import WHICH, WHY, key_of_app
from app.installed_apps.models import InstalledApp as Row
from app.installed_apps.permissions import find_app, is_shared_authorization, is_shared_secret, may_reauthenticate
from app.installed_apps.sharing import replace_grant
from app.installed_apps.types import InstalledApp
from app.log.events import Change
from app.services import Services
from app.sign_ins import grants
from app.sign_ins.inputs import key_of_sign_in
from app.teams.permissions import recheck_role


@strawberry.input(description="A fresh sign-in for an installed app.")
class ReauthenticateInstalledAppInput:
    id: strawberry.ID = strawberry.field(description=WHICH)
    authorization_id: strawberry.ID = strawberry.field(description="A finished sign-in of the caller's for the same workspace.")


@strawberry.type(description="The installed app with its fresh authorization.")
@attributes(PUBLIC_ATTRIBUTE)
class ReauthenticateInstalledAppPayload:
    installed_app: InstalledApp | None = strawberry.field(default=None, description="Null when refused.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description=WHY)


@mutation(
    CHANGING,
    description="Put a fresh sign-in for the same workspace into the same installed app; its integrations work again.",
)
async def reauthenticate_installed_app(info: Info, input: ReauthenticateInstalledAppInput) -> ReauthenticateInstalledAppPayload:
    app = await reauthenticate(
        key_of_app(input.id),
        key_of_sign_in(input.authorization_id, field=("authorizationId",)),
        caller=info.context.viewer,
        services=info.context.services,
    )
    return ReauthenticateInstalledAppPayload(installed_app=InstalledApp.of(app))


async def reauthenticate(app_id: UUID, authorization_id: UUID, *, caller: Caller, services: Services) -> Row:
    """Put the caller's fresh sign-in for the same workspace in the place of the old one, in every status.

    Raises NOT_FOUND, INVALID where members sign in themselves, WRONG_ACCOUNT for another workspace, and what `grants.use`
    refuses.
    """

    async def apply(change: Change) -> Row:
        viewer = await recheck_role(change, caller)
        app = await find_app(change.team_id, app_id)
        if is_shared_secret(app):
            message = f"“{app.name}” holds a secret and no sign-in: a Team Admin puts a new secret into it, by editing it."
            raise Refusal(UserErrorCode.INVALID, message, field=["id"])
        if not is_shared_authorization(app):
            message = f"Members sign in at “{app.name}” themselves: begin a sign-in there with its installedAppId."
            raise Refusal(UserErrorCode.INVALID, message, field=["id"])
        if not may_reauthenticate(viewer, app):
            raise Refusal(UserErrorCode.FORBIDDEN, f"Your role does not allow re-authenticating “{app.name}”: ask a Team Admin.")
        grant = await grants.use(
            change,
            authorization_id,
            member_id=caller.member_id,
            shared=True,
            wanted_account_id=app.account_id,
            field=["authorizationId"],
        )
        await replace_grant(change, app, grant)
        return app

    return await services.events.change(caller.team_id, apply, actor=caller.actor)
