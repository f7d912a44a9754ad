"""What a webhook is told: of a run, and of the team's log. Names are never changed; more may come."""

from collections.abc import Mapping

from app.providers.activity import ActivityEvent, ActivityReport
from app.providers.contract import RunReport

EVENT_TYPE = "monitor_run.reported"
ACTIVITY_TYPE = "team_activity.recorded"


def write_message(report: RunReport) -> Mapping[str, object]:
    """Tell a run as JSON, in the envelope that Standard Webhooks advises: type, timestamp, data."""
    return {
        "type": EVENT_TYPE,
        "timestamp": report.started_at.isoformat(),
        "data": {
            "deliveryId": report.delivery_id,
            "occasion": report.occasion.value,
            "monitor": report.monitor_name,
            "outcome": report.outcome,
            "startedAt": report.started_at.isoformat(),
            "durationMs": report.duration_ms,
            "requestCount": report.request_count,
            "testCount": report.test_count,
            "failedTestCount": report.failed_test_count,
            "errorCount": report.error_count,
            "failures": [{"name": name, "message": message} for name, message in report.failures],
            "url": report.url,
        },
    }


def write_activity(report: ActivityReport) -> Mapping[str, object]:
    """Tell the events of one change in the same envelope, each as `events export` and the API have it."""
    return {
        "type": ACTIVITY_TYPE,
        "timestamp": report.occurred_at.isoformat(),
        "data": {
            "deliveryId": report.delivery_id,
            "occurredAt": report.occurred_at.isoformat(),
            "actor": report.actor,
            "eventCount": report.event_count,
            "events": [_event(event) for event in report.events],
        },
    }


def _event(event: ActivityEvent) -> Mapping[str, object]:
    return {
        "id": event.id,
        "cursor": event.cursor,
        "sequence": event.sequence,
        "type": event.type,
        "subjectId": event.subject_id,
        "integrationId": event.integration_id,
        "summary": event.summary,
        "status": event.status,
        "previousStatus": event.previous_status,
        "reason": event.reason,
        "message": event.message,
    }
