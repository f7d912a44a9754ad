"""The usual choice of events: what stopped, what will stop, and what came back."""

from app.installed_apps.models import InstalledAppStatus
from app.integrations.models import IntegrationStatus
from app.log.event_types import EventType
from app.log.events import Event
from app.sign_ins.models import StatusReason

WHOLE = frozenset(
    {
        EventType.INSTALLED_APP_DELETED,
        EventType.INSTALLED_APP_WILL_STOP,
        EventType.INSTALLED_APP_WILL_NOT_STOP,
        EventType.INTEGRATION_WILL_STOP,
        EventType.INTEGRATION_WILL_NOT_STOP,
    }
)
"""The types whose every event the usual choice posts. It posts changes of status where something stops or works again."""

_STOPPED = frozenset({IntegrationStatus.NEEDS_REAUTHENTICATION, IntegrationStatus.UNAVAILABLE})
_APP_STOPPED = frozenset({InstalledAppStatus.NEEDS_REAUTHENTICATION, InstalledAppStatus.UNAVAILABLE})


def is_usual(event: Event, *, was_gone: bool) -> bool:
    """Whether it is one of the usual choice. `was_gone`: before it the integration was FAILING, as its target was gone.

    That leaves out what may pass by itself (UNREACHABLE, and FAILING unless a target is gone), and what members pause and resume.
    """
    if event.type in WHOLE:
        return True
    match event.type:
        case EventType.INSTALLED_APP_STATUS_CHANGED:
            return event.status in _APP_STOPPED or event.previous_status in _APP_STOPPED
        case EventType.INSTALLED_APP_REAUTHENTICATED:
            # Its status is told by no event of its own where it came back by this.
            return event.previous_status in _APP_STOPPED
        case EventType.INTEGRATION_STATUS_CHANGED:
            return is_gone(event) or was_gone or event.status in _STOPPED or event.previous_status in _STOPPED
    return False


def is_gone(event: Event) -> bool:
    """Whether it says that an integration's target is gone: that does not pass by itself, though it goes on trying."""
    return event.status == IntegrationStatus.FAILING and event.reason == StatusReason.TARGET_UNAVAILABLE


def comes_back(event: Event) -> bool:
    """Whether it says that an integration no longer fails, of whatever."""
    is_back = event.status == IntegrationStatus.ACTIVE and event.previous_status == IntegrationStatus.FAILING
    return is_back and event.type == EventType.INTEGRATION_STATUS_CHANGED
