"""PagerDuty's stand-in, held against the documents of the Events API v2."""

from typing import Any

import httpx2
import pytest

from app.sandbox.pagerduty import ROUTING_KEY
from tests.sandbox.running import Sandbox

PAYLOAD = {"summary": "Checkout fails", "source": "checkout", "severity": "critical"}


def send(sandbox: Sandbox, action: str = "trigger", key: str | None = "k", **more: Any) -> httpx2.Response:
    event = {"routing_key": ROUTING_KEY, "event_action": action, "dedup_key": key, "payload": PAYLOAD} | more
    return sandbox.http.post("/pagerduty/v2/enqueue", json={name: value for name, value in event.items() if value is not None})


def shown(sandbox: Sandbox) -> list[tuple[str, str, int]]:
    return [(each["dedup_key"], each["status"], each["triggers"]) for each in sandbox.state()["incidents"]]


def test_an_alert_is_triggered_once_acknowledged_and_resolved(sandbox: Sandbox) -> None:
    answers = [send(sandbox, "trigger"), send(sandbox, "trigger")]
    opened = shown(sandbox)
    answers.append(send(sandbox, "acknowledge"))
    acknowledged = shown(sandbox)
    answers.append(send(sandbox, "resolve"))

    assert {answer.status_code for answer in answers} == {202}
    assert answers[0].json() == {"status": "success", "message": "Event processed", "dedup_key": "k"}
    assert (opened, acknowledged, shown(sandbox)) == (
        [("k", "triggered", 2)],
        [("k", "acknowledged", 2)],
        [("k", "resolved", 2)],
    )


def test_a_trigger_for_a_resolved_alert_opens_another_and_what_is_not_open_is_dropped(sandbox: Sandbox) -> None:
    for action, key in (("resolve", "never"), ("acknowledge", "never"), ("trigger", "k"), ("resolve", "k"), ("resolve", "k")):
        assert send(sandbox, action, key).status_code == 202
    send(sandbox, "trigger")

    assert shown(sandbox) == [("k", "resolved", 1), ("k", "triggered", 1)]
    assert [each["action"] for each in sandbox.state()["incident_events"]] == [
        *("resolve", "acknowledge", "trigger", "resolve", "resolve", "trigger")
    ]


def test_a_trigger_without_a_key_is_given_one(sandbox: Sandbox) -> None:
    keys = {send(sandbox, "trigger", None).json()["dedup_key"] for _ in range(2)}

    assert len(keys) == 2
    assert {key for key, _, _ in shown(sandbox)} == keys


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"routing_key": "u+23rschqsESqk9Q6_-g"}, "Length of 'routing_key' is incorrect (should be 32 characters)"),
        ({"routing_key": "-" * 32}, "'routing_key' cannot contain non-alphanumeric characters."),
        ({"routing_key": None}, "'routing_key' is missing or blank"),
        ({"event_action": "close"}, "'event_action' is invalid"),
        ({"event_action": "resolve", "dedup_key": None}, "'dedup_key' is missing or blank"),
        ({"dedup_key": "k" * 256}, "Length of 'dedup_key' is incorrect"),
        ({"payload": None}, "'payload' is missing or blank"),
        ({"payload": PAYLOAD | {"summary": "x" * 1_025}}, "Length of 'payload.summary' is incorrect"),
        ({"payload": PAYLOAD | {"severity": "CRITICAL"}}, "'payload.severity' is invalid"),
        ({"payload": PAYLOAD | {"source": ""}}, "'payload.source' is missing or blank"),
    ],
)
def test_what_is_invalid_is_refused_with_what_is_wrong(sandbox: Sandbox, change: dict[str, Any], error: str) -> None:
    answer = send(sandbox, **change)

    assert answer.status_code == 400
    assert answer.json()["status"] == "invalid event"
    assert answer.json()["errors"][0].startswith(error)
    assert shown(sandbox) == []


def test_a_key_that_is_not_known_is_refused(sandbox: Sandbox) -> None:
    stranger = send(sandbox, "trigger", routing_key="0" * 32)
    struck = sandbox.control("faults", provider="pagerduty", fault="uninstall_app").json()
    deleted = send(sandbox, "trigger")
    sandbox.control("reset")

    assert [(each.status_code, each.text) for each in (stranger, deleted)] == [(400, "Invalid routing key")] * 2
    assert struck == {"ok": True, "changed": 1}
    assert send(sandbox, "trigger").status_code == 202


def test_no_json_and_too_much_of_it_are_refused(sandbox: Sandbox) -> None:
    odd = sandbox.http.post("/pagerduty/v2/enqueue", content=b"{")
    large = send(sandbox, "trigger", payload=PAYLOAD | {"custom_details": "x" * 600_000})

    assert (odd.status_code, odd.json()["errors"]) == (400, ["JSON parse error"])
    assert large.status_code == 413


def test_what_goes_wrong_on_order_is_said_in_its_words(sandbox: Sandbox) -> None:
    sandbox.control("faults", provider="pagerduty", fault="rate_limit", retry_after=7)
    sandbox.control("faults", provider="pagerduty", fault="status", status=500)

    limited, failed = send(sandbox, "trigger"), send(sandbox, "trigger")

    assert (limited.status_code, limited.headers["retry-after"], failed.status_code) == (429, "7", 500)
    assert shown(sandbox) == []


def test_the_front_page_shows_incidents_and_nothing_gets_out_of_its_cell(sandbox: Sandbox) -> None:
    before = sandbox.http.get("/").text
    send(sandbox, "trigger", payload=PAYLOAD | {"summary": "</td><script>alert(1)</script>"})
    after = sandbox.http.get("/").text

    assert "No incident was opened yet." in before
    assert f"<code>{ROUTING_KEY}</code>" in before
    assert (
        "<tr><td>&lt;/td&gt;&lt;script&gt;alert(1)&lt;/script&gt;<td>critical<td>triggered<td>2026-01-02 03:04:05</tr>" in after
    )
