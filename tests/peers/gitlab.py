"""A GitLab's OAuth: Doorkeeper, the library that GitLab's own runs on, in a process of its own."""

import re
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx2

from tests.peers.processes import running

REDIRECT_URI = "http://127.0.0.1:8000/authorize/callback"
SCOPES = "api read_user"

_FOLDER = Path(__file__).parent / "doorkeeper"
_LISTENING = re.compile(r"Listening on (http://\S+)\n.*Use Ctrl-C to stop", re.DOTALL)


@dataclass(frozen=True)
class Client:
    """An OAuth application as the GitLab administrator sees it; only `secret` is one."""

    number: int
    id: str
    secret: str
    redirect_uri: str
    scopes: str


@dataclass(frozen=True)
class Doorkeeper:
    """The running peer at `url`, with one client made for this test. Users come to be when they are named."""

    url: str
    client: Client
    http: httpx2.AsyncClient = field(repr=False)

    async def add_client(self, *, redirect_uri: str = REDIRECT_URI, scopes: str = SCOPES, trusted: bool = False) -> Client:
        """Register one more client. Users of a trusted one are not asked for consent."""
        return await _add_client(self.http, redirect_uri=redirect_uri, scopes=scopes, trusted=trusted)

    async def renew_secret(self, client: Client) -> Client:
        answer = (await self.http.post(f"/api/v4/applications/{client.number}/renew-secret")).raise_for_status()
        return replace(client, secret=answer.json()["secret"])

    async def delete_client(self, client: Client) -> None:
        """Delete it with all its tokens, as GitLab's administrator does."""
        (await self.http.delete(f"/api/v4/applications/{client.number}")).raise_for_status()

    async def age(self, client: Client, by: timedelta) -> None:
        """Make all codes and tokens of the client older than they are."""
        path = f"/api/v4/applications/{client.number}/age"
        (await self.http.post(path, data={"seconds": str(by.total_seconds())})).raise_for_status()

    def authorize_url(self, client: Client, **parameters: str) -> str:
        """Return where a browser is sent to sign in. `parameters` add to or replace the usual ones."""
        usual = {"client_id": client.id, "redirect_uri": client.redirect_uri, "response_type": "code", "scope": client.scopes}
        return f"{self.url}/oauth/authorize?{urlencode(usual | parameters)}"

    async def sign_in(self, authorize_url: str, *, user: str = "ada", consents: bool = True) -> str:
        """Walk through GitLab's pages as the browser of `user` and return the callback address that it is sent to."""
        async with httpx2.AsyncClient(trust_env=False, headers={"X-Signed-In-As": user}) as browser:
            answer = await browser.get(authorize_url)
            if not answer.has_redirect_location:
                assert answer.status_code == httpx2.codes.OK, answer.text
                form = _consent_form(answer.text, consents=consents)
                answer = await browser.post(f"{self.url}{form.action}", data=form.fields)
        assert answer.has_redirect_location, answer.text
        return answer.headers["location"]

    async def code(self, client: Client, *, user: str = "ada", **parameters: str) -> str:
        """Walk through the pages and return only the code."""
        callback = await self.sign_in(self.authorize_url(client, **parameters), user=user)
        return httpx2.QueryParams(urlsplit(callback).query)["code"]

    async def token(self, client: Client, **parameters: str) -> httpx2.Response:
        """POST /oauth/token with the client's credentials; `parameters` add to or replace them."""
        credentials = {"client_id": client.id, "client_secret": client.secret, "redirect_uri": client.redirect_uri}
        return await self.http.post("/oauth/token", data=credentials | parameters)

    async def exchange(self, client: Client, code: str, **parameters: str) -> httpx2.Response:
        return await self.token(client, grant_type="authorization_code", code=code, **parameters)

    async def refresh(self, client: Client, refresh_token: str, **parameters: str) -> httpx2.Response:
        return await self.token(client, grant_type="refresh_token", refresh_token=refresh_token, **parameters)

    async def revoke(self, client: Client, token: str) -> httpx2.Response:
        form = {"client_id": client.id, "client_secret": client.secret, "token": token}
        return await self.http.post("/oauth/revoke", data=form)

    async def read(self, path: str, access_token: str) -> httpx2.Response:
        return await self.http.get(path, headers={"Authorization": f"Bearer {access_token}"})


def is_installed() -> bool:
    ruby = shutil.which("ruby")
    if ruby is None or shutil.which("puma") is None:
        return False
    needed = "%w[doorkeeper railties activerecord actionpack sqlite3].each { |name| gem name }"
    return subprocess.run([ruby, "-e", needed], check=False, capture_output=True).returncode == 0  # noqa: S603 - our own line


@contextmanager
def run_doorkeeper(folder: Path) -> Iterator[str]:
    """Start the peer with its database and log in `folder` and yield its address."""
    command = ("puma", "--config", "-", "--threads", "5:5", "--bind", "tcp://127.0.0.1:0", "config.ru")
    environment = {"DATABASE_URL": f"sqlite3:{folder / 'gitlab.sqlite3'}", "RAILS_ENV": "production"}
    with running(command, log=folder / "doorkeeper.log", listening=_LISTENING, environment=environment, folder=_FOLDER) as url:
        yield url


@asynccontextmanager
async def open_doorkeeper(url: str) -> AsyncIterator[Doorkeeper]:
    """Make a client at the peer that runs at `url`."""
    async with httpx2.AsyncClient(base_url=url, trust_env=False) as http:
        client = await _add_client(http, redirect_uri=REDIRECT_URI, scopes=SCOPES, trusted=False)
        yield Doorkeeper(url=url, client=client, http=http)


async def _add_client(http: httpx2.AsyncClient, *, redirect_uri: str, scopes: str, trusted: bool) -> Client:
    form = {"name": "Installed apps", "redirect_uri": redirect_uri, "scopes": scopes, "trusted": str(trusted).lower()}
    made: dict[str, Any] = (await http.post("/api/v4/applications", data=form)).raise_for_status().json()
    return Client(made["id"], made["application_id"], made["secret"], redirect_uri=redirect_uri, scopes=scopes)


@dataclass
class _Form:
    action: str
    fields: dict[str, str] = field(default_factory=dict)


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[_Form] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        if tag == "form":
            self.found.append(_Form(said.get("action") or ""))
        elif tag == "input" and self.found and (name := said.get("name")):
            self.found[-1].fields[name] = said.get("value") or ""


def _consent_form(page: str, *, consents: bool) -> _Form:
    """Return the form that consents, or the one that denies: that is a DELETE, which Rails writes as a hidden field."""
    forms = _Forms()
    forms.feed(page)
    return next(form for form in forms.found if ("_method" in form.fields) != consents)
