"""Signing in at the stand-ins of Git servers by hand, as a browser and an app would."""

import base64
import hashlib
from dataclasses import dataclass

import github
import gitlab
import httpx2

from tests.sandbox.running import Sandbox, query_of

REDIRECT_URI = "http://127.0.0.1:8000/callback/git/1"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
PKCE = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
GITHUB_SCOPES = "repo read:user read:org"


@dataclass(frozen=True)
class GitServer:
    """A Git server of the sandbox, and its one app in front of it."""

    sandbox: Sandbox
    name: str
    authorize_path: str
    token_path: str
    scope: str

    @property
    def url(self) -> str:
        return f"{self.sandbox.url}/{self.name}"

    @property
    def client(self) -> dict[str, str]:
        return {"client_id": f"sandbox-{self.name}", "client_secret": f"sandbox-{self.name}-secret"}

    def ask(self, **changed: str) -> httpx2.URL:
        """Return the address of the consent page; what is changed to "" is left out."""
        asked = {
            "client_id": f"sandbox-{self.name}",
            "redirect_uri": REDIRECT_URI,
            "response_type": "code",
            "state": "the-state",
            "scope": self.scope,
            **changed,
        }
        return httpx2.URL(self.url + self.authorize_path, params={key: value for key, value in asked.items() if value})

    def decide(self, user: str = "ada", decision: str = "approve", **changed: str) -> httpx2.Response:
        return self.sandbox.http.post(self.ask(**changed), data={"user": user, "decision": decision})

    def code(self, user: str = "ada", **changed: str) -> str:
        return query_of(self.decide(user, **changed))["code"]

    def exchange(self, code: str, **changed: str) -> httpx2.Response:
        given = {
            **self.client,
            "code": code,
            "grant_type": "authorization_code",
            "redirect_uri": REDIRECT_URI,
            **changed,
        }
        form = {key: value for key, value in given.items() if value}
        return self.sandbox.http.post(f"{self.url}{self.token_path}", data=form, headers={"Accept": "application/json"})

    def token(self, user: str = "ada", **changed: str) -> str:
        return str(self.exchange(self.code(user, **changed)).json()["access_token"])

    def change(self, what: str, **order: object) -> httpx2.Response:
        answer = self.sandbox.http.post(f"/control/{self.name}/{what}", json=order)
        assert answer.status_code == 200, answer.text
        return answer

    def fault(self, fault: str, **more: object) -> httpx2.Response:
        answer = self.sandbox.control("faults", provider=self.name, fault=fault, **more)
        assert answer.status_code == 200, answer.text
        return answer


def github_server(sandbox: Sandbox) -> GitServer:
    return GitServer(sandbox, "github", "/login/oauth/authorize", "/login/oauth/access_token", GITHUB_SCOPES)


def gitlab_server(sandbox: Sandbox) -> GitServer:
    return GitServer(sandbox, "gitlab", "/oauth/authorize", "/oauth/token", "api")


def as_github_user(server: GitServer, user: str = "ada", **changed: str) -> github.Github:
    return github_with(server, server.token(user, **changed))


def github_with(server: GitServer, token: str) -> github.Github:
    return github.Github(base_url=f"{server.url}/api/v3", auth=github.Auth.Token(token), retry=None, timeout=5, per_page=100)


def as_gitlab_user(server: GitServer, user: str = "ada", **changed: str) -> gitlab.Gitlab:
    return gitlab_with(server, server.token(user, **changed))


def gitlab_with(server: GitServer, token: str) -> gitlab.Gitlab:
    return gitlab.Gitlab(server.url, oauth_token=token, timeout=5, per_page=100)
