"""GitHub Enterprise Server: the team's OAuth app at its own server, where each member signs in once, as themselves.

Sources: GitHub Enterprise Server's "Authorizing OAuth apps", "Troubleshooting OAuth app access token request errors" and REST
references "Users", "OAuth authorizations" (applications/{client_id}/token) and "Meta". Tokens of OAuth apps do not expire, and
GitHub keeps ten of them for each person, app and scopes: the oldest ends when an eleventh is made.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from pydantic import TypeAdapter

from app.outbound import Basic, Endpoint, NotJson, Outcome, Request, Response, Sender
from app.providers._git.accounts import account_of, explain_nobody
from app.providers._git.clients import configure
from app.providers._git.names import address
from app.providers._http.answers import (
    Answer,
    Line,
    Number,
    explain_silence,
    parse,
    read_few,
)
from app.providers._oauth.codes import identify
from app.providers._oauth.endpoints import post
from app.providers._oauth.errors import sort_error
from app.providers._oauth.tokens import TOKEN_DEADLINE, Bearer, ScopesOrList, Token
from app.providers.contract import Alive, Authorized, Client, Failure, Fault, Identity, SharingModel, Tokens, Unwanted
from app.providers.description import Provider
from app.providers.github.branches import find_branch, list_branches
from app.providers.github.calls import API, SCOPES, read_answer, read_granted, read_said, sort_refusal
from app.providers.github.files import list_entries, read_file
from app.providers.github.repositories import find_repository, list_repositories
from app.providers.github.servers import find_server
from app.providers.hosting import Hosting
from app.providers.icons import Icon
from app.providers.oauth import OAuth
from app.sealing.secret import Secret
from app.web.authorization_requests import authorization_url

_MEANINGS: Mapping[str, tuple[Fault, str]] = {
    "incorrect_client_credentials": (Fault.CLIENT_REFUSED, "GitHub does not accept the app's client id and secret"),
    "application_suspended": (Fault.CLIENT_REFUSED, "the app is suspended at GitHub"),
    "bad_verification_code": (Fault.REFUSED, "the sign-in took too long or was used already: begin again"),
    "redirect_uri_mismatch": (
        Fault.REFUSED,
        "the app at GitHub does not list this service's callback URL: an admin has to add it",
    ),
    "unverified_user_email": (Fault.REFUSED, "the account's e-mail address has to be verified at GitHub first"),
    "access_denied": (Fault.DENIED, "the sign-in was declined"),
}


class _TokenAnswer(Answer):
    access_token: Token
    token_type: Bearer
    scope: ScopesOrList
    refresh_token: object = None
    expires_in: object = None


class _User(Answer):
    id: Number
    login: Line
    html_url: str | None = None

    def identity(self) -> Identity:
        return account_of(self.id, name=self.login, url=self.html_url)


_TOKENS = TypeAdapter(_TokenAnswer)
_USER = TypeAdapter(_User)


def authorize_url(*, client: Client, redirect_uri: str, state: str, challenge: str, account_id: str | None) -> str:  # noqa: ARG001 - GitHub takes a login here, which can change
    """Return the address of GitHub's consent page. A server that knows no code challenge does not look at it."""
    return authorization_url(
        f"{client.base_url}/login/oauth/authorize",
        client_id=client.id,
        redirect_uri=redirect_uri,
        scope=" ".join(SCOPES),
        state=state,
        challenge=challenge,
    )


async def exchange(
    *,
    client: Client,
    code: Secret,
    verifier: Secret,
    redirect_uri: str,
    now: datetime,  # noqa: ARG001 - GitHub's tokens do not expire
    outbound: Sender,
) -> tuple[Tokens, Identity] | Unwanted | Failure:
    """Trade the code, and ask with the new token whose it is."""
    form: Mapping[str, str | Secret] = {"code": code, "redirect_uri": redirect_uri, "code_verifier": verifier}
    url, counted = f"{client.base_url}/login/oauth/access_token", Endpoint(API.folder, "oauth token")
    outcome = await post(url, form, client=client, endpoint=counted, outbound=outbound, deadline=TOKEN_DEADLINE)
    tokens = await _read_tokens(outcome, base_url=client.base_url)
    if isinstance(tokens, Unwanted | Failure):
        return tokens
    alive = await check(authorized=client.authorized(tokens.access), outbound=outbound)
    return identify(tokens, alive)


async def refresh(
    *,
    client: Client,  # noqa: ARG001 - there is nothing to ask
    refresh_token: Secret,  # noqa: ARG001 - as above
    redirect_uri: str,  # noqa: ARG001 - as above
    now: datetime,  # noqa: ARG001 - as above
    outbound: Sender,  # noqa: ARG001 - as above
) -> Tokens | Failure:
    """Fail without asking: tokens of OAuth apps do not expire and have no refresh token."""
    return Failure(Fault.DEAD_GRANT, "GitHub's authorizations cannot be renewed: sign in again.")


async def check(*, authorized: Authorized, outbound: Sender) -> Alive | Failure:
    """Ask whether the token works, whose it is and what it may do."""
    outcome = await API.ask(("user",), endpoint="user", authorized=authorized, outbound=outbound)
    user = await read_answer(outcome, _USER, base_url=authorized.base_url)
    if isinstance(user, Failure):
        return explain_nobody(user, api=API)
    return Alive(user.identity(), scopes=read_granted(outcome.headers) if isinstance(outcome, Response) else None)


async def revoke(*, client: Client, access: Secret, outbound: Sender) -> Failure | None:
    """Give one token back, never the grant: that would end the person's tokens of every team that has the same app."""
    outcome = await outbound.send(
        Request(
            "DELETE",
            address(API.of(client.base_url), ("applications", client.id, "token")),
            headers=API.headers,
            json={"access_token": access},
            credential=Basic(client.id, client.secret),
            endpoint=Endpoint(API.folder, "oauth revoke"),
        ),
        origin=client.origin,
        certificates=client.certificates,
    )
    match outcome:
        case Response(status=204):
            return None
        case Response(status=404 | 422) if read_said(outcome) is not None:
            return None  # GitHub knows no such token, any more or at all
        case Response():
            failure = sort_refusal(outcome, base_url=client.base_url)
            return _CLIENT_REFUSED if failure.fault is Fault.DEAD_GRANT else failure
        case _:
            return explain_silence(outcome, server=API.server)


async def _read_tokens(outcome: Outcome, *, base_url: str) -> Tokens | Unwanted | Failure:
    """Read what the exchange brought. Its errors come with HTTP 200; a client id that GitHub does not know is a 404."""
    if not isinstance(outcome, Response):
        return explain_silence(outcome, server=API.server)
    if outcome.status != 200:  # noqa: PLR2004 - RFC 9110, section 15.3.1
        failure = sort_refusal(outcome, base_url=base_url)
        return _CLIENT_REFUSED if failure.fault in {Fault.DEAD_GRANT, Fault.TARGET_GONE} else failure
    body = read_few(outcome.body)
    match None if isinstance(body, NotJson) else body:
        case {"error": str(code)}:
            return sort_error(code, _MEANINGS, server=API.server)
    answer = await parse(outcome.body, _TOKENS, server=API.server)
    if isinstance(answer, Failure):
        return answer
    tokens = Tokens(access=answer.access_token, refresh=None, expires_at=None, scopes=answer.scope)
    if answer.refresh_token is not None or answer.expires_in is not None:
        return Unwanted(tokens, _OF_A_GITHUB_APP)
    return tokens


_OF_A_GITHUB_APP = Failure(
    Fault.CLIENT_REFUSED,
    "The client id is a GitHub App's, whose permissions are other ones: register an OAuth app at GitHub instead.",
)
_CLIENT_REFUSED = Failure(Fault.CLIENT_REFUSED, "GitHub does not accept the app's client id and secret.")

HOSTING = Hosting(
    find_server=find_server,
    list_repositories=list_repositories,
    find_repository=find_repository,
    list_branches=list_branches,
    find_branch=find_branch,
    list_entries=list_entries,
    read_file=read_file,
)

SIGN_IN = OAuth(
    scopes=SCOPES,
    configure=configure,
    authorize_url=authorize_url,
    exchange=exchange,
    refresh=refresh,
    revoke=revoke,
)

PROVIDER = Provider(
    key="github-enterprise-server",
    name="GitHub Enterprise Server",
    description="Connects APIs to repositories on your own GitHub. An admin adds its OAuth app once; each member signs in once.",
    icon=Icon("GH", "#24292f"),
    help_url="https://docs.github.com/en/enterprise-server@latest/apps/oauth-apps/building-oauth-apps/creating-an-oauth-app",
    sharing=SharingModel.SHARED_CLIENT,
    check=check,
    sign_in=SIGN_IN,
    hosting=HOSTING,
    ends_unused_after=timedelta(days=365),
)
