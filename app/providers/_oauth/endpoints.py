"""Endpoints of tokens and of revocation: the call, and its answer (RFC 6749, sections 2.3.1, 5.1, 5.2; RFC 7009, section 2)."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import TypeVar

from pydantic import TypeAdapter

from app.outbound import Endpoint, NotJson, Outcome, Request, Response, Sender
from app.providers._http.answers import Answer, explain_gate, explain_silence, parse, read_few
from app.providers._oauth.errors import sort_error
from app.providers._oauth.tokens import Bearer, Lifetime, ScopesOrList, Token
from app.providers.contract import Client, Failure, Fault, Tokens
from app.sealing.secret import Secret

T = TypeVar("T")


class TokenAnswer(Answer):
    """Tokens that expire."""

    access_token: Token
    token_type: Bearer
    refresh_token: Token | None = None
    expires_in: Lifetime | None = None
    refresh_token_expires_in: Lifetime | None = None
    scope: ScopesOrList | None = None

    def tokens(self, *, now: datetime, lifetime: timedelta, scopes: tuple[str, ...]) -> Tokens:
        """Return the tokens; where the answer does not say, they have that lifetime, and the scopes that were asked for."""
        told = lifetime if self.expires_in is None else timedelta(seconds=self.expires_in)
        granted = scopes if self.scope is None else self.scope
        ends = self.refresh_token_expires_in
        return Tokens(
            access=self.access_token,
            refresh=self.refresh_token,
            expires_at=now + told,
            scopes=granted,
            refresh_ends_at=now + timedelta(seconds=ends) if ends is not None else None,
        )


async def post(
    url: str, form: Mapping[str, str | Secret], *, client: Client, endpoint: Endpoint, outbound: Sender, deadline: float = 10.0
) -> Outcome:
    """Post the form, and the client's id and secret in it."""
    credentials: Mapping[str, str | Secret] = {"client_id": client.id, "client_secret": client.secret}
    return await outbound.send(
        Request("POST", url, form={**credentials, **form}, endpoint=endpoint),
        origin=client.origin,
        deadline=deadline,
        certificates=client.certificates,
    )


async def read_answer(
    outcome: Outcome,
    shape: TypeAdapter[T],
    *,
    meanings: Mapping[str, tuple[Fault, str]],
    server: str,
    sort_status: Callable[[Response], Failure | None],
) -> T | Failure:
    """Read what came: the shape on HTTP 200, else what the error code means. `sort_status` knows what speaks for itself."""
    if not isinstance(outcome, Response):
        return explain_silence(outcome, server=server)
    failure = sort_status(outcome)
    if failure is not None:
        return failure
    if outcome.status == 200:  # noqa: PLR2004 - RFC 9110, section 15.3.1
        return await parse(outcome.body, shape, server=server)
    body = read_few(outcome.body)
    match None if isinstance(body, NotJson) else body:
        case {"error": str(code)}:
            return sort_error(code, meanings, server=server)
        case _ if outcome.status in {401, 407}:
            return explain_gate(outcome.status, server=server)
        case _:
            return Failure(Fault.BROKEN, f"{server}'s answer (HTTP {outcome.status}) makes no sense.")
