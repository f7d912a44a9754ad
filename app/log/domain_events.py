"""What a capability says happened: a frozen dataclass that declares what the log keeps of it."""

from dataclasses import dataclass, fields
from typing import ClassVar, Protocol
from uuid import UUID

from app.log.event_types import EventType

_COLUMNS = ("status", "previous_status", "reason", "message", "parent_id", "action", "times")


@dataclass(frozen=True, kw_only=True)
class LogEntry:
    """An entry of the log, before it has a number.

    `status`, `previous_status`, `reason` and `message` are set where a status changed; `parent_id` names what the subject
    belongs to, where listeners ask for that (a delivery's integration). `action` and `times` are set where something was refused:
    what, and how often.
    """

    type: EventType
    subject_id: UUID
    summary: str
    status: str | None = None
    previous_status: str | None = None
    reason: str | None = None
    message: str | None = None
    parent_id: UUID | None = None
    action: str | None = None
    times: int | None = None


class DomainEvent(Protocol):
    """Something that a capability says happened: a frozen dataclass in its `events.py`."""

    def entry(self) -> LogEntry | None:
        """Return what the activity log keeps of it; None when it is no event of the log."""


@dataclass(frozen=True)
class Logged:
    """An event of the log. Its first field is the id of its subject, and `summary` is filled in with its fields.

    `{because}` there stands for its reason in brackets, where it has one. What is named like a column of the log is kept in it:
    status, previous_status, reason, message, parent_id, action, times.
    """

    type: ClassVar[EventType]
    summary: ClassVar[str]

    def entry(self) -> LogEntry:
        columns = {name: getattr(self, name) for name in _COLUMNS if hasattr(self, name)}
        because = f" ({columns['reason']})" if columns.get("reason") else ""
        summary = self.summary.format(**vars(self), because=because)
        return LogEntry(type=self.type, subject_id=getattr(self, fields(self)[0].name), summary=summary, **columns)


@dataclass(frozen=True)
class Unlogged:
    """What others react to, and the log keeps nothing of."""

    def entry(self) -> None:
        return None
