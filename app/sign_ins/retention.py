"""Removing sign-ins that ended long ago."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from tortoise.expressions import Q
from tortoise.queryset import QuerySet

from app.log.events import Change
from app.log.retention import BATCH_SIZE, remove_of_teams
from app.services import Services
from app.sign_ins.models import Authorization, AuthorizationStatus, GrantState

KEPT_FOR = timedelta(days=30)

_OPEN = (AuthorizationStatus.PENDING, AuthorizationStatus.COMPLETED)
_ENDED = tuple(status for status in AuthorizationStatus if status not in _OPEN)


async def remove_ended(*, services: Services) -> int:
    """Remove some of the sign-ins that ended 30 days ago, the oldest first, and return how many."""
    found = await _removable(services.clock.now()).order_by("ended_at").limit(BATCH_SIZE).values_list("team_id", "id")
    return await remove_of_teams(found, _remove, events=services.events)


def _removable(now: datetime) -> QuerySet[Authorization]:
    """Return what ended 30 days ago: what was used ends with its grant. None whose grant is in use or being given back."""
    before = now - KEPT_FOR
    gone = Q(grant_id__isnull=True) | Q(grant__state=GrantState.GONE, grant__revoking_since__lte=before)
    return Authorization.filter(gone, status__in=_ENDED, ended_at__lte=before)


async def _remove(change: Change, ids: Sequence[UUID]) -> int:
    still = await _removable(change.now).filter(id__in=list(ids)).values_list("id", flat=True)
    return await Authorization.filter(id__in=list(still)).delete()
