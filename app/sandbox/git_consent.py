"""The consent page of a Git server: choose who you are, allow or cancel, and be sent back."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from urllib.parse import parse_qsl, urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from app.sandbox.consent_page import REDIRECT_URI, error_page, is_posted_from_elsewhere, page, send_back
from app.sandbox.git_grants import Consent
from app.sandbox.git_state import GitState
from app.sandbox.git_world import User

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_ELSEWHERE = (
    "The sandbox sends browsers back to this machine alone: to an address at 127.0.0.1, localhost or [::1]. The redirect_uri of "
    "this sign-in is none. Where it is the service's, start that with a loopback address as INSTALLED_APPS_PUBLIC_URL."
)


@dataclass(frozen=True)
class Asked:
    """A sign-in as the app asked for it."""

    fields: Mapping[str, str]
    redirect_uri: str
    redirect_origin: str
    scopes: tuple[str, ...]

    def back(self, answer: Mapping[str, str]) -> Response:
        return send_back(self.redirect_uri, state=self.fields.get("state"), **answer)


@dataclass(frozen=True)
class Customs:
    """What is a provider's own about its consent.

    `object_to` returns what is sent back to the app instead of asking, or None; `denied` is what is sent back for a no;
    `registered` is where apps are sent back to that do not say where, None where they have to.
    """

    provider: str
    path: str
    unknown_client: str
    bad_redirect_uri: str
    denied: Mapping[str, str]
    object_to: Callable[[Asked], Mapping[str, str] | None]
    registered: str | None = None


def consent_routes(state: GitState, customs: Customs) -> Sequence[BaseRoute]:
    """Return GET and POST of the consent page."""

    async def show_consent(request: Request) -> Response:
        asked = _parse(state, customs, request.query_params)
        return asked if isinstance(asked, Response) else _consent_page(state, customs, asked)

    async def decide(request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode(errors="replace"), keep_blank_values=True))
        if is_posted_from_elsewhere(request):
            return error_page("foreign_page", provider=customs.provider)
        asked = _parse(state, customs, dict(request.query_params) | form)
        return asked if isinstance(asked, Response) else _decide(state, customs, asked, form)

    return [
        Route(customs.path, show_consent, methods=["GET"]),
        Route(customs.path, decide, methods=["POST"]),
    ]


def _parse(state: GitState, customs: Customs, fields: Mapping[str, str]) -> Asked | Response:
    redirect = REDIRECT_URI.fullmatch(fields.get("redirect_uri") or customs.registered or "")
    if fields.get("client_id") != state.client.id:
        return error_page(customs.unknown_client, provider=customs.provider)
    if redirect is None or not _is_loopback(redirect.group()):
        return error_page(customs.bad_redirect_uri, provider=customs.provider, why=_ELSEWHERE)
    scopes = tuple(dict.fromkeys(fields.get("scope", "").replace(",", " ").split()))
    asked = Asked(fields, redirect.group(), redirect["origin"], scopes)
    objection = customs.object_to(asked)
    return asked if objection is None else asked.back(objection)


def _is_loopback(redirect_uri: str) -> bool:
    """Tell whether the code stays on this machine: there is no registered address here to hold it against."""
    try:
        return urlsplit(redirect_uri).hostname in _LOOPBACK
    except ValueError:
        return False


def _decide(state: GitState, customs: Customs, asked: Asked, form: Mapping[str, str]) -> Response:
    user = state.world.users.get(form.get("user", ""))
    if form.get("decision") == "deny":
        return asked.back(customs.denied)
    if form.get("decision") != "approve":
        return error_page("no_decision", provider=customs.provider)
    if user is None:
        return error_page("unknown_user", provider=customs.provider)
    consent = Consent(user, asked.scopes, asked.redirect_uri, asked.fields.get("code_challenge"))
    return asked.back({"code": state.grants.issue_code(consent)})


def _consent_page(state: GitState, customs: Customs, asked: Asked) -> Response:
    carried = {key: value for key, value in asked.fields.items() if key not in {"user", "decision"}}
    hidden = "".join(f'<input type="hidden" name="{escape(key)}" value="{escape(carried[key])}">' for key in carried)
    chosen = asked.fields.get("login", "")
    options = "".join(_option(each, chosen=each.login == chosen) for each in state.world.users.values())
    scopes = "".join(f"<li><code>{escape(scope)}</code></li>" for scope in asked.scopes)
    body = f"""<h1>Sandbox app wants to access your {customs.provider} account</h1>
<form method="post">{hidden}
<label for="user">You are</label>
<select id="user" name="user">{options}</select>
<p>It will be allowed to:</p><ul>{scopes}</ul>
<p class="back">You will be sent back to <b>{escape(asked.redirect_origin)}</b>.</p>
<p class="choice"><button name="decision" value="deny">Cancel</button>
<button name="decision" value="approve" class="allow">Authorize</button></p>
</form>"""
    return page("allow access", body, provider=customs.provider, redirect_origin=asked.redirect_origin)


def _option(user: User, *, chosen: bool) -> str:
    return f'<option value="{user.login}"{" selected" if chosen else ""}>{escape(user.name)} ({user.login})</option>'
