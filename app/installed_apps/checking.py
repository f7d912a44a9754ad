"""Asking now whether what an installed app holds still works."""

from uuid import UUID

import strawberry

from app.access.callers import Caller
from app.access.rules import CHANGING, PUBLIC_ATTRIBUTE, attributes
from app.errors import Refusal, UserErrorCode
from app.graphql.context import Info
from app.graphql.errors import UserError
from app.graphql.fields import mutation
from app.installed_apps.checks import check_server
from app.installed_apps.inputs import WHICH, WHY, key_of_app
from app.installed_apps.models import InstalledApp as Row
from app.installed_apps.permissions import find_app
from app.installed_apps.types import InstalledApp
from app.providers.contract import Failure, Fault
from app.services import Services
from app.sign_ins import checks, faults
from app.sign_ins.grants import live_grant_of


@strawberry.input(description="Which installed app to ask about.")
class CheckInstalledAppInput:
    id: strawberry.ID = strawberry.field(description=WHICH)


@strawberry.type(description="The installed app with what the provider said as its status.")
@attributes(PUBLIC_ATTRIBUTE)
class CheckInstalledAppPayload:
    installed_app: InstalledApp | None = strawberry.field(default=None, description="Null when refused.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description=WHY)


@mutation(CHANGING, description="Ask the provider now whether the stored authorization still works.")
async def check_installed_app(info: Info, input: CheckInstalledAppInput) -> CheckInstalledAppPayload:
    app = await check(key_of_app(input.id), caller=info.context.viewer, services=info.context.services)
    return CheckInstalledAppPayload(installed_app=InstalledApp.of(app))


async def check(app_id: UUID, *, caller: Caller, services: Services) -> Row:
    """Ask the provider, and return the installed app with what it said as the status.

    A Git server is asked whether it answers, and whether the caller's own authorization there works, if they have one. Raises
    NOT_FOUND, INVALID for an app that holds nothing to ask about, PROVIDER_BUSY when the provider asks for patience.
    """
    app = await find_app(caller.team_id, app_id)
    if app.oauth_client_id is not None:
        failure = await check_server(app, services=services)
        own = await live_grant_of(app.oauth_client_id, caller.member_id)
        if own is not None and failure is None:
            failure = await checks.check(own.id, services=services)
    elif app.grant_id is not None:
        failure = await checks.check(app.grant_id, services=services)
    else:
        raise Refusal(UserErrorCode.INVALID, f"“{app.name}” holds nothing that could be asked about.", field=["id"])
    match failure:
        case Failure(fault=Fault.BUSY) as busy:
            raise faults.refusal(busy)
    return await find_app(caller.team_id, app_id)
