"""A sandbox on a port of its own, and a browser and an app in front of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2
import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.oauth import AuthorizeUrlGenerator

from app.sandbox import create_sandbox
from app.sandbox.slack_app import CLIENT_ID, CLIENT_SECRET
from tests.held import HeldClock
from tests.servers import NO_TLS, run_server

REDIRECT_URI = "http://127.0.0.1:8000/callback/slack"
SCOPES = (
    "chat:write",
    "chat:write.public",
    "channels:read",
    "channels:join",
    "channels:history",
    "groups:read",
    "groups:history",
)


@dataclass(frozen=True)
class Sandbox:
    """A sandbox that runs, as its users see it."""

    url: str
    clock: HeldClock
    http: httpx2.Client

    def web(self, token: str | None = None) -> WebClient:
        return WebClient(token=token, base_url=f"{self.url}/slack/api/", timeout=5)

    def authorize_url(self, state: str = "the-state", scopes: tuple[str, ...] = SCOPES) -> str:
        generator = AuthorizeUrlGenerator(
            client_id=CLIENT_ID,
            redirect_uri=REDIRECT_URI,
            scopes=scopes,
            authorization_url=f"{self.url}/slack/oauth/v2/authorize",
        )
        return generator.generate(state)

    def consent(self, workspace: str = "Acme", scopes: tuple[str, ...] = SCOPES, **more: str) -> str:
        """Agree on the consent page and return the code."""
        url = httpx2.URL(self.authorize_url(scopes=scopes)).copy_merge_params(more)
        answer = self.http.post(url, data={"workspace": workspace, "decision": "approve"})
        assert answer.status_code == 302
        return query_of(answer)["code"]

    def install(self, workspace: str = "Acme", scopes: tuple[str, ...] = SCOPES) -> Any:
        """Agree, and exchange the code."""
        return self.web().oauth_v2_access(
            client_id=CLIENT_ID,
            client_secret=CLIENT_SECRET,
            code=self.consent(workspace, scopes),
            redirect_uri=REDIRECT_URI,
        )

    def bot(self, workspace: str = "Acme", scopes: tuple[str, ...] = SCOPES) -> WebClient:
        return self.web(self.install(workspace, scopes)["access_token"])

    def control(self, path: str, **body: object) -> httpx2.Response:
        return self.http.post(f"/control/{path}", json=body)

    def state(self) -> Any:
        return self.http.get("/control/state").json()


def query_of(redirect: httpx2.Response) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(redirect.headers["location"]).query, strict_parsing=True))


def error_of(refused: pytest.ExceptionInfo[SlackApiError]) -> str:
    return str(refused.value.response["error"])


@contextmanager
def run_sandbox(**options: Any) -> Iterator[Sandbox]:
    clock = HeldClock(datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC))
    with (
        run_server(create_sandbox(clock=clock, **options)) as url,
        httpx2.Client(base_url=url, trust_env=False, verify=NO_TLS, timeout=5) as http,
    ):
        yield Sandbox(url, clock, http)
