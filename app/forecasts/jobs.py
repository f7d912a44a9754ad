"""The daily look at what will stop, and the look at each step of its date."""

from collections.abc import Sequence
from typing import TypeVar

from tortoise.expressions import Q
from tortoise.queryset import QuerySet

from app.forecasts.standing import Subject
from app.forecasts.telling import LOOKS, look
from app.installed_apps.models import InstalledApp
from app.integrations.models import Integration
from app.services import Services
from app.storage.scheduling import is_time

S = TypeVar("S", InstalledApp, Integration)

_ROUND = 100


async def look_due(*, services: Services) -> int:
    """Look at what is due, some of it at a time, and return how many that were.

    What was begun and not ended, since the process died, is due still: nothing is said twice by that.
    """
    due: Sequence[Subject] = [
        *await _due(InstalledApp.filter(deleted_at__isnull=True), services=services),
        *await _due(Integration.filter(deleted_at__isnull=True), services=services),
    ]
    for subject in due:
        await look(subject, services=services)
    return len(due)


async def _due(living: QuerySet[S], *, services: Services) -> Sequence[S]:
    now = services.clock.now()
    never = await living.filter(next_forecast_at__isnull=True).order_by("id").limit(_ROUND)
    has_come: Q = is_time(LOOKS.column, now=now, longest=LOOKS.every)
    return never or await living.filter(has_come).order_by(LOOKS.column, "id").limit(_ROUND)
