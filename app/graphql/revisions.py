"""Revisions: the time of a row's last edit, and whether an editor saw that one."""

from datetime import datetime, timedelta
from typing import Protocol

from app.errors import Refusal, UserErrorCode

_CLOCK_TICK = timedelta(milliseconds=1)


class Revised(Protocol):
    """A row that says when it was last edited."""

    updated_at: datetime


def touch(row: Revised, now: datetime) -> None:
    """Note an edit. The moment is later than the last one even where the clock stood still: it is what editors compare."""
    row.updated_at = max(now, row.updated_at + _CLOCK_TICK)


def check_unchanged(row: Revised, expected: datetime | None) -> None:
    """Raise CONFLICT when the row was edited since `expected`; None expects nothing."""
    if expected is not None and row.updated_at != expected:
        raise Refusal(
            UserErrorCode.CONFLICT,
            "Somebody has changed it since you read it: read it again, and then decide.",
            field=["expectedUpdatedAt"],
        )
