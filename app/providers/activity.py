"""What providers are told of a team's log: the events of one change."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class ActivityEvent:
    """One event, as the API shows it: ids and the cursor are the API's, `type` the name of the EventType.

    `summary` is the sentence of the log, `message` what a status means in words; both may hold what others wrote.
    """

    id: str
    cursor: str
    sequence: int
    type: str
    subject_id: str
    integration_id: str | None
    summary: str
    status: str | None = None
    previous_status: str | None = None
    reason: str | None = None
    message: str | None = None


@dataclass(frozen=True)
class ActivityReport:
    """The events of one change that are told: the first of them, in the log's order, and how many they are together.

    `actor` is the name of the member who did it, None where the service itself or a provider did.
    """

    delivery_id: str
    occurred_at: datetime
    actor: str | None
    event_count: int
    events: tuple[ActivityEvent, ...]
