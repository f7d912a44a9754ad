"""OAuth clients and typed clients that others wrote, at the sandbox's Git servers."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from authlib.integrations.httpx_client import AsyncOAuth2Client  # type: ignore[import-untyped]  # it has no stubs

from tests.peers import javascript, python
from tests.peers.processes import need
from tests.sandbox.git_sign_ins import REDIRECT_URI, github_server, gitlab_server
from tests.sandbox.running import Sandbox, run_sandbox


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with run_sandbox() as running:
        yield running


def test_clients_of_javascript_sign_in_and_refresh(programs: Path, sandbox: Sandbox) -> None:
    told = javascript.run(programs, "oauth.mjs", sandbox.url)

    assert told == {
        "simple-oauth2 at GitHub": "ada",
        "simple-oauth2 at GitLab": "ada",
        "openid-client at GitHub": "ada",
        "openid-client at GitLab": "ada",
    }


@pytest.mark.parametrize(("name", "redirect_uri"), [("github", REDIRECT_URI), ("github", None), ("gitlab", REDIRECT_URI)])
async def test_authlib_signs_in_and_refreshes(sandbox: Sandbox, name: str, redirect_uri: str | None) -> None:
    """At GitLab without the `redirect_uri` that Doorkeeper would not look at."""
    server = {"github": github_server, "gitlab": gitlab_server}[name](sandbox)
    client: Any = AsyncOAuth2Client(
        server.client["client_id"],
        server.client["client_secret"],
        scope=server.scope,
        redirect_uri=redirect_uri,
        token_endpoint=server.url + server.token_path,
        token_endpoint_auth_method="client_secret_post",
        trust_env=False,
    )
    async with client:
        address, state = client.create_authorization_url(server.url + server.authorize_path)
        consent = sandbox.http.post(address, data={"user": "ada", "decision": "approve"})
        await client.fetch_token(authorization_response=consent.headers["location"], state=state)
        if client.token.get("refresh_token"):
            await client.refresh_token()
        answer: httpx2.Response = await client.get(f"{server.url}/api/{'v3' if name == 'github' else 'v4'}/user")

    assert answer.json()["login" if name == "github" else "username"] == "ada"


def test_githubkit_reads_its_own_types_of_every_object(sandbox: Sandbox) -> None:
    need(installed=python.is_installed(), reason="githubkit is not installed: tests/peers/install")
    server = github_server(sandbox)
    access = server.token("ada", scope="repo read:user read:org user:email")

    answer = subprocess.run(  # noqa: S603 - the tests' own program
        [python.interpreter(), python.PROGRAMS / "read_github.py", f"{server.url}/api/v3", access],
        capture_output=True,
        check=False,
        text=True,
        timeout=javascript.SECONDS,
    )

    assert answer.returncode == 0, answer.stderr
    assert json.loads(answer.stdout) == {
        "viewer": "ada",
        "organizations": ["acme", "acme-platform"],
        "own repositories": 6,
        "repositories of acme": 4,
        "repository": "acme/payments-api",
        "branches": 5,
        "branch": "main",
        "commit": True,
        "references": ["refs/heads/feature/a/b"],
        "tree": True,
        "blob": "base64",
        "file": "openapi.yaml",
        "directory": True,
        "found": ["acme/payments-api"],
        "limit": True,
        "version": True,
    }
