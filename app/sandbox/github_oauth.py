"""GitHub's OAuth: consent, tokens for codes, and the app's own view of its tokens."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from app.sandbox.git_client import Client, read_basic, read_fields
from app.sandbox.git_consent import Asked, Customs, consent_routes
from app.sandbox.git_grants import Consent, Token
from app.sandbox.git_links import root_of
from app.sandbox.github_shown import show_user
from app.sandbox.github_wire import GitHubState, dress, invalid, not_found, refuse
from app.sandbox.state import name_caller

REGISTERED = "http://127.0.0.1:8000/callback"
"""The callback address of the app, as whoever registered it would have filled it in."""

_TOKENS_AT_MOST = 10
_TROUBLE = "https://docs.github.com/apps/oauth-apps/maintaining-oauth-apps/troubleshooting-"
_FAILURES = {
    "incorrect_client_credentials": "The client_id and/or client_secret passed are incorrect.",
    "redirect_uri_mismatch": "The redirect_uri MUST match the registered callback URL for this application.",
    "bad_verification_code": "The code passed is incorrect or expired.",
    "unsupported_grant_type": "The grant type is not supported.",
}
_WRONG = {
    "code": "bad_verification_code",
    "verifier": "bad_verification_code",
    "redirect_uri": "redirect_uri_mismatch",
}


def oauth_routes(github: GitHubState) -> Sequence[BaseRoute]:
    """Return the consent page, the token endpoint, and /applications/{client_id}/… of the API."""
    customs = Customs(
        provider="GitHub",
        path="/login/oauth/authorize",
        unknown_client="Not Found",
        bad_redirect_uri="redirect_uri_mismatch",
        denied={
            "error": "access_denied",
            "error_description": "The user has denied your application access.",
            "error_uri": f"{_TROUBLE}authorization-request-errors#access-denied",
        },
        object_to=_object_to,
        registered=REGISTERED,
    )
    application = "/api/v3/applications/{client_id}"
    return [
        *consent_routes(github.git, customs),
        Route("/login/oauth/access_token", _give_access(github), methods=["POST"]),
        Route(f"{application}/token", _about_token(github, _check), methods=["POST"]),
        Route(f"{application}/token", _about_token(github, _revoke), methods=["DELETE"]),
        Route(f"{application}/grant", _about_token(github, _delete_grant), methods=["DELETE"]),
    ]


def _object_to(asked: Asked) -> Mapping[str, str] | None:
    """PKCE is optional here, and S256 where it is used."""
    if "code_challenge" in asked.fields and asked.fields.get("code_challenge_method") != "S256":
        return {"error": "invalid_request", "error_description": "code_challenge_method must be S256"}
    return None


def _give_access(github: GitHubState) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        fields = {**request.query_params, **await read_fields(request)}
        name_caller(request, fields.get("client_id", "?"))
        answer = _exchange(github, fields)
        if "application/json" in request.headers.get("accept", ""):
            return JSONResponse(answer, headers={"Cache-Control": "no-store"})
        return Response(urlencode(answer), media_type="application/x-www-form-urlencoded; charset=utf-8")

    return endpoint


def _exchange(github: GitHubState, fields: Mapping[str, str]) -> dict[str, str]:
    if not github.git.accepts(Client(fields.get("client_id", ""), fields.get("client_secret", ""))):
        return _failure("incorrect_client_credentials")
    if fields.get("grant_type", "authorization_code") != "authorization_code":
        return _failure("unsupported_grant_type")
    consent = github.git.grants.redeem_code(
        fields.get("code", ""), redirect_uri=fields.get("redirect_uri") or None, verifier=fields.get("code_verifier")
    )
    if not isinstance(consent, Consent):
        return _failure(_WRONG[consent])
    token = _give(github, consent)
    return {"access_token": token.access, "scope": ",".join(token.scopes), "token_type": "bearer"}


def _give(github: GitHubState, consent: Consent) -> Token:
    """Give a token that lasts. Of those for the same person and scopes the newest ten live on."""
    scopes = tuple(sorted(consent.scopes))
    token = github.git.grants.give(replace(consent, scopes=scopes), access=f"gho_{github.git.entropy(18).hex()}")
    alike = [each for each in github.git.grants.living(consent.user) if each.scopes == scopes]
    for oldest in alike[:-_TOKENS_AT_MOST]:
        oldest.is_revoked = True
    return token


def _failure(error: str) -> dict[str, str]:
    uri = f"{_TROUBLE}oauth-app-access-token-request-errors#{error.replace('_', '-')}"
    return {"error": error, "error_description": _FAILURES[error], "error_uri": uri}


_About = Callable[[GitHubState, Request, Token], Response]


def _about_token(github: GitHubState, answer: _About) -> Callable[[Request], Awaitable[Response]]:
    """Return an endpoint for the app itself, which proves who it is by Basic and names a token in the body."""

    async def endpoint(request: Request) -> Response:
        client = read_basic(request)
        name_caller(request, "?" if client is None else client.id)
        if client is None or not github.git.accepts(client):
            return dress(github, refuse(401, "Bad credentials"))
        if request.path_params["client_id"] != client.id:
            return dress(github, not_found())
        access = (await read_fields(request)).get("access_token")
        if access is None:
            return dress(github, invalid("OauthAccess", "access_token", code="missing_field"))
        token = github.git.grants.find(access)
        gone = token is None or token.is_revoked
        return dress(github, not_found() if token is None or gone else answer(github, request, token))

    return endpoint


def _check(github: GitHubState, request: Request, token: Token) -> Response:
    api = f"{root_of(request, 'github')}/api/v3"
    written_at = token.created_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    shown = {
        "id": token.id,
        "url": f"{api}/authorizations/{token.id}",
        "app": {"client_id": github.git.client.id, "name": "Sandbox app", "url": "http://127.0.0.1"},
        "token": token.access,
        "hashed_token": "",
        "token_last_eight": token.access[-8:],
        "note": None,
        "note_url": None,
        "created_at": written_at,
        "updated_at": written_at,
        "expires_at": None,
        "fingerprint": None,
        "scopes": list(token.scopes),
        "user": show_user(token.user, api),
    }
    return JSONResponse(shown)


def _revoke(_github: GitHubState, _request: Request, token: Token) -> Response:
    token.is_revoked = True
    return Response(status_code=204)


def _delete_grant(github: GitHubState, _: Request, token: Token) -> Response:
    """End the person's whole authorization of the app: every token of theirs."""
    github.git.grants.revoke_all(token.user)
    return Response(status_code=204)
