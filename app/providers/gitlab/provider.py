"""GitLab Self-Managed: the team's OAuth application at its own server, where each member signs in once, as themselves.

Sources: GitLab's "OAuth 2.0 identity provider API", "Configure GitLab as an OAuth 2.0 authentication identity provider" and the
Users API. Tokens last two hours; neither of a refreshed pair works again.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from pydantic import TypeAdapter

from app.outbound import Sender
from app.providers._git.accounts import account_of, explain_nobody
from app.providers._git.clients import configure
from app.providers._http.answers import Answer, Line, Number
from app.providers._oauth.codes import code_form, identify, refused_code
from app.providers.contract import Alive, Authorized, Client, Failure, Identity, SharingModel, Tokens, Unwanted
from app.providers.description import Provider
from app.providers.gitlab.calls import API, SCOPES, read_answer
from app.providers.gitlab.files import list_entries, read_file
from app.providers.gitlab.members import find_access_end
from app.providers.gitlab.projects import find_branch, find_repository, list_branches, list_repositories
from app.providers.gitlab.servers import find_server
from app.providers.gitlab.tokens import ask_for_tokens, revoke
from app.providers.hosting import Hosting
from app.providers.icons import Icon
from app.providers.oauth import OAuth
from app.sealing.secret import Secret
from app.web.authorization_requests import authorization_url


class _User(Answer):
    id: Number
    username: Line
    web_url: str | None = None

    def identity(self) -> Identity:
        return account_of(self.id, name=self.username, url=self.web_url)


_USER = TypeAdapter(_User)


def authorize_url(*, client: Client, redirect_uri: str, state: str, challenge: str, account_id: str | None) -> str:  # noqa: ARG001 - GitLab asks whoever is signed in
    """Return the address of GitLab's consent page."""
    return authorization_url(
        f"{client.base_url}/oauth/authorize",
        client_id=client.id,
        redirect_uri=redirect_uri,
        scope=" ".join(SCOPES),
        state=state,
        challenge=challenge,
    )


async def exchange(
    *, client: Client, code: Secret, verifier: Secret, redirect_uri: str, now: datetime, outbound: Sender
) -> tuple[Tokens, Identity] | Unwanted | Failure:
    """Trade the code, and ask with the new token whose it is."""
    form = code_form(code=code, verifier=verifier, redirect_uri=redirect_uri)
    tokens = await ask_for_tokens(form, client=client, now=now, outbound=outbound)
    if isinstance(tokens, Failure):
        return refused_code(tokens, message=_CODE_REFUSED)
    alive = await check(authorized=client.authorized(tokens.access), outbound=outbound)
    return identify(tokens, alive)


async def refresh(
    *, client: Client, refresh_token: Secret, redirect_uri: str, now: datetime, outbound: Sender
) -> Tokens | Failure:
    """Trade the refresh token, which works once. `redirect_uri` is the sign-in's own; GitLab wants to see it again.

    Without a new refresh token in the answer the old one goes on (RFC 6749, section 6).
    """
    form: Mapping[str, str | Secret] = {
        "grant_type": "refresh_token",
        "refresh_token": refresh_token,
        "redirect_uri": redirect_uri,
    }
    tokens = await ask_for_tokens(form, client=client, now=now, outbound=outbound)
    if isinstance(tokens, Failure) or tokens.refresh is not None:
        return tokens
    return replace(tokens, refresh=refresh_token)


async def check(*, authorized: Authorized, outbound: Sender) -> Alive | Failure:
    """Ask whether the token works and whose it is; GitLab does not say here what it may do."""
    outcome = await API.ask(("user",), endpoint="user", authorized=authorized, outbound=outbound)
    user = await read_answer(outcome, _USER, base_url=authorized.base_url)
    return explain_nobody(user, api=API) if isinstance(user, Failure) else Alive(user.identity())


_CODE_REFUSED = "The sign-in took too long or was used already: begin again (invalid_grant)."

HOSTING = Hosting(
    find_server=find_server,
    list_repositories=list_repositories,
    find_repository=find_repository,
    list_branches=list_branches,
    find_branch=find_branch,
    list_entries=list_entries,
    read_file=read_file,
    find_access_end=find_access_end,
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
    key="gitlab-self-managed",
    name="GitLab Self-Managed",
    description="Connects APIs to projects on your own GitLab. An admin adds its OAuth app once; each member signs in once.",
    icon=Icon("GL", "#a8371b"),
    help_url="https://docs.gitlab.com/integration/oauth_provider/",
    sharing=SharingModel.SHARED_CLIENT,
    check=check,
    sign_in=SIGN_IN,
    hosting=HOSTING,
)
