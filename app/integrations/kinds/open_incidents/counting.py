"""What a run says of whether its monitor fails: a count of failures in a row, by when the runs began."""

from dataclasses import dataclass
from datetime import datetime

from app.monitors.models import RunOutcome

FAILURES_UNTIL_OPENED = 3


@dataclass(frozen=True)
class Count:
    """How many failures have come in a row, the latest of the runs having begun at `heard_until`."""

    failures_in_a_row: int
    heard_until: datetime | None


def count(before: Count, *, outcome: RunOutcome, started_at: datetime, now: datetime) -> Count | None:
    """Count the next run that is reported; None where it says nothing of how things are now.

    That is so of a run in which nothing ran, and of one that began before another that was heard of: it comes late. A reporter's
    clock that is ahead is not trusted, or all others would come late until then.
    """
    began = min(started_at, now)
    if outcome is RunOutcome.NOTHING_RAN or (before.heard_until is not None and began < before.heard_until):
        return None
    return Count(before.failures_in_a_row + 1 if outcome.is_failure else 0, began)
