"""What Slack is told of a team's log: the sentences of the log, escaped and bounded, whoever wrote the names in them."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, strategies as st

from app.providers.activity import ActivityEvent, ActivityReport
from app.providers.slack.activity import EVENTS_SHOWN, write_activity
from app.providers.slack.messages import Message
from app.sandbox.slack_blocks import blocks_are_valid

AT = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
WHEN = "<!date^1795255200^{date_short_pretty}, {time}|21 Nov 2026, 10:00 UTC>"


def event(summary: str = "It happened.", type: str = "INTEGRATION_EDITED", **more: str | None) -> ActivityEvent:
    return ActivityEvent("event-1", "cursor-1", 1, type, "subject-1", None, summary, **more)


def report(*events: ActivityEvent, count: int | None = None, actor: str | None = None) -> ActivityReport:
    return ActivityReport("delivery-1", AT, actor, count or len(events), events)


def texts(message: Message) -> list[str]:
    found: list[str] = []
    for block in message.blocks:
        elements = block.get("elements", [block.get("text")])
        assert isinstance(elements, list)
        found += [str(element["text"]) for element in elements]
    return found


def test_an_event_is_told_with_what_it_means_and_when_and_by_whom() -> None:
    message = write_activity(report(event("“Acme” was deleted.", message="Sign in anew."), actor="Ada"))

    assert message.text == "🔹 “Acme” was deleted."
    assert texts(message) == ["🔹 *“Acme” was deleted.*\nSign in anew.", f"{WHEN} · by Ada"]


@pytest.mark.parametrize(
    ("of", "sign"),
    [
        (event(status="NEEDS_REAUTHENTICATION", previous_status="ACTIVE"), "🔴"),
        (event(status="FAILING", previous_status="ACTIVE"), "🟠"),
        (event(status="ACTIVE", previous_status="FAILING"), "🟢"),
        (event(status="ACTIVE"), "🔹"),
        (event(type="INSTALLED_APP_WILL_STOP"), "⏳"),
        (event(type="INSTALLED_APP_WILL_NOT_STOP"), "🔹"),
    ],
    ids=["stopped", "in trouble", "came back", "new", "will stop", "will not"],
)
def test_a_sign_says_at_a_glance_what_it_is(of: ActivityEvent, sign: str) -> None:
    assert write_activity(report(of)).text == f"{sign} It happened."


@pytest.mark.parametrize(("count", "shown", "more"), [(10, 10, None), (11, 10, "1 more event"), (2_000, 10, "1,990 more events")])
def test_of_many_events_ten_are_told_and_the_others_counted(count: int, shown: int, more: str | None) -> None:
    message = write_activity(report(*[event()] * min(count, 100), count=count))

    sections = [block for block in message.blocks if block["type"] == "section"]
    assert len(sections) == shown + (more is not None)
    if more is not None:
        assert texts(message)[EVENTS_SHOWN] == f"… and {more} of the same change: your team's activity log has them all."


def test_names_mention_nobody_and_link_nothing() -> None:
    message = write_activity(
        report(event("The integration “<!channel> <http://a|b> &” was added.", message="<@U1>"), actor="<!here>")
    )

    assert texts(message) == [
        "🔹 *The integration “&lt;!channel&gt; &lt;http://a|b&gt; &amp;” was added.*\n&lt;@U1&gt;",
        f"{WHEN} · by &lt;!here&gt;",
    ]
    assert "<!channel>" not in message.text


@given(
    summaries=st.lists(st.text(max_size=3_000), min_size=1, max_size=20),
    message=st.one_of(st.none(), st.text(max_size=3_000)),
    actor=st.one_of(st.none(), st.text(max_size=300)),
)
def test_whatever_it_says_it_fits_slacks_limits(summaries: list[str], message: str | None, actor: str | None) -> None:
    told = write_activity(report(*[event(each, message=message) for each in summaries], actor=actor))

    assert blocks_are_valid(json.loads(json.dumps(told.blocks)))
    assert len(told.blocks) <= 50
    assert 0 < len(told.text) < 4_000
    for text in [told.text, *(text.replace(WHEN, "") for text in texts(told))]:
        assert "<" not in text
