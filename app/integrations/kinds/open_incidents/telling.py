"""Telling the provider of an incident, as often as it takes: whatever comes twice or late, one is opened, and none stays open."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from app.integrations.kinds.contract import Listener, Target
from app.integrations.kinds.open_incidents.models import Incident, IncidentSettings
from app.integrations.models import Integration
from app.monitors.models import MonitorRun
from app.providers.catalogue import CATALOGUE
from app.providers.contract import Authorized, Failure, Fault, Occasion, Posted, RunReport
from app.providers.incidents import Incidents, Severity
from app.services import Services
from app.storage import database


async def targets_of(integrations: Sequence[Integration]) -> Mapping[UUID, Target]:
    """Return their accounts: all incidents of one go through it at its pace."""
    return {integration.id: _target(integration) for integration in integrations}


def target_of(listener: Listener[Any]) -> Target:
    return _target(listener.integration)


async def deliver(
    report: RunReport,
    *,
    run_id: UUID,
    integration: Integration,
    target: Target,
    thread_id: str | None,
    authorized: Authorized,
    services: Services,
) -> Posted | Failure:
    """Have the incident opened, or what is over resolved. A test's is opened and resolved at once."""
    del target, thread_id  # the account is in what authorizes
    provider = CATALOGUE[integration.provider]
    if provider.incidents is None:
        return Failure(Fault.REFUSED, f"{provider.name} has no incidents to open.")
    speaker = _Speaker(provider.incidents, authorized, services)
    if report.occasion is Occasion.TEST:
        return await speaker.try_out(report)
    run = await MonitorRun.get(id=run_id)
    if report.occasion is Occasion.RECOVERY:
        return await speaker.resolve_all(integration, run)
    return await speaker.open(integration, run, report)


def _target(integration: Integration) -> Target:
    incidents = CATALOGUE[integration.provider].incidents
    pace = incidents.pace if incidents is not None else timedelta()
    return Target(integration.account_id, f"{integration.origin}:{integration.account_id}", pace)


class _Speaker:
    """Speaks of incidents at one account, and writes down before and after what that may have done."""

    def __init__(self, incidents: Incidents, authorized: Authorized, services: Services) -> None:
        self._incidents = incidents
        self._authorized = authorized
        self._services = services

    async def try_out(self, report: RunReport) -> Posted | Failure:
        """Open an incident of the test's own, of the least severity, and resolve it at once."""
        key = f"test-{report.delivery_id}"
        answer = await self._incidents.trigger(
            authorized=self._authorized, key=key, report=report, severity=Severity.INFO, outbound=self._services.outbound
        )
        if isinstance(answer, Failure):
            return answer
        return await self._incidents.resolve(authorized=self._authorized, key=key, outbound=self._services.outbound)

    async def open(self, integration: Integration, run: MonitorRun, report: RunReport) -> Posted | Failure:
        """Open the incident of the run's outage; once its resolution was attempted, only resolve it."""
        incident = await Incident.filter(integration_id=integration.id, position__lte=run.position).order_by("-position").first()
        if incident is None:
            return _FORGOTTEN
        if incident.is_resolving:
            return await self._resolve(incident)
        if incident.is_opened:
            return Posted()
        settings = await IncidentSettings.get(integration_id=integration.id)
        answer = await self._incidents.trigger(
            authorized=self._authorized,
            key=str(incident.id),
            report=report,
            severity=settings.severity,
            outbound=self._services.outbound,
        )
        if await Incident.exists(id=incident.id, is_resolving=True):
            # Since it was read. Its resolution may have come there first.
            return await self._resolve(incident)
        if isinstance(answer, Posted):
            await database.update(Incident.filter(id=incident.id), is_opened=True)
        return answer

    async def resolve_all(self, integration: Integration, run: MonitorRun) -> Posted | Failure:
        """Resolve what is over by the run: of more than one outage, where those before were not told."""
        over = Incident.filter(integration_id=integration.id, position__lt=run.position, is_over=True, is_resolved=False)
        for incident in await over.order_by("position"):
            answer = await self._resolve(incident)
            if isinstance(answer, Failure):
                return answer
        return Posted()

    async def _resolve(self, incident: Incident) -> Posted | Failure:
        await database.update(Incident.filter(id=incident.id), is_resolving=True)
        answer = await self._incidents.resolve(
            authorized=self._authorized, key=str(incident.id), outbound=self._services.outbound
        )
        if isinstance(answer, Posted):
            await database.update(Incident.filter(id=incident.id), is_resolved=True)
        return answer


_FORGOTTEN = Failure(Fault.REFUSED, "The outage that this was about is long over.")
