"""Slack's consent page: choose a workspace, allow or cancel, and be sent back."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from app.sandbox.slack_app import APP_NAME, CLIENT_ID
from app.sandbox.slack_grants import Consent
from app.sandbox.slack_state import SlackState
from app.sandbox.slack_world import Workspace

# What may stand in a Content-Security-Policy: nothing that could end the directive.
_REDIRECT_URI = re.compile(r"(?P<origin>https?://[A-Za-z0-9.\-\[\]:]+)(?:[/?][^\s#]*)?")


@dataclass(frozen=True)
class Asked:
    """A sign-in as the app asked for it."""

    fields: Mapping[str, str]
    redirect_uri: str
    redirect_origin: str
    scopes: tuple[str, ...]
    user_scopes: tuple[str, ...]

    def back(self, **answer: str) -> Response:
        """Send the browser back with the answer and the state."""
        parts = urlsplit(self.redirect_uri)
        carried = {"state": self.fields["state"]} if "state" in self.fields else {}
        query = "&".join(filter(None, (parts.query, urlencode(answer | carried))))
        return RedirectResponse(urlunsplit(parts._replace(query=query)), 302, {"Referrer-Policy": "no-referrer"})


@dataclass(frozen=True)
class Wrong:
    """Why there is no consent page, nor a way back that could be trusted."""

    error: str


def consent_routes(slack: SlackState) -> Sequence[BaseRoute]:
    """Return GET and POST /oauth/v2/authorize."""

    async def show_consent(request: Request) -> Response:
        asked = _parse(request.query_params)
        return _error_page(asked) if isinstance(asked, Wrong) else _consent_page(slack, asked)

    async def decide(request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode(errors="replace"), keep_blank_values=True))
        asked = Wrong("foreign_page") if _from_elsewhere(request) else _parse(dict(request.query_params) | form)
        if isinstance(asked, Wrong):
            return _error_page(asked)
        return _decide(slack, asked, decision=form.get("decision", ""), wanted=form.get("workspace", ""))

    path = "/oauth/v2/authorize"
    return [Route(path, show_consent, methods=["GET"]), Route(path, decide, methods=["POST"])]


def _from_elsewhere(request: Request) -> bool:
    """Tell whether another origin's page posts this: it would consent in the place of whoever sits at the browser."""
    origin = request.headers.get("origin")
    return origin is not None and origin != f"{request.url.scheme}://{request.headers['host']}"


def _parse(fields: Mapping[str, str]) -> Asked | Wrong:
    redirect = _REDIRECT_URI.fullmatch(fields.get("redirect_uri", ""))
    if fields.get("client_id") != CLIENT_ID:
        return Wrong("invalid_client_id")
    if redirect is None:
        return Wrong("bad_redirect_uri")
    if "code_challenge" in fields and fields.get("code_challenge_method") != "S256":
        return Wrong("invalid_code_challenge_method")
    scopes, user_scopes = _split(fields.get("scope", "")), _split(fields.get("user_scope", ""))
    if not scopes and not user_scopes:
        return Wrong("no_scopes")
    return Asked(fields, redirect.group(), redirect["origin"], scopes, user_scopes)


def _split(scopes: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(scope for scope in re.split(r"[,\s]+", scopes) if scope))


def _decide(slack: SlackState, asked: Asked, *, decision: str, wanted: str) -> Response:
    workspace = slack.workspace(wanted)
    if decision == "deny":
        return asked.back(error="access_denied")
    if decision != "approve":
        return _error_page(Wrong("no_decision"))
    if workspace is None:
        return _error_page(Wrong("unknown_workspace"))
    challenge = asked.fields.get("code_challenge")
    consent = Consent(workspace, asked.scopes, asked.user_scopes, asked.redirect_uri, challenge)
    return asked.back(code=slack.grants.issue_code(consent))


def _consent_page(slack: SlackState, asked: Asked) -> Response:
    carried = {key: value for key, value in asked.fields.items() if key not in {"workspace", "decision"}}
    hidden = "".join(f'<input type="hidden" name="{escape(key)}" value="{escape(carried[key])}">' for key in carried)
    chosen = slack.workspace(asked.fields.get("team", ""))
    options = "".join(_option(each, chosen=each is chosen) for each in slack.workspaces.values())
    scopes = "".join(f"<li><code>{escape(scope)}</code></li>" for scope in (*asked.scopes, *asked.user_scopes))
    body = f"""<h1>{APP_NAME} wants to access a Slack workspace</h1>
<form method="post">{hidden}
<label for="workspace">Workspace</label>
<select id="workspace" name="workspace">{options}</select>
<p>It will be allowed to:</p><ul>{scopes}</ul>
<p class="back">You will be sent back to <b>{escape(asked.redirect_origin)}</b>.</p>
<p class="choice"><button name="decision" value="deny">Cancel</button>
<button name="decision" value="approve" class="allow">Allow</button></p>
</form>"""
    # form-action must name where the answer redirects to: browsers hold it against redirects of a form as well
    return _page("Slack sandbox: allow access", body, form_action=f"'self' {asked.redirect_origin}")


def _option(workspace: Workspace, *, chosen: bool) -> str:
    return f'<option value="{workspace.id}"{" selected" if chosen else ""}>{escape(workspace.name)}</option>'


def _error_page(wrong: Wrong) -> Response:
    body = f"<h1>Something in this sign-in is wrong</h1><p>Error: <code>{escape(wrong.error)}</code></p>"
    return _page("Slack sandbox: error", body, form_action="'none'", status=400)


def _page(title: str, body: str, *, form_action: str, status: int = 200) -> Response:
    policy = f"default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'; form-action {form_action}"
    # same-origin and not no-referrer: under that, browsers post the form with "Origin: null"
    headers = {
        "Content-Security-Policy": policy,
        "Referrer-Policy": "same-origin",
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return HTMLResponse(_LAYOUT.format(title=title, style=_STYLE, body=body), status, headers)


_LAYOUT = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>{style}</style></head>
<body><main><p class="sandbox">Sandbox: this is not Slack, and nothing here reaches Slack.</p>
{body}
</main></body></html>
"""

_STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 30rem; margin: 8vh auto; padding: 0 1.25rem; }
h1 { font-size: 1.4rem; line-height: 1.3; }
label { display: block; font-weight: 600; margin-bottom: .25rem; }
select, button { font: inherit; padding: .5rem .9rem; border: 1px solid #8888; border-radius: .4rem; }
select { width: 100%; }
ul { padding-left: 1.2rem; }
.sandbox { background: #ecb22e; color: #1d1c1d; padding: .4rem .8rem; border-radius: .4rem; }
.back { opacity: .8; }
.choice { display: flex; gap: .75rem; justify-content: flex-end; }
.allow { background: #007a5a; border-color: #007a5a; color: #fff; font-weight: 600; }
:focus-visible { outline: 3px solid #1264a3; outline-offset: 2px; }
"""
