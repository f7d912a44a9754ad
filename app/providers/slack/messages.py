"""What `channels.post_report` posts about a run: Block Kit blocks, and one line that says the same.

Sources: Slack's reference of blocks and text objects (a section's text has at most 3,000 characters, a message 50 blocks), and of
formatting text: `&`, `<` and `>` are what makes mentions and links, and are escaped in whatever others wrote.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from app.providers._messaging.reports import count_failures, emoji, figures, occasion, one_line, outcome
from app.providers.contract import Occasion, RunReport
from app.providers.slack.mentions import write_mention

FAILURES_SHOWN = 10

_NAME_LENGTH = 90
_WORDS_LENGTH = 170
_URL_LENGTH = 2000
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


def write_message(report: RunReport, *, mention: str | None = None) -> Message:
    """Tell a run: the outcome first, then why it is told, figures, the first ten failing tests, and where to read on.

    A test message says first that it is one, and has no figures to tell. Whom the message is to call is called in front of it.
    """
    called = write_mention(mention)
    name = escape(report.monitor_name, limit=_NAME_LENGTH)
    if report.occasion is Occasion.TEST:
        said = section(f"{emoji(report)} *Test message* for *{name}*"), section(occasion(report))
        return Message(f"{emoji(report)} Test message for {name}. {occasion(report)}", (*said, _context(report, "Asked for")))
    facts = [occasion(report), figures(report)]
    blocks = [section(f"{called}{emoji(report)} *{name}* {outcome(report)}")]
    blocks.append(section("\n".join(filter(None, facts))))
    if report.failures:
        blocks.append(section("\n".join(_failing_tests(report))))
    return Message(f"{called}{_fallback(report)}", (*blocks, _context(report)))


def escape(text: str, *, limit: int) -> str:
    """Return others' text as one line that Slack shows as it is: nothing in it mentions, links or hides.

    The answer has at most `limit` characters, counted as UTF-16 does (Slack does not say how it counts) and after escaping.
    """
    line = one_line(text)
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


def moment(at: datetime) -> str:
    """Return a moment that Slack shows in the reader's own time zone, and what stands behind the bar where it cannot."""
    return f"<!date^{int(at.timestamp())}^{{date_short_pretty}}, {{time}}|{at.strftime('%d %b %Y, %H:%M %Z')}>"


def section(text: str) -> Block:
    return {"type": "section", "text": _mrkdwn(text)}


def context(text: str) -> Block:
    return {"type": "context", "elements": [_mrkdwn(text)]}


def _width(piece: str) -> int:
    return sum(2 if ord(character) > _LAST_PLANE_0 else 1 for character in piece)


def _failing_tests(report: RunReport) -> list[str]:
    lines = [_failing_test(name, message) for name, message in report.failures[:FAILURES_SHOWN]]
    more = count_failures(report) - len(lines)
    return [*lines, f"… and {more} more"] if more > 0 else lines


def _failing_test(name: str, message: str) -> str:
    shown = escape(name, limit=_NAME_LENGTH) or "(no name)"
    why = escape(message, limit=_WORDS_LENGTH)
    return f"• *{shown}*: {why}" if why else f"• *{shown}*"


def _context(report: RunReport, deed: str = "Started") -> Block:
    started, url = f"{deed} {moment(report.started_at)}", _link(report.url)
    return context(f"{started} · <{url}|Open the run>" if url else started)


def _fallback(report: RunReport) -> str:
    name = escape(report.monitor_name, limit=_NAME_LENGTH)
    parts = [f"{emoji(report)} {name} {outcome(report)}: {figures(report)}.", occasion(report)]
    if report.failures:
        first = escape(report.failures[0][0], limit=_NAME_LENGTH) or "(no name)"
        more = count_failures(report) - 1
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


def _mrkdwn(text: str) -> Block:
    # verbatim: without it Slack would itself turn "#general", "@here" and bare addresses of others' text into live ones.
    return {"type": "mrkdwn", "text": text, "verbatim": True}
