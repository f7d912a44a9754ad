"""What PagerDuty is told of an incident.

Source: Events API v2, "Send an Alert Event" (a summary has at most 1,024 characters) and "Size Limits" (an event, 512 KB).
"""

from collections.abc import Iterator, Mapping

from app.providers._http.answers import shown
from app.providers.contract import Occasion, RunReport
from app.providers.incidents import Severity

FAILURES_SHOWN = 10

_CLIENT = "Installed Apps"
_LONGEST_SUMMARY = 1_024


def write_trigger(report: RunReport, *, key: str, severity: Severity) -> Mapping[str, object]:
    """Tell of the failure: one line that is read out at night, and the figures for whoever gets up."""
    name = shown(report.monitor_name, otherwise="A monitor")
    return {
        "event_action": "trigger",
        "dedup_key": key,
        "client": _CLIENT,
        "links": [{"href": report.url, "text": "The run"}] if report.url is not None else [],
        "payload": {
            "summary": _summary(name, report),
            "source": name,
            "severity": severity.value.lower(),
            "timestamp": report.started_at.isoformat(),
            "class": "monitor",
            "custom_details": _details(report),
        },
    }


def write_resolution(key: str) -> Mapping[str, object]:
    return {"event_action": "resolve", "dedup_key": key}


def _summary(name: str, report: RunReport) -> str:
    if report.occasion is Occasion.TEST:
        return f"Test: a member tries out what is told of {name}. Nothing is wrong, and this is resolved at once."
    line = " ".join([f"{name} has failed three times in a row.", *_first(report)])
    return line if len(line) <= _LONGEST_SUMMARY else f"{line[: _LONGEST_SUMMARY - 1]}…"


def _first(report: RunReport) -> Iterator[str]:
    for name, message in report.failures[:1]:
        yield f"{_title(name)}: {shown(message, otherwise='it failed')}"
    more = len(report.failures) - 1
    if more > 0:
        yield f"(and {more} more)"


def _details(report: RunReport) -> Mapping[str, object]:
    return {
        "outcome": report.outcome,
        "started at": report.started_at.isoformat(),
        "duration in ms": report.duration_ms,
        "requests": report.request_count,
        "tests": report.test_count,
        "failed tests": report.failed_test_count,
        "errors": report.error_count,
        "failures": [f"{_title(name)}: {shown(message, otherwise='')}" for name, message in report.failures[:FAILURES_SHOWN]],
    }


def _title(name: str) -> str:
    return shown(name, otherwise="(no name)")
