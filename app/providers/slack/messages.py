"""What `channels.post_report` posts about a run: Block Kit blocks, and one line that says the same.

Sources: Slack's reference of blocks and text objects (a section's text has at most 3,000 characters, a message 50 blocks), and of
formatting text: `&`, `<` and `>` are what makes mentions and links, and are escaped in whatever others wrote.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from app.providers.contract import Occasion, RunReport
from app.text.characters import without_unseen

FAILURES_SHOWN = 10

_LONGEST_READ = 2_000
_NAME_LENGTH = 90
_WORDS_LENGTH = 170
_URL_LENGTH = 2000
_OUTCOMES = {
    "PASSED": ("✅", "passed"),
    "FAILED": ("❌", "failed"),
    "NOTHING_RAN": ("⚪", "ran nothing: no request was made and no test was run"),
}
_SECOND = 1_000
_MINUTE = 60 * _SECOND
_ERROR = ("⚠️", "ended in an error")
_OCCASIONS = {
    Occasion.RUN: "",
    Occasion.THIRD_FAILURE: "Third failure in a row. Further failures stay quiet until a run passes.",
    Occasion.RECOVERY: "Recovered: the first pass after three failures or more in a row.",
}
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_URL = re.compile(r"https?://[^\s/?#@\\]+(?:[/?#]\S*)?")
_URL_SAFE = ":/?#[]@!$'()*+,;=%~-._&"
_LAST_PLANE_0 = 0xFFFF

Block = Mapping[str, object]


@dataclass(frozen=True)
class Message:
    """A message as chat.postMessage takes it; `text` is what notifications and screen readers have of it."""

    text: str
    blocks: tuple[Block, ...]


def write_message(report: RunReport) -> Message:
    """Tell a run: the outcome first, then why it is told, figures, the first ten failing tests, and where to read on."""
    facts = [_occasion(report), _figures(report)]
    blocks = [_section(f"{_emoji(report)} *{escape(report.monitor_name, limit=_NAME_LENGTH)}* {_outcome(report)}")]
    blocks.append(_section("\n".join(filter(None, facts))))
    if report.failures:
        blocks.append(_section("\n".join(_failing_tests(report))))
    return Message(_fallback(report), (*blocks, _context(report)))


def escape(text: str, *, limit: int) -> str:
    """Return others' text as one line that Slack shows as it is: nothing in it mentions, links or hides.

    The answer has at most `limit` characters, counted as UTF-16 does (Slack does not say how it counts) and after escaping.
    """
    line = " ".join(without_unseen("".join(map(_visible, text[:_LONGEST_READ]))).split())
    pieces = [_ESCAPES.get(character, character) for character in line[: limit + 1]]
    if sum(map(_width, pieces)) <= limit:
        return "".join(pieces)
    kept, room = [], limit - 1
    for piece in pieces:
        room -= _width(piece)
        if room < 0:
            break
        kept.append(piece)
    return "".join(kept) + "…"


def describe_duration(milliseconds: int) -> str:
    """Say how long, in the two largest units: "420 ms", "3.4 s", "1 min 12 s", "2 h 5 min", "3 d 4 h"."""
    if milliseconds < _SECOND:
        return f"{max(milliseconds, 0)} ms"
    if milliseconds < _MINUTE:
        return f"{milliseconds // 100 / 10:g} s"
    minutes, seconds = divmod(milliseconds // _SECOND, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {seconds} s"


def _visible(character: str) -> str:
    return " " if unicodedata.category(character) in {"Cc", "Cs", "Cn", "Zl", "Zp"} else character


def _width(piece: str) -> int:
    return sum(2 if ord(character) > _LAST_PLANE_0 else 1 for character in piece)


def _emoji(report: RunReport) -> str:
    return _OUTCOMES.get(report.outcome, _ERROR)[0]


def _outcome(report: RunReport) -> str:
    return _OUTCOMES.get(report.outcome, _ERROR)[1]


def _occasion(report: RunReport) -> str:
    return _OCCASIONS[report.occasion]


def _figures(report: RunReport) -> str:
    return " · ".join(
        (
            _count(report.request_count, "request"),
            f"{_count(report.test_count, 'test')}, {report.failed_test_count} failed",
            _count(report.error_count, "error"),
            *([f"took {describe_duration(report.duration_ms)}"] if report.duration_ms else ()),
        )
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _failing_tests(report: RunReport) -> list[str]:
    lines = [_failing_test(name, message) for name, message in report.failures[:FAILURES_SHOWN]]
    more = _count_failures(report) - len(lines)
    return [*lines, f"… and {more} more"] if more > 0 else lines


def _count_failures(report: RunReport) -> int:
    """Return how many there were: a run names its first hundred."""
    return max(report.failed_test_count + report.error_count, len(report.failures))


def _failing_test(name: str, message: str) -> str:
    shown = escape(name, limit=_NAME_LENGTH) or "(no name)"
    why = escape(message, limit=_WORDS_LENGTH)
    return f"• *{shown}*: {why}" if why else f"• *{shown}*"


def _context(report: RunReport) -> Block:
    written = report.started_at.strftime("%d %b %Y, %H:%M %Z")
    # Slack shows this in the reader's own time zone, and what stands behind the bar where it cannot.
    started = f"Started <!date^{int(report.started_at.timestamp())}^{{date_short_pretty}}, {{time}}|{written}>"
    url = _link(report.url)
    return {"type": "context", "elements": [_mrkdwn(f"{started} · <{url}|Open the run>" if url else started)]}


def _fallback(report: RunReport) -> str:
    name = escape(report.monitor_name, limit=_NAME_LENGTH)
    parts = [f"{_emoji(report)} {name} {_outcome(report)}: {_figures(report)}.", _occasion(report)]
    if report.failures:
        first = escape(report.failures[0][0], limit=_NAME_LENGTH) or "(no name)"
        more = _count_failures(report) - 1
        parts.append(f"Failing: {first}{f' and {more} more' if more else ''}.")
    return " ".join(filter(None, parts))


def _link(url: str | None) -> str | None:
    """Return the address as it can stand between angle brackets, or None where it is no plain web address."""
    if url is None or not _URL.fullmatch(url):
        return None
    try:
        plain = quote(url, safe=_URL_SAFE).replace("&", "&amp;")
    except UnicodeEncodeError:
        return None
    return plain if len(plain) <= _URL_LENGTH else None


def _section(text: str) -> Block:
    return {"type": "section", "text": _mrkdwn(text)}


def _mrkdwn(text: str) -> Block:
    # verbatim: without it Slack would itself turn "#general", "@here" and bare addresses of others' text into live ones.
    return {"type": "mrkdwn", "text": text, "verbatim": True}
