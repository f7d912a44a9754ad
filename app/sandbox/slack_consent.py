"""Slack's consent page: choose a workspace, allow or cancel, and be sent back."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from app.sandbox.consent_page import REDIRECT_URI, error_page, is_posted_from_elsewhere, page, send_back
from app.sandbox.slack_app import APP_NAME, CLIENT_ID
from app.sandbox.slack_grants import Consent
from app.sandbox.slack_state import SlackState
from app.sandbox.slack_world import Workspace


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
        return send_back(self.redirect_uri, state=self.fields.get("state"), **answer)


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
        asked = Wrong("foreign_page") if is_posted_from_elsewhere(request) else _parse(dict(request.query_params) | form)
        if isinstance(asked, Wrong):
            return _error_page(asked)
        return _decide(slack, asked, decision=form.get("decision", ""), wanted=form.get("workspace", ""))

    path = "/oauth/v2/authorize"
    return [Route(path, show_consent, methods=["GET"]), Route(path, decide, methods=["POST"])]


def _parse(fields: Mapping[str, str]) -> Asked | Wrong:
    redirect = REDIRECT_URI.fullmatch(fields.get("redirect_uri", ""))
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
    return page("allow access", body, provider="Slack", redirect_origin=asked.redirect_origin)


def _option(workspace: Workspace, *, chosen: bool) -> str:
    return f'<option value="{workspace.id}"{" selected" if chosen else ""}>{escape(workspace.name)}</option>'


def _error_page(wrong: Wrong) -> Response:
    return error_page(wrong.error, provider="Slack")
