"""What can happen to an integration."""

from dataclasses import dataclass
from uuid import UUID

from app.integrations.models import IntegrationStatus
from app.log.domain_events import Logged, Unlogged
from app.log.event_types import EventType
from app.sign_ins.models import StatusReason


@dataclass(frozen=True)
class IntegrationAdded(Logged):
    type = EventType.INTEGRATION_ADDED
    summary = "The integration “{name}” was added, connected to {connected_to}."
    status = IntegrationStatus.ACTIVE

    integration_id: UUID
    name: str
    connected_to: str


@dataclass(frozen=True)
class IntegrationEdited(Logged):
    type = EventType.INTEGRATION_EDITED
    summary = "The integration “{name}” was edited."

    integration_id: UUID
    name: str


@dataclass(frozen=True)
class IntegrationDeleted(Logged):
    type = EventType.INTEGRATION_DELETED
    summary = "The integration “{name}” was deleted."

    integration_id: UUID
    name: str


@dataclass(frozen=True)
class IntegrationReauthenticated(Logged):
    type = EventType.INTEGRATION_REAUTHENTICATED
    summary = "The integration “{name}” was re-authenticated, connected to {connected_to}."

    integration_id: UUID
    name: str
    connected_to: str


@dataclass(frozen=True)
class AuthorizationsReplaced(Unlogged):
    """Integrations have another authorization, all by one change. The log is told of each by an event of its own."""

    integration_ids: tuple[UUID, ...]


@dataclass(frozen=True)
class IntegrationTested(Logged):
    type = EventType.INTEGRATION_TESTED
    summary = "A test message of the integration “{name}” was asked for."

    integration_id: UUID
    name: str


@dataclass(frozen=True)
class IntegrationStatusChanged(Logged):
    type = EventType.INTEGRATION_STATUS_CHANGED
    summary = "The integration “{name}” is now {status}{because}."

    integration_id: UUID
    name: str
    status: IntegrationStatus
    previous_status: IntegrationStatus
    reason: StatusReason | None
    message: str | None


@dataclass(frozen=True)
class AccessEndSeen(Unlogged):
    """The member whose authorization it uses loses access to what it is connected to at another time than was known."""

    integration_id: UUID
