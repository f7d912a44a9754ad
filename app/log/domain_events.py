"""What a capability says happened: a frozen dataclass that declares what the log keeps of it."""

from dataclasses import dataclass, fields
from typing import ClassVar

from app.log.event_types import EventType
from app.log.events import LogEntry

_COLUMNS = ("status", "previous_status", "reason", "message", "parent_id", "action", "times")


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
