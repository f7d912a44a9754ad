import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, strategies as st

from app.errors import Refusal, UserErrorCode
from app.monitors.models import Failure, RunOutcome
from app.monitors.reported import ReportedRun, check

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
PLAIN = ReportedRun(monitor_key="checkout", run_id="1", outcome=RunOutcome.PASSED, started_at=NOW, duration_ms=0)


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("monitorKey", {"monitor_key": ""}),
        ("monitorKey", {"monitor_key": "   "}),
        ("monitorKey", {"monitor_key": "k" * 201}),
        ("monitorKey", {"monitor_key": "a\nb"}),
        ("monitorKey", {"monitor_key": "a\0"}),
        ("monitorKey", {"monitor_key": "\ud800"}),
        ("monitorKey", {"monitor_key": "check\u200bout"}),
        ("monitorName", {"monitor_name": ""}),
        ("monitorName", {"monitor_name": "\u200d"}),
        ("monitorName", {"monitor_name": "n" * 201}),
        ("runId", {"run_id": ""}),
        ("runId", {"run_id": "r" * 201}),
        ("runId", {"run_id": "\u2028"}),
        ("startedAt", {"started_at": datetime(1999, 12, 31, tzinfo=UTC)}),
        ("startedAt", {"started_at": NOW + timedelta(days=1, milliseconds=1)}),
        ("durationMs", {"duration_ms": -1}),
        ("durationMs", {"duration_ms": 2**31}),
        ("requestCount", {"request_count": -1}),
        ("testCount", {"test_count": -1}),
        ("failedTestCount", {"failed_test_count": -1}),
        ("errorCount", {"error_count": -1}),
        ("failures", {"failures": (Failure("t", "m"),) * 101}),
        ("url", {"url": "ftp://example.com/"}),
        ("url", {"url": "javascript:alert(1)"}),
        ("url", {"url": "https://example.com/a b"}),
        ("url", {"url": "https://example.com/" + "a" * 2_048}),
    ],
)
def test_what_makes_no_sense_is_refused_by_its_field(field: str, change: dict[str, object]) -> None:
    with pytest.raises(Refusal) as refusal:
        check(replace(PLAIN, **change), now=NOW)  # type: ignore[arg-type]

    assert (refusal.value.code, refusal.value.field) == (UserErrorCode.INVALID, (field,))


def test_the_limits_themselves_are_fine() -> None:
    reported = replace(
        PLAIN,
        monitor_key="ключ 🔑 " + "k" * 193,
        monitor_name="n" * 200,
        run_id="r" * 200,
        started_at=NOW + timedelta(days=1),
        duration_ms=2**31 - 1,
        failures=(Failure("n" * 1_000, "m" * 1_000),) * 100,
        url="https://ci.example.com/runs/17?a=b#c",
    )

    assert check(reported, now=NOW) == reported


@given(st.text(alphabet=st.characters(), max_size=1_200), st.text(alphabet=st.characters(exclude_categories=()), min_size=990))
def test_failures_are_cut_to_what_can_be_stored(name: str, message: str) -> None:
    [failure] = check(replace(PLAIN, failures=(Failure(name, message),)), now=NOW).failures

    for given_text, kept in ((name, failure.name), (message, failure.message)):
        assert len(kept) <= 1_000
        assert "\0" not in kept
        kept.encode()
        plain = re.sub("[\ud800-\udfff]", "\ufffd", given_text)  # half of a surrogate pair
        assert kept == plain or len(plain) > 1_000 or "\0" in plain
