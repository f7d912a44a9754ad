"""Counting the integrations of all teams together, for whoever runs the service."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from tortoise.functions import Count

from app.integrations.models import Integration, IntegrationStatus, reason_of
from app.sign_ins.models import StatusReason


@dataclass(frozen=True)
class Tally:
    """How many integrations have this status, for this reason."""

    status: str
    reason: str | None
    count: int


async def tally() -> Sequence[Tally]:
    """Count the integrations that are not deleted, in one grouped query."""
    columns = ("status", "stopped_by", "failing_by")
    rows = (
        await Integration.filter(deleted_at__isnull=True).annotate(count=Count("id")).group_by(*columns).values(*columns, "count")
    )
    counts: Counter[tuple[str, StatusReason | None]] = Counter()
    for row in rows:
        status, holds = IntegrationStatus(row["status"]), (row["stopped_by"], row["failing_by"])
        stopped_by, failing_by = (StatusReason(reason) if reason is not None else None for reason in holds)
        counts[status.value, reason_of(status, stopped_by=stopped_by, failing_by=failing_by)] += row["count"]
    return [Tally(status, reason.value if reason is not None else None, count) for (status, reason), count in counts.items()]
