"""What `channels.post_activity` posts about the team's log: a section for each of the first ten events, and one line of text."""

from app.providers._messaging.activity import emoji, others
from app.providers.activity import ActivityEvent, ActivityReport
from app.providers.slack.messages import Message, context, escape, moment, section

EVENTS_SHOWN = 10

_SUMMARY_LENGTH = 500
_WORDS_LENGTH = 600
_NAME_LENGTH = 90


def write_activity(report: ActivityReport) -> Message:
    """Tell what happened, what it means and what to do about it, then how much more there was, when, and who did it."""
    shown = report.events[:EVENTS_SHOWN]
    more = report.event_count - len(shown)
    blocks = [section(_tell(event)) for event in shown]
    if more > 0:
        blocks.append(section(f"… and {others(more)} of the same change: your team's activity log has them all."))
    by = f" · by {escape(report.actor, limit=_NAME_LENGTH)}" if report.actor is not None else ""
    return Message(_fallback(report), (*blocks, context(f"{moment(report.occurred_at)}{by}")))


def _tell(event: ActivityEvent) -> str:
    message = escape(event.message or "", limit=_WORDS_LENGTH)
    said = f"{emoji(event)} *{_summary(event)}*"
    return f"{said}\n{message}" if message else said


def _fallback(report: ActivityReport) -> str:
    first, more = report.events[0], report.event_count - 1
    return f"{emoji(first)} {_summary(first)}{f' And {others(more)}.' if more else ''}"


def _summary(event: ActivityEvent) -> str:
    return escape(event.summary, limit=_SUMMARY_LENGTH) or event.type
