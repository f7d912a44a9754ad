"""Slack: one sign-in of a member's connects a workspace for the whole team.

Sources: Slack's "Installing with OAuth" (v2), "Using token rotation" and its references of oauth.v2.access, auth.test and
auth.revoke; RFC 7636 for the code challenge.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Literal, TypeVar

from app.outbound import Basic, Endpoint, Request, Sender
from app.providers._http.answers import Answer, Line, shown, web_address
from app.providers._oauth.clients import read_client, read_secret
from app.providers._oauth.codes import code_form, identify, refused_code
from app.providers._oauth.tokens import TOKEN_DEADLINE, Lifetime, Scopes, Token
from app.providers.contract import (
    Alive,
    Authorized,
    Client,
    Failure,
    Fault,
    Identity,
    NotConfigured,
    SharingModel,
    Tokens,
    Unwanted,
)
from app.providers.description import OperatorSettings, Provider
from app.providers.hooks import Hooks
from app.providers.icons import Icon
from app.providers.oauth import OAuth
from app.providers.slack import KEY, NAME
from app.providers.slack.calls import SCOPES, SlackId, call, read_answer, read_granted
from app.providers.slack.channels import MESSAGING
from app.providers.slack.hooks import read_hook
from app.providers.slack.manifest import manifest
from app.sealing.secret import Secret
from app.settings import Settings
from app.web.authorization_requests import authorization_url

ROTATED_LIFETIME = timedelta(hours=12)


class _Team(Answer):
    id: SlackId
    name: Line


class _TokenAnswer(Answer):
    access_token: Token
    token_type: Literal["bot"]
    scope: Scopes
    refresh_token: Token | None = None
    expires_in: Lifetime | None = None

    def tokens(self, *, now: datetime) -> Tokens:
        """Return the tokens: without rotation they last; with it, they get Slack's twelve hours where the answer does not say."""
        lifetime = timedelta(seconds=self.expires_in) if self.expires_in is not None else ROTATED_LIFETIME
        lasts = self.expires_in is None and self.refresh_token is None
        return Tokens(
            access=self.access_token,
            refresh=self.refresh_token,
            expires_at=None if lasts else now + lifetime,
            scopes=self.scope,
        )


class _Installation(_TokenAnswer):
    team: _Team | None
    is_enterprise_install: bool = False


_T = TypeVar("_T", bound=_TokenAnswer)
_OF_AN_ORGANIZATION = "The app was allowed for a whole organization: sign in again and choose one workspace."
_OF_ANOTHER = "Slack gave a token of another workspace than it said."


class _AuthTest(Answer):
    team_id: SlackId
    team: Line
    user_id: SlackId
    url: str | None = None

    def identity(self) -> Identity:
        name = shown(self.team, otherwise=self.team_id)
        return Identity(account_id=self.team_id, account_name=name, actor_id=self.user_id, url=web_address(self.url))


class _Revoked(Answer):
    revoked: bool


def configure(settings: Settings) -> Client | NotConfigured:
    """Return the operator's Slack app."""
    return read_client(settings, OPERATOR)


def authorize_url(*, client: Client, redirect_uri: str, state: str, challenge: str, account_id: str | None) -> str:
    """Return the address of Slack's consent page. `account_id`: the workspace to begin with; the member may choose another."""
    return authorization_url(
        f"{client.base_url}/oauth/v2/authorize",
        client_id=client.id,
        redirect_uri=redirect_uri,
        scope=",".join(SCOPES),
        state=state,
        challenge=challenge,
        team=account_id or None,
    )


async def exchange(
    *, client: Client, code: Secret, verifier: Secret, redirect_uri: str, now: datetime, outbound: Sender
) -> tuple[Tokens, Identity] | Unwanted | Failure:
    """Trade the code, and ask with the new token whose it is: the two answers have to name the same workspace."""
    form = code_form(code=code, verifier=verifier, redirect_uri=redirect_uri)
    answer = await _ask_for_tokens(form, _Installation, client=client, outbound=outbound)
    if isinstance(answer, Failure):
        return refused_code(answer)
    tokens = answer.tokens(now=now)
    if answer.team is None or answer.is_enterprise_install:
        return Unwanted(tokens, Failure(Fault.REFUSED, _OF_AN_ORGANIZATION))
    alive = await check(authorized=client.authorized(answer.access_token), outbound=outbound)
    if not isinstance(alive, Failure) and alive.identity.account_id != answer.team.id:
        return Unwanted(tokens, Failure(Fault.BROKEN, _OF_ANOTHER), account_id=alive.identity.account_id)
    identified = identify(tokens, alive)
    return replace(identified, account_id=answer.team.id) if isinstance(identified, Unwanted) else identified


async def refresh(
    *,
    client: Client,
    refresh_token: Secret,
    redirect_uri: str,  # noqa: ARG001 - other providers ask for it
    now: datetime,
    outbound: Sender,
) -> Tokens | Failure:
    """Trade the refresh token. Slack gives a new one each time; without one, the old one goes on (RFC 6749, section 6)."""
    form: Mapping[str, str | Secret] = {"grant_type": "refresh_token", "refresh_token": refresh_token}
    answer = await _ask_for_tokens(form, _TokenAnswer, client=client, outbound=outbound)
    if isinstance(answer, Failure):
        return replace(answer, fault=Fault.DEAD_GRANT) if answer.fault is Fault.EXPIRED else answer
    kept = answer if answer.refresh_token is not None else answer.model_copy(update={"refresh_token": refresh_token})
    return kept.tokens(now=now)


async def check(*, authorized: Authorized, outbound: Sender) -> Alive | Failure:
    """Ask auth.test whether the token works, whose it is and what it may do."""
    outcome = await call("auth.test", authorized=authorized, outbound=outbound)
    answer = await read_answer(outcome, _AuthTest)
    return answer if isinstance(answer, Failure) else Alive(answer.identity(), scopes=read_granted(outcome))


async def revoke(*, client: Client, access: Secret, outbound: Sender) -> Failure | None:
    """Give the token back. Slack ends every token of the app in that workspace with it, and takes the app out of its channels."""
    answer = await read_answer(await call("auth.revoke", authorized=client.authorized(access), outbound=outbound), _Revoked)
    match answer:
        case Failure() if answer.fault is not Fault.DEAD_GRANT:
            return answer
        case _Revoked(revoked=False):
            return Failure(Fault.BROKEN, "Slack answered, and did not revoke the token.")
        case _:
            return None


async def _ask_for_tokens(
    form: Mapping[str, str | Secret], answer: type[_T], *, client: Client, outbound: Sender
) -> _T | Failure:
    url, credential = f"{client.base_url}/api/oauth.v2.access", Basic(client.id, client.secret)
    outcome = await outbound.send(
        Request("POST", url, form=form, credential=credential, endpoint=Endpoint("slack", "oauth.v2.access")),
        origin=client.origin,
        deadline=TOKEN_DEADLINE,
        certificates=client.certificates,
    )
    return await read_answer(outcome, answer)


def _signing_secret(settings: Settings) -> Secret | None:
    return read_secret(settings.slack_signing_secret)


OPERATOR = OperatorSettings(
    client_id="slack_client_id",
    client_secret="slack_client_secret",  # noqa: S106 - the name of a setting
    url="slack_url",
    signing_secret="slack_signing_secret",  # noqa: S106 - as above
)

SIGN_IN = OAuth(
    scopes=SCOPES,
    configure=configure,
    authorize_url=authorize_url,
    exchange=exchange,
    refresh=refresh,
    revoke=revoke,
    shares_token=True,
)

HOOKS = Hooks(read=read_hook, secret=_signing_secret)

PROVIDER = Provider(
    key=KEY,
    name=NAME,
    description="Posts the results of your monitors to a Slack channel. One sign-in connects a workspace for the whole team.",
    icon=Icon("Sl", "#611f69"),
    help_url="https://slack.com/help/articles/202035138-Add-apps-to-your-Slack-workspace",
    sharing=SharingModel.SHARED_AUTHORIZATION,
    check=check,
    limits_methods=True,
    sign_in=SIGN_IN,
    messaging=MESSAGING,
    hooks=HOOKS,
    operator=OPERATOR,
    manifest=manifest,
)
