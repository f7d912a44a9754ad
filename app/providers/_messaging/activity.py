"""What a message says of an event of the team's log, whatever markup it is written in."""

from app.providers.activity import ActivityEvent

_STOPPED = frozenset({"NEEDS_REAUTHENTICATION", "UNAVAILABLE", "FAILED"})
_TROUBLED = frozenset({"FAILING", "UNREACHABLE"})
_ANNOUNCED = "_WILL_STOP"


def emoji(event: ActivityEvent) -> str:
    """Return a sign for it: whether something stopped, is in trouble, will stop, or works."""
    if event.type.endswith(_ANNOUNCED):
        return "⏳"
    if event.status in _STOPPED:
        return "🔴"
    if event.status in _TROUBLED:
        return "🟠"
    return "🟢" if event.status == "ACTIVE" and event.previous_status is not None else "🔹"


def others(count: int) -> str:
    return "1 more event" if count == 1 else f"{count:,} more events"
