"""Who may do what with an installed app, and finding the one that they mean."""

from collections.abc import Sequence
from uuid import UUID

from app.access.callers import Caller
from app.access.rules import ADMINISTERING, CHANGING, CHANGING_OWN
from app.graphql.inputs import not_found
from app.installed_apps.models import InstalledApp, InstalledAppStatus
from app.providers.catalogue import CATALOGUE
from app.providers.contract import SharingModel
from app.sign_ins.models import Grant

WORKING = frozenset({InstalledAppStatus.ACTIVE, InstalledAppStatus.UNREACHABLE})
"""The statuses in which an installed app can be put to use; that it cannot be reached may pass by itself."""


def is_shared_authorization(app: InstalledApp) -> bool:
    """Whether it holds a member's sign-in, rather than the team's OAuth client or a secret that an admin has pasted."""
    return CATALOGUE[app.provider].sharing is SharingModel.SHARED_AUTHORIZATION


def is_shared_secret(app: InstalledApp) -> bool:
    """Whether it holds a secret that an admin has pasted."""
    return CATALOGUE[app.provider].sharing is SharingModel.SHARED_SECRET


def may_edit(caller: Caller, app: InstalledApp) -> bool:
    """Whether the caller is an admin or, of what holds a sign-in, who set it up."""
    rule = CHANGING_OWN if is_shared_authorization(app) else ADMINISTERING
    return rule.admits(caller.role, is_own=app.installed_by_id == caller.member_id)


def may_delete(caller: Caller) -> bool:
    return ADMINISTERING.admits(caller.role)


def may_reauthenticate(caller: Caller, app: InstalledApp) -> bool:
    return CHANGING.admits(caller.role) and is_shared_authorization(app)


def may_use_without_signing_in(caller: Caller, app: InstalledApp, *, own: Grant | None = None) -> bool:
    """Whether the caller could add an integration with it now, without a sign-in; `own` is their own grant at a Git server."""
    holds_one = app.oauth_client_id is None or (own is not None and (own.trouble is None or own.trouble.is_passing))
    return CHANGING.admits(caller.role) and holds_one and app.status in WORKING


async def find_app(team_id: UUID, app_id: UUID, *, field: Sequence[str] = ("id",)) -> InstalledApp:
    """Return the team's installed app. Raises NOT_FOUND, for a deleted one too."""
    app = await InstalledApp.get_or_none(id=app_id, team_id=team_id, deleted_at__isnull=True)
    if app is None:
        raise not_found(field=field)
    return app
