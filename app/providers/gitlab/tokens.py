"""GitLab's OAuth endpoints: exchange, refresh, revocation.

Sources: GitLab's "OAuth 2.0 identity provider API"; RFC 6749, sections 5.1 and 5.2; RFC 7009. A refresh ends both the old access
token and the old refresh token, which works once.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from pydantic import TypeAdapter

from app.outbound import Endpoint, Sender
from app.providers._git.refusals import sort_status
from app.providers._oauth.endpoints import TokenAnswer, post, read_answer
from app.providers._oauth.tokens import TOKEN_DEADLINE
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

_TOKENS = TypeAdapter(TokenAnswer)
_NOTHING = TypeAdapter(dict[str, object])

T = TypeVar("T")


async def ask_for_tokens(
    form: Mapping[str, str | Secret], *, client: Client, now: datetime, outbound: Sender
) -> Tokens | Failure:
    """Ask the token endpoint. DEAD_GRANT: the code or refresh token is used, expired, revoked or another client's."""
    answer = await _post("token", form, _TOKENS, client=client, outbound=outbound, deadline=TOKEN_DEADLINE)
    return answer if isinstance(answer, Failure) else answer.tokens(now=now, lifetime=LIFETIME, scopes=SCOPES)


async def revoke(*, client: Client, access: Secret, outbound: Sender) -> Failure | None:
    """Give an access token back, and with it its refresh token. A token that GitLab does not know is a success."""
    form: Mapping[str, str | Secret] = {"token": access, "token_type_hint": "access_token"}
    answer = await _post("revoke", form, _NOTHING, client=client, outbound=outbound)
    if isinstance(answer, Failure):
        return answer
    return Failure(Fault.BROKEN, "GitLab answered, and did not revoke the token.") if "error" in answer else None


async def _post(
    endpoint: str,
    form: Mapping[str, str | Secret],
    shape: TypeAdapter[T],
    *,
    client: Client,
    outbound: Sender,
    deadline: float = 10.0,
) -> T | Failure:
    url, counted = f"{client.base_url}/oauth/{endpoint}", Endpoint(API.folder, f"oauth {endpoint}")
    outcome = await post(url, form, client=client, endpoint=counted, outbound=outbound, deadline=deadline)
    sort = partial(sort_status, api=API, base_url=client.base_url)
    return await read_answer(outcome, shape, meanings=_MEANINGS, server=API.server, sort_status=sort)
