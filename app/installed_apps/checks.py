"""Asking now whether what an installed app holds still works."""

from uuid import UUID

from app.errors import Refusal, UserErrorCode
from app.graphql.callers import Caller
from app.ground import Ground
from app.installed_apps.actions import find
from app.installed_apps.models import InstalledApp
from app.providers.contract import Failure, Fault
from app.sign_ins import checks, faults


async def check(app_id: UUID, *, caller: Caller, ground: Ground) -> InstalledApp:
    """Ask the provider, and return the installed app with what it said as the status.

    Raises NOT_FOUND, INVALID for one that holds no authorization, PROVIDER_BUSY when the provider asks for patience.
    """
    app = await find(caller.team_id, app_id)
    if app.grant_id is None:
        message = f"“{app.name}” holds no authorization that could be asked about: members sign in there as themselves."
        raise Refusal(UserErrorCode.INVALID, message, field=["id"])
    match await checks.check(app.grant_id, ground=ground):
        case Failure(fault=Fault.BUSY) as busy:
            raise faults.refusal(busy)
    return await find(caller.team_id, app_id)
