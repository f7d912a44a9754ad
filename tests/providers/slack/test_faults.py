from collections.abc import Mapping

import pytest

from app.providers.contract import Failure, Fault
from tests.providers.scripted import (
    ACCESS_TOKEN,
    http,
)
from tests.providers.slack.steps import STEPS, fault_of, outcome_of

REFUSALS = {
    "invalid_auth": Fault.DEAD_GRANT,
    "token_revoked": Fault.DEAD_GRANT,
    "account_inactive": Fault.DEAD_GRANT,
    "not_authed": Fault.DEAD_GRANT,
    "user_is_deactivated": Fault.DEAD_GRANT,
    "token_expired": Fault.EXPIRED,
    "missing_scope": Fault.MISSING_SCOPES,
    "invalid_client_id": Fault.CLIENT_REFUSED,
    "bad_client_secret": Fault.CLIENT_REFUSED,
    "channel_not_found": Fault.TARGET_GONE,
    "is_archived": Fault.TARGET_GONE,
    "not_in_channel": Fault.TARGET_GONE,
    "restricted_action": Fault.TARGET_GONE,
    "ratelimited": Fault.BUSY,
    "rate_limited": Fault.BUSY,
    "org_login_required": Fault.BUSY,
    "internal_error": Fault.BROKEN,
    "fatal_error": Fault.BROKEN,
    "invalid_blocks": Fault.REFUSED,
    "msg_too_long": Fault.REFUSED,
    "a_code_of_tomorrow": Fault.REFUSED,
}


@pytest.mark.parametrize(("code", "fault"), REFUSALS.items(), ids=REFUSALS)
@pytest.mark.parametrize("name", ["check", "post", "list", "find"])
async def test_a_refusal_is_sorted_and_its_code_shown(name: str, code: str, fault: Fault) -> None:
    outcome = await outcome_of(STEPS[name], http({"ok": False, "error": code}))

    assert isinstance(outcome, Failure)
    assert outcome.fault is fault
    assert f"({code})" in outcome.message


@pytest.mark.parametrize("status", [400, 401, 403, 404])
async def test_a_refusal_counts_whatever_its_http_status(status: int) -> None:
    assert await fault_of(STEPS["post"], http({"ok": False, "error": "token_revoked"}, status=status)) is Fault.DEAD_GRANT


@pytest.mark.parametrize(
    "error",
    ["", "No such thing", ACCESS_TOKEN, "x" * 61, "<b>", "INVALID", "a\nb", "ein_fehlér", "8f742231b10e8888abcd99a2c485f5a5"],
)
async def test_words_that_are_no_code_are_not_repeated(error: str) -> None:
    outcome = await outcome_of(STEPS["post"], http({"ok": False, "error": error}))

    assert outcome == Failure(Fault.REFUSED, "Slack refused, in words that are no error code of its own.")


WAITS: Mapping[str, tuple[Mapping[str, str], float | None]] = {
    "seconds": ({"Retry-After": "30"}, 30.0),
    "none": ({"Retry-After": "0"}, 0.0),
    "eleven days": ({"Retry-After": "1000000"}, 3600.0),
    "thirty years": ({"Retry-After": "1000000000"}, 3600.0),
    "more digits than a number has": ({"Retry-After": "9" * 5000}, None),
    "a date": ({"Retry-After": "Sat, 21 Nov 2026 10:01:30 GMT", "Date": "Sat, 21 Nov 2026 10:00:00 GMT"}, 90.0),
    "a date that has passed": ({"Retry-After": "Sat, 21 Nov 2026 09:00:00 GMT", "Date": "Sat, 21 Nov 2026 10:00:00 GMT"}, 0.0),
    "a date in ages": ({"Retry-After": "Fri, 31 Dec 9999 23:59:59 GMT", "Date": "Sat, 21 Nov 2026 10:00:00 GMT"}, 3600.0),
    "a date against no date": ({"Retry-After": "Sat, 21 Nov 2026 10:01:30 GMT"}, None),
    "negative": ({"Retry-After": "-1"}, None),
    "a fraction": ({"Retry-After": "1.5"}, None),
    "digits of another script": ({"Retry-After": "\xb2"}, None),
    "words": ({"Retry-After": "soon"}, None),
    "nothing": ({}, None),
    "twice": ({"Retry-After": "3", "retry-after": "4"}, None),
}


@pytest.mark.parametrize(("headers", "seconds"), WAITS.values(), ids=WAITS)
@pytest.mark.parametrize("name", ["refresh", "post"])
async def test_patience_is_asked_for_in_seconds_of_an_hour_at_most(
    name: str, headers: Mapping[str, str], seconds: float | None
) -> None:
    outcome = await outcome_of(STEPS[name], http({"ok": False, "error": "ratelimited"}, status=429, headers=headers))

    assert isinstance(outcome, Failure)
    assert (outcome.fault, outcome.retry_after) == (Fault.BUSY, seconds)


async def test_only_who_asks_for_patience_gets_it() -> None:
    refusal = http({"ok": False, "error": "token_revoked"}, headers={"Retry-After": "30"})

    outcome = await outcome_of(STEPS["post"], refusal)

    assert isinstance(outcome, Failure)
    assert (outcome.fault, outcome.retry_after) == (Fault.DEAD_GRANT, None)
