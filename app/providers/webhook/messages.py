"""What a webhook is told of a run. Names are never changed; more may come."""

from collections.abc import Mapping

from app.providers.contract import RunReport

EVENT_TYPE = "monitor_run.reported"


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
