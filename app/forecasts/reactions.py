"""What is known beforehand of installed apps and integrations, when what they stand on has changed."""

from collections.abc import Sequence
from uuid import UUID

from app.forecasts.models import Forecast
from app.forecasts.telling import review
from app.installed_apps.events import InstalledAppDeleted, InstalledAppEdited, InstalledAppReauthenticated
from app.installed_apps.models import InstalledApp
from app.integrations import members_own
from app.integrations.events import AccessEndSeen, AuthorizationsReplaced, IntegrationDeleted, IntegrationEdited
from app.integrations.models import Integration
from app.integrations.status import living
from app.log.events import Change
from app.sign_ins.events import MemberSignedIn, RenewalTurned, ServerCertificateSeen


async def review_app(change: Change, domain_event: InstalledAppEdited | InstalledAppReauthenticated) -> None:
    """Take back at once what was said of an installed app and no longer holds."""
    if await Forecast.filter(subject_id=domain_event.installed_app_id).exists():
        await review(change, await InstalledApp.get(id=domain_event.installed_app_id))


async def review_integration(change: Change, domain_event: IntegrationEdited) -> None:
    """The same for an integration."""
    await _review_of_those(change, [domain_event.integration_id])


async def review_integrations(change: Change, domain_event: AuthorizationsReplaced) -> None:
    """The same for all that have another authorization now."""
    await _review_of_those(change, domain_event.integration_ids)


async def review_access(change: Change, domain_event: AccessEndSeen) -> None:
    """Say of an integration until when its member has access."""
    await review(change, await Integration.get(id=domain_event.integration_id))


async def forget_app(change: Change, domain_event: InstalledAppDeleted) -> None:
    """Forget what was said of an installed app that is gone."""
    await Forecast.filter(team_id=change.team_id, subject_id=domain_event.installed_app_id).delete()


async def forget_integration(change: Change, domain_event: IntegrationDeleted) -> None:
    """The same for an integration."""
    await Forecast.filter(team_id=change.team_id, subject_id=domain_event.integration_id).delete()


async def review_server(change: Change, domain_event: ServerCertificateSeen) -> None:
    """Say of the installed app what its server's certificate has shown."""
    for app in await _apps(change, oauth_client_id=domain_event.oauth_client_id):
        await review(change, app)


async def review_renewal(change: Change, domain_event: RenewalTurned) -> None:
    """Say of whatever has the grant that it is refused its renewal, or no longer is."""
    for app in await _apps(change, grant_id=domain_event.grant_id):
        await review(change, app)
    theirs = await members_own.of_grant(change, domain_event.grant_id)
    for integration in [*await living(change).filter(grant_id=domain_event.grant_id), *theirs]:
        await review(change, integration)


async def review_theirs(change: Change, domain_event: MemberSignedIn) -> None:
    """Take back what was said of the member's authorization at a Git server before this one."""
    for integration in await members_own.of_member(change, domain_event.oauth_client_id, domain_event.member_id):
        if await Forecast.filter(subject_id=integration.id).exists():
            await review(change, integration)


async def _review_of_those(change: Change, ids: Sequence[UUID]) -> None:
    said = await Forecast.filter(team_id=change.team_id, subject_id__in=list(ids)).distinct().values_list("subject_id", flat=True)
    for integration in await Integration.filter(id__in=list(said)).order_by("id"):
        await review(change, integration)


async def _apps(change: Change, **held: object) -> list[InstalledApp]:
    return await InstalledApp.filter(team_id=change.team_id, deleted_at__isnull=True, **held)
