"""GitLab's OAuth endpoints: exchange, refresh, revocation.

Sources: GitLab's "OAuth 2.0 identity provider API"; RFC 6749, sections 5.1 and 5.2; RFC 7009. A refresh ends both the old access
token and the old refresh token, which works once.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TypeVar

from pydantic import TypeAdapter

from app.outbound import Endpoint, NotJson, Outcome, Request, Response, Sender
from app.providers._git.refusals import sort_status
from app.providers._http.answers import (
    Answer,
    explain_gate,
    explain_silence,
    parse,
    read_few,
)
from app.providers._oauth.errors import sort_error
from app.providers._oauth.tokens import TOKEN_DEADLINE, Bearer, Lifetime, ScopesOrList, Token
from app.providers.contract import Client, Failure, Fault, Tokens
from app.providers.gitlab.calls import API, SCOPES
from app.sealing.secret import Secret

LIFETIME = timedelta(hours=2)

_CLIENT = "GitLab does not accept the app's client id and secret"
_MEANINGS: Mapping[str, tuple[Fault, str]] = {
    "invalid_grant": (Fault.DEAD_GRANT, "the authorization can no longer be renewed: sign in again"),
    "invalid_client": (Fault.CLIENT_REFUSED, _CLIENT),
    "unauthorized_client": (Fault.CLIENT_REFUSED, _CLIENT),
    "invalid_scope": (Fault.REFUSED, "the app at GitLab does not have the scope api: an admin has to add it"),
    "invalid_redirect_uri": (
        Fault.REFUSED,
        "the app at GitLab does not list this service's callback URL: an admin has to add it",
    ),
    "access_denied": (Fault.DENIED, "the sign-in was declined"),
    "temporarily_unavailable": (Fault.BUSY, "GitLab asks for patience"),
    "server_error": (Fault.BROKEN, "GitLab has a fault of its own"),
}


class _TokenAnswer(Answer):
    access_token: Token
    token_type: Bearer
    refresh_token: Token | None = None
    expires_in: Lifetime | None = None
    scope: ScopesOrList | None = None

    def tokens(self, *, now: datetime) -> Tokens:
        """Return the tokens: GitLab's two hours where the answer does not say, and what was asked for (RFC 6749, section 5.1)."""
        lifetime = LIFETIME if self.expires_in is None else timedelta(seconds=self.expires_in)
        scopes = SCOPES if self.scope is None else self.scope
        return Tokens(access=self.access_token, refresh=self.refresh_token, expires_at=now + lifetime, scopes=scopes)


_TOKENS = TypeAdapter(_TokenAnswer)
_NOTHING = TypeAdapter(dict[str, object])

T = TypeVar("T")


async def ask_for_tokens(
    form: Mapping[str, str | Secret], *, client: Client, now: datetime, outbound: Sender
) -> Tokens | Failure:
    """Ask the token endpoint. DEAD_GRANT: the code or refresh token is used, expired, revoked or another client's."""
    outcome = await _post("token", form, client=client, outbound=outbound, deadline=TOKEN_DEADLINE)
    answer = await _read(outcome, _TOKENS, base_url=client.base_url)
    return answer if isinstance(answer, Failure) else answer.tokens(now=now)


async def revoke(*, client: Client, access: Secret, outbound: Sender) -> Failure | None:
    """Give an access token back, and with it its refresh token. A token that GitLab does not know is a success."""
    form: Mapping[str, str | Secret] = {"token": access, "token_type_hint": "access_token"}
    answer = await _read(await _post("revoke", form, client=client, outbound=outbound), _NOTHING, base_url=client.base_url)
    if isinstance(answer, Failure):
        return answer
    return Failure(Fault.BROKEN, "GitLab answered, and did not revoke the token.") if "error" in answer else None


async def _post(
    endpoint: str, form: Mapping[str, str | Secret], *, client: Client, outbound: Sender, deadline: float = 10.0
) -> Outcome:
    credentials: Mapping[str, str | Secret] = {"client_id": client.id, "client_secret": client.secret}
    return await outbound.send(
        Request(
            "POST",
            f"{client.base_url}/oauth/{endpoint}",
            form={**credentials, **form},
            endpoint=Endpoint(API.folder, f"oauth {endpoint}"),
        ),
        origin=client.origin,
        deadline=deadline,
        certificates=client.certificates,
    )


async def _read(outcome: Outcome, shape: TypeAdapter[T], *, base_url: str) -> T | Failure:
    if not isinstance(outcome, Response):
        return explain_silence(outcome, server=API.server)
    failure = sort_status(outcome, api=API, base_url=base_url)
    if failure is not None:
        return failure
    if outcome.status == 200:  # noqa: PLR2004 - RFC 9110, section 15.3.1
        return await parse(outcome.body, shape, server=API.server)
    body = read_few(outcome.body)
    match None if isinstance(body, NotJson) else body:
        case {"error": str(code)}:
            return sort_error(code, _MEANINGS, server=API.server)
        case _ if outcome.status in {401, 407}:
            return explain_gate(outcome.status, server=API.server)
        case _:
            return Failure(Fault.BROKEN, f"GitLab's answer (HTTP {outcome.status}) makes no sense.")
