import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, strategies as st

from app.providers.contract import Occasion, RunReport
from app.providers.slack.messages import Message, escape, write_message

START = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
STARTED = "<!date^1795255200^{date_short_pretty}, {time}|21 Nov 2026, 10:00 UTC>"


def report(
    *,
    outcome: str = "FAILED",
    occasion: Occasion = Occasion.RUN,
    name: str = "Checkout",
    failures: tuple[tuple[str, str], ...] = (),
    url: str | None = None,
) -> RunReport:
    return RunReport(
        delivery_id="delivery-1",
        occasion=occasion,
        monitor_name=name,
        outcome=outcome,
        started_at=START,
        duration_ms=72_000,
        request_count=1,
        test_count=120,
        failed_test_count=len(failures),
        error_count=0,
        failures=failures,
        url=url,
    )


def texts(message: Message) -> list[str]:
    """Every text of the blocks, in order."""
    return [str(element["text"]) for element in _elements(message)]


def _elements(message: Message) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    for block in message.blocks:
        elements = block.get("elements", [block.get("text")])
        assert isinstance(elements, list)
        found += elements
    return found


def test_a_failed_run_is_told_outcome_first() -> None:
    failures = (("Status code is 200", "expected 500 to equal 200"), ("Body has an id", ""))

    message = write_message(report(failures=failures, url="https://ci.example.com/runs/7?a=1&b=2"))

    assert texts(message) == [
        "❌ *Checkout* failed",
        "1 request · 120 tests, 2 failed · 0 errors · took 1 min 12 s",
        "• *Status code is 200*: expected 500 to equal 200\n• *Body has an id*",
        f"Started {STARTED} · <https://ci.example.com/runs/7?a=1&amp;b=2|Open the run>",
    ]
    assert message.text == (
        "❌ Checkout failed: 1 request · 120 tests, 2 failed · 0 errors · took 1 min 12 s."
        " Failing: Status code is 200 and 1 more."
    )


@pytest.mark.parametrize(
    ("outcome", "title"),
    [
        ("PASSED", "✅ *Checkout* passed"),
        ("FAILED", "❌ *Checkout* failed"),
        ("ERROR", "⚠️ *Checkout* ended in an error"),
        ("NOTHING_RAN", "⚪ *Checkout* ran nothing: no request was made and no test was run"),
    ],
)
def test_every_outcome_has_its_title(outcome: str, title: str) -> None:
    assert texts(write_message(report(outcome=outcome)))[0] == title


def test_of_fifteen_hundred_failures_all_but_those_shown_are_counted() -> None:
    named = tuple((f"test {number}", "no") for number in range(100))

    message = write_message(replace(report(failures=named), failed_test_count=1_497, error_count=3))

    assert texts(message)[2].endswith("… and 1490 more")
    assert message.text.endswith("Failing: test 0 and 1499 more.")


def test_a_run_of_which_nobody_told_how_long_it_took_says_nothing_of_that() -> None:
    message = write_message(replace(report(), duration_ms=0))

    assert texts(message)[1] == "1 request · 120 tests, 0 failed · 0 errors"


def test_the_third_failure_says_so() -> None:
    message = write_message(report(occasion=Occasion.THIRD_FAILURE))

    assert "Third failure in a row." in texts(message)[1]
    assert "Third failure in a row." in message.text


def test_a_recovery_says_so() -> None:
    message = write_message(report(outcome="PASSED", occasion=Occasion.RECOVERY))

    assert "Recovered" in texts(message)[1]
    assert "Recovered" in message.text


@pytest.mark.parametrize(("count", "last"), [(10, "• *test 9*: no"), (11, "… and 1 more"), (100, "… and 90 more")])
def test_ten_failing_tests_are_named(count: int, last: str) -> None:
    message = write_message(report(failures=tuple((f"test {number}", "no") for number in range(count))))

    lines = texts(message)[2].split("\n")
    assert lines[:10] == [f"• *test {number}*: no" for number in range(10)]
    assert lines[-1] == last


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<!channel> & <@U123>", "&lt;!channel&gt; &amp; &lt;@U123&gt;"),
        ("&lt;!here&gt;", "&amp;lt;!here&amp;gt;"),
        ("one\n\n✅ *Other* passed\ttwo\x00", "one ✅ *Other* passed two"),
        ("user\u202egnp.exe", "usergnp.exe"),
        ("a\u2028b\x85c", "a b c"),
        ("\ud800", ""),
        ("👩‍💻 naïve", "👩‍💻 naïve"),
    ],
)
def test_others_text_is_shown_as_it_is(text: str, shown: str) -> None:
    assert escape(text, limit=100) == shown


@pytest.mark.parametrize(
    ("text", "limit", "shown"),
    [
        ("abcdef", 6, "abcdef"),
        ("abcdefg", 6, "abcde…"),
        ("<<<", 12, "&lt;&lt;&lt;"),
        ("<<<", 11, "&lt;&lt;…"),
        ("😀😀😀", 5, "😀😀…"),
    ],
)
def test_text_is_cut_between_characters(text: str, limit: int, shown: str) -> None:
    assert escape(text, limit=limit) == shown


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "ftp://example.com/",
        "example.com",
        "https://",
        "https://example.com@evil.example/",
        "https://exa mple.com/",
        "https://example.com/" + "a" * 2000,
        "https://example.com/\ud800",
        "",
    ],
)
def test_what_is_no_plain_web_address_is_not_linked(url: str) -> None:
    assert "Open the run" not in texts(write_message(report(url=url)))[-1]


@pytest.mark.parametrize(
    ("url", "written"),
    [
        ("https://example.com/a|b>c<d", "https://example.com/a%7Cb%3Ec%3Cd"),
        ("https://example.com/#/runs/7", "https://example.com/#/runs/7"),
        ("https://example.com/größe?q=%20", "https://example.com/gr%C3%B6%C3%9Fe?q=%20"),
    ],
)
def test_an_address_cannot_leave_its_link(url: str, written: str) -> None:
    assert f"<{written}|Open the run>" in texts(write_message(report(url=url)))[-1]


_nasty = st.sampled_from(
    [
        "<!channel>",
        "<!here|x>",
        "<@U012AB3CD>",
        "<#C1|general>",
        "<https://evil.example|Sign in>",
        "&lt;",
        "*",
        "`",
        "\n",
        "&" * 900,
    ]
)
_text = st.lists(st.one_of(st.text(), _nasty), max_size=6).map("".join)
_count = st.integers(0, 2**31 - 1)
_reports = st.builds(
    RunReport,
    delivery_id=st.uuids().map(str),
    occasion=st.sampled_from(Occasion),
    monitor_name=_text,
    outcome=st.sampled_from(["PASSED", "FAILED", "ERROR"]),
    started_at=st.datetimes(
        min_value=datetime(1970, 1, 2),  # noqa: DTZ001 - hypothesis adds the zone
        timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30))]),
    ),
    duration_ms=_count,
    request_count=_count,
    test_count=_count,
    failed_test_count=_count,
    error_count=_count,
    failures=st.lists(st.tuples(_text, _text), max_size=100).map(tuple),
    url=st.one_of(st.none(), _text, _text.map("https://example.com/{}".format)),
)
_OURS = re.compile(r"<!date\^[0-9]+\^\{date_short_pretty\}, \{time\}\|[^<>|&]+>|<https?://[!-~]*\|Open the run>")
_ENTITY = re.compile(r"&(?:amp|lt|gt);")


@given(told=_reports)
def test_any_report_fits_slacks_limits_and_mentions_nobody(told: RunReport) -> None:
    message = write_message(told)

    assert 1 <= len(message.blocks) <= 50
    shown = texts(message)
    for text in (*shown, message.text):
        assert 1 <= len(text.encode("utf-16-le")) // 2 <= 3000
        rest = _OURS.sub("", text)
        assert "<" not in rest
        assert ">" not in rest
        assert "&" not in _ENTITY.sub("", rest)
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)
    assert "\n" not in message.text
    assert len(_OURS.findall("".join(shown))) == (2 if "Open the run>" in shown[-1] else 1)
    assert all(block["type"] in {"section", "context"} for block in message.blocks)
    assert all(element["verbatim"] is True for element in _elements(message))
