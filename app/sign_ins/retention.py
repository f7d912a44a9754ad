"""Sign-ins that ended long ago go."""

from datetime import datetime, timedelta

from tortoise.expressions import Q
from tortoise.queryset import QuerySet

from app.log.retention import Retention
from app.sign_ins.models import Authorization, AuthorizationStatus, GrantState

KEPT_FOR = timedelta(days=30)

_OPEN = (AuthorizationStatus.PENDING, AuthorizationStatus.COMPLETED)
_ENDED = tuple(status for status in AuthorizationStatus if status not in _OPEN)


def _removable(before: datetime) -> QuerySet[Authorization]:
    """Return what has ended: what was used ends with its grant. None whose grant is in use or being given back."""
    gone = Q(grant_id__isnull=True) | Q(grant__state=GrantState.GONE, grant__revoking_since__lte=before)
    return Authorization.filter(gone, status__in=_ENDED)


ENDED_SIGN_INS = Retention(KEPT_FOR, ("ended_at",), _removable)
