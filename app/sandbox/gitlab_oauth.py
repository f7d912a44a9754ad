"""GitLab's OAuth, as Doorkeeper does it: consent, tokens, refresh, revocation, and what a token is."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from app.sandbox.git_client import Client, read_basic, read_fields
from app.sandbox.git_consent import Asked, Customs, consent_routes
from app.sandbox.git_grants import Consent, Token
from app.sandbox.git_state import GitState
from app.sandbox.gitlab_wire import read_access
from app.sandbox.state import name_caller

LIFETIME = timedelta(hours=2)
_SCOPES = {"api", "read_api", "read_user", "read_repository", "write_repository", "openid", "profile", "email"}
_FAILURES = {
    "invalid_client": (
        "Client authentication failed due to unknown client, no client authentication included, "
        "or unsupported authentication method."
    ),
    "invalid_grant": (
        "The provided authorization grant is invalid, expired, revoked, does not match the redirection URI "
        "used in the authorization request, or was issued to another client."
    ),
    "unsupported_grant_type": "The authorization grant type is not supported by the authorization server.",
    "unsupported_response_type": "The authorization server does not support this response type.",
    "invalid_scope": "The requested scope is invalid, unknown, or malformed.",
    "invalid_code_challenge_method": "The code_challenge_method must be S256.",
    "access_denied": "The resource owner or authorization server denied the request.",
    "unauthorized_client": "You are not authorized to revoke this token",
}


def oauth_routes(git: GitState) -> Sequence[BaseRoute]:
    """Return the consent page and /oauth/token, /oauth/revoke, /oauth/token/info."""
    customs = Customs(
        provider="GitLab",
        path="/oauth/authorize",
        unknown_client="invalid_client",
        bad_redirect_uri="invalid_redirect_uri",
        denied=_failure("access_denied"),
        object_to=_object_to,
    )
    return [
        *consent_routes(git, customs),
        Route("/oauth/token", _endpoint(git, _give_token), methods=["POST"]),
        Route("/oauth/revoke", _endpoint(git, _revoke), methods=["POST"]),
        Route("/oauth/token/info", _show_token(git), methods=["GET"]),
    ]


def _object_to(asked: Asked) -> Mapping[str, str] | None:
    if asked.fields.get("response_type") != "code":
        return _failure("unsupported_response_type")
    if not asked.scopes or not set(asked.scopes) <= _SCOPES:
        return _failure("invalid_scope")
    if "code_challenge" in asked.fields and asked.fields.get("code_challenge_method") != "S256":
        return _failure("invalid_code_challenge_method")
    return None


_Fields = Mapping[str, str]


def _endpoint(
    git: GitState, answer: Callable[[GitState, Client | None, _Fields], Response]
) -> Callable[[Request], Awaitable[Response]]:
    """Return an endpoint for the app itself, which says who it is by Basic or in the body."""

    async def endpoint(request: Request) -> Response:
        fields = await read_fields(request)
        client = read_basic(request)
        if client is None and "client_id" in fields:
            client = Client(fields["client_id"], fields.get("client_secret", ""))
        name_caller(request, "?" if client is None else client.id)
        return answer(git, client, fields)

    return endpoint


def _give_token(git: GitState, client: Client | None, fields: _Fields) -> Response:
    """Answer /oauth/token. Where a parameter is missing Doorkeeper says so before it looks at the client."""
    missing = _missing(fields)
    if missing is not None:
        return _refuse("invalid_request", 400, f"Missing required parameter: {missing}.")
    if not git.accepts(client):
        return _refuse("invalid_client", 401)
    match fields["grant_type"]:
        case "authorization_code":
            return _exchange(git, fields)
        case "refresh_token":
            return _refresh(git, fields)
        case _:
            return _refuse("unsupported_grant_type", 400)


def _missing(fields: _Fields) -> str | None:
    needed = {
        "authorization_code": ("code", "redirect_uri"),
        "refresh_token": ("refresh_token",),
    }
    names = ("grant_type", *needed.get(fields.get("grant_type", ""), ()))
    return next((name for name in names if not fields.get(name)), None)


def _exchange(git: GitState, fields: _Fields) -> Response:
    consent = git.grants.redeem_code(fields["code"], redirect_uri=fields["redirect_uri"], verifier=fields.get("code_verifier"))
    return _give(git, consent) if isinstance(consent, Consent) else _refuse("invalid_grant", 400)


def _refresh(git: GitState, fields: _Fields) -> Response:
    """Give a new pair for a refresh token, once: with it the old pair ends, the access token too."""
    token = git.grants.find_by_refresh(fields["refresh_token"])
    if token is None or token.is_revoked:
        return _refuse("invalid_grant", 400)
    token.is_revoked = True
    return _give(git, Consent(token.user, token.scopes, token.redirect_uri, None))


def _give(git: GitState, consent: Consent) -> Response:
    access, refresh = git.entropy(32).hex(), git.entropy(32).hex()
    token = git.grants.give(consent, access=access, refresh=refresh, lifetime=LIFETIME)
    shown = {
        "access_token": token.access,
        "token_type": "bearer",
        "expires_in": int(LIFETIME.total_seconds()),
        "refresh_token": token.refresh,
        "scope": " ".join(token.scopes),
        "created_at": int(token.created_at.timestamp()),
    }
    return JSONResponse(shown, headers={"Cache-Control": "no-store"})


def _revoke(git: GitState, client: Client | None, fields: _Fields) -> Response:
    """Answer /oauth/revoke (RFC 7009): a pair ends whole, by either token; an unknown token is as good as revoked."""
    if not git.accepts(client):
        return JSONResponse(_failure("unauthorized_client"), 403)
    given = fields.get("token", "")
    token = git.grants.find(given) or git.grants.find_by_refresh(given)
    if token is not None:
        token.is_revoked = True
    return JSONResponse({})


def _show_token(git: GitState) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        access = read_access(request) or ""
        token = git.grants.find(access)
        name_caller(request, f"{'?' if token is None else token.user.login} …{access[-4:]}")
        if token is None:
            return _refuse("invalid_token", 401, "The access token is invalid")
        if token.is_revoked:
            return _refuse("invalid_token", 401, "The access token was revoked")
        if git.grants.is_expired(token):
            return _refuse("invalid_token", 401, "The access token expired")
        return JSONResponse(_describe(git, token))

    return endpoint


def _describe(git: GitState, token: Token) -> dict[str, object]:
    left = None if token.expires_at is None else int((token.expires_at - git.clock.now()).total_seconds())
    return {
        "resource_owner_id": token.user.id,
        "scope": list(token.scopes),
        "expires_in": left,
        "application": {"uid": git.client.id},
        "created_at": int(token.created_at.timestamp()),
        "scopes": list(token.scopes),
        "expires_in_seconds": left,
    }


def _failure(error: str, description: str | None = None) -> dict[str, str]:
    return {"error": error, "error_description": description or _FAILURES[error]}


def _refuse(error: str, status: int, description: str | None = None) -> Response:
    shown = _failure(error, description)
    challenge = f'Bearer realm="Doorkeeper", error="{error}", error_description="{shown["error_description"]}"'
    return JSONResponse(shown, status, {"WWW-Authenticate": challenge, "Cache-Control": "no-store"})
