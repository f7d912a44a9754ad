"""/, for whoever sits at the browser: Slack's channels with their messages, live, incidents, and what the Git servers hold.

Everything in it is text that somebody sent, so all of it is escaped. Its one script only puts a fresh copy of the page's inside
in the place of the old one.
"""

import base64
import hashlib
from collections.abc import Callable, Iterable, Iterator
from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import BaseRoute, Route

from app.sandbox.pagerduty import ROUTING_KEY
from app.sandbox.registrations import STANDS_IN_FOR
from app.sandbox.slack_shown import Shown, words_of
from app.sandbox.state import Snapshot, State

Row = dict[str, object]

GIT_SERVERS = {"github": "GitHub Enterprise Server", "gitlab": "GitLab Self-Managed"}
"""Those that stand in for Git servers, by the first part of their paths."""

_MESSAGES_SHOWN = 50
_INCIDENTS_SHOWN = 50


def front_routes(state: State) -> list[BaseRoute]:
    """Return / and /shown, which is the page's inside."""

    async def show(request: Request) -> HTMLResponse:
        return _answer(_PAGE.format(name=STANDS_IN_FOR, style=_STYLE, inside=_inside(state, request), script=_SCRIPT))

    async def show_inside(request: Request) -> HTMLResponse:
        return _answer(_inside(state, request))

    return [Route("/", show, methods=["GET"]), Route("/shown", show_inside, methods=["GET"])]


def _answer(text: str) -> HTMLResponse:
    headers = {
        "Content-Security-Policy": _POLICY,
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return HTMLResponse(text, headers=headers)


def _inside(state: State, request: Request) -> str:
    held: Snapshot = {}
    for stand_in in state.stand_ins:
        for name, rows in stand_in.snapshot().items():
            held.setdefault(name, []).extend(rows)
    origin = f"{request.url.scheme}://{request.headers['host']}"
    return "\n".join([*_slack(held), *_incidents(held, origin=origin), *_git_servers(held, origin=origin)])


def _slack(held: Snapshot) -> Iterator[str]:
    yield "<h2>Slack</h2>"
    if not held["messages"]:
        yield "<p>Nothing was posted yet. What an integration posts appears here by itself.</p>"
    for workspace in held["workspaces"]:
        channels = [each for each in held["channels"] if each["workspace"] == workspace["id"]]
        messages = {
            channel["id"]: [each for each in held["messages"] if each["channel"] == channel["id"]] for channel in channels
        }
        yield f"<section><h3>{_text(workspace['name'])}</h3>"
        for channel in channels:
            if messages[channel["id"]]:
                yield from _channel(channel, messages[channel["id"]])
        quiet = [_name(channel) for channel in channels if not messages[channel["id"]]]
        yield f"<details><summary>{len(quiet)} channels without messages</summary><p>{', '.join(quiet)}</p></details></section>"


def _channel(channel: Row, messages: list[Row]) -> Iterator[str]:
    yield f"<h4>{_name(channel)}</h4><ol>"
    for message in _in_threads(messages)[-_MESSAGES_SHOWN:]:
        answer = "" if message["thread_ts"] is None else " class=answer"
        also = " <small>(also in the channel)</small>" if message["reply_broadcast"] else ""
        yield f"<li{answer}><p class=by><b>Installed Apps</b> <time>{_text(_moment(message['at']))}</time>{also}</p>"
        yield from (_line(shown) for shown in words_of(message))
        yield "</li>"
    yield "</ol>"


def _in_threads(messages: list[Row]) -> list[Row]:
    """Return each message with its answers behind it."""
    return sorted(messages, key=lambda each: (each["thread_ts"] or each["ts"], each["ts"]))


def _line(shown: Shown) -> str:
    words = "".join(f"<b>{escape(piece)}</b>" if is_bold else escape(piece) for piece, is_bold in shown.pieces)
    return f"<p class={shown.kind}>{words}</p>"


def _name(channel: Row) -> str:
    marks = [word for word, holds in (("private", channel["is_private"]), ("archived", channel["is_archived"])) if holds]
    return f"#{_text(channel['name'])}" + (f" <small>({', '.join(marks)})</small>" if marks else "")


def _incidents(held: Snapshot, *, origin: str) -> Iterator[str]:
    yield f"<h2>PagerDuty</h2><p>Events address <code>{_text(origin)}/pagerduty</code>, integration key "
    yield f"<code>{_text(ROUTING_KEY)}</code>.</p>"
    if not held["incidents"]:
        yield "<p>No incident was opened yet.</p>"
        return
    yield "<table><tr><th>Incident<th>Severity<th>Status<th>Opened</tr>"
    for incident in held["incidents"][-_INCIDENTS_SHOWN:]:
        cells = (incident["summary"], incident["severity"], incident["status"], _moment(incident["opened_at"]))
        yield f"<tr><td>{'<td>'.join(map(_text, cells))}</tr>"
    yield "</table>"


def _git_servers(held: Snapshot, *, origin: str) -> Iterator[str]:
    for key, name in GIT_SERVERS.items():
        address, people = f"{origin}/{key}", _of(held["users"], key)
        yield f"<h2>{name}</h2><p>Address <code>{_text(address)}</code>, client id <code>sandbox-{key}</code>, client secret "
        yield f"<code>sandbox-{key}-secret</code>. Who can sign in: {_listed(people, lambda each: each['name'])}.</p>"
        yield "<table><tr><th>Repository<th>Default branch<th>Branches<th>Who has access</tr>"
        for repository in _of(held["repositories"], key):
            yield _repository(repository)
        yield "</table>"


def _repository(repository: Row) -> str:
    access = repository["access"]
    who = ", ".join(map(_text, access)) if isinstance(access, dict) else ""
    private = " <small>(private)</small>" if repository["is_private"] else ""
    cells = (repository["default_branch"] or "none yet", repository["branches"])
    return f"<tr><td>{_text(repository['path'])}{private}<td>{'<td>'.join(map(_text, cells))}<td>{who}</tr>"


def _of(rows: Iterable[Row], provider: str) -> list[Row]:
    return [row for row in rows if row["provider"] == provider]


def _listed(rows: Iterable[Row], name: Callable[[Row], object]) -> str:
    return ", ".join(_text(name(row)) for row in rows)


def _moment(value: object) -> str:
    return str(value)[:19].replace("T", " ")


def _text(value: object) -> str:
    return escape(str(value))


_SCRIPT = """
const shown = document.getElementById("shown");
let before = null;
async function look() {
  try {
    const answer = await fetch("shown");
    const text = await answer.text();
    if (answer.ok && before !== null && text !== before) {
      const open = [...shown.querySelectorAll("details")].map((each) => each.open);
      shown.innerHTML = text;
      shown.querySelectorAll("details").forEach((each, number) => { each.open = open[number] ?? false; });
    }
    before = text;
    document.getElementById("away").hidden = true;
  } catch {
    document.getElementById("away").hidden = false;
  }
  setTimeout(look, 1000);
}
look();
"""

_STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 56rem; margin: 2rem auto; padding: 0 1.25rem; overflow-wrap: anywhere; }
.sandbox { background: #ecb22e; color: #1d1c1d; padding: .4rem .8rem; border-radius: .4rem; }
h3 { margin-bottom: 0; } h4 { margin: 1rem 0 .25rem; }
ol { list-style: none; margin: 0; padding: 0; }
li { border-left: 3px solid #8888; margin: .5rem 0; padding: .1rem 0 .1rem .75rem; }
li.answer { margin-left: 1.5rem; }
li p { margin: .15rem 0; white-space: pre-wrap; }
.by time, .context, small { opacity: .75; font-size: .88rem; }
.header { font-weight: 700; }
table { border-collapse: collapse; width: 100%; } th, td { border: 1px solid #8886; padding: .25rem .5rem; text-align: left; }
"""


def _hash(text: str) -> str:
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"


_POLICY = (
    f"default-src 'none'; script-src {_hash(_SCRIPT)}; style-src {_hash(_STYLE)}; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>The sandbox</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>{style}</style></head>
<body><main><h1>The sandbox</h1>
<p class="sandbox">It stands in for {name}. Nothing here reaches any of them.</p>
<p id="away" role="status" hidden>The sandbox does not answer any more: what is shown is what it held last.</p>
<div id="shown" aria-live="polite">{inside}</div></main>
<script>{script}</script></body></html>
"""
