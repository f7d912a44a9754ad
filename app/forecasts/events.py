"""What is said of what will stop."""

from dataclasses import dataclass
from uuid import UUID

from app.log.domain_events import Logged
from app.log.event_types import EventType


@dataclass(frozen=True)
class _WillStop(Logged):
    subject_id: UUID
    name: str
    message: str


@dataclass(frozen=True)
class InstalledAppWillStop(_WillStop):
    type = EventType.INSTALLED_APP_WILL_STOP
    summary = "The installed app “{name}” will stop: {message}"


@dataclass(frozen=True)
class InstalledAppWillNotStop(_WillStop):
    type = EventType.INSTALLED_APP_WILL_NOT_STOP
    summary = "What was said of the installed app “{name}” no longer holds: {message}"


@dataclass(frozen=True)
class IntegrationWillStop(_WillStop):
    type = EventType.INTEGRATION_WILL_STOP
    summary = "The integration “{name}” will stop: {message}"


@dataclass(frozen=True)
class IntegrationWillNotStop(_WillStop):
    type = EventType.INTEGRATION_WILL_NOT_STOP
    summary = "What was said of the integration “{name}” no longer holds: {message}"
