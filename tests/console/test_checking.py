from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from pydantic import SecretStr

from app.clock import SystemClock
from app.console.checking import Finding, State, check
from app.outbound import Outbound
from app.sealing.keyring import make_keyring
from app.settings import Settings
from app.storage import database as app_database
from app.web.proxies import REQUESTS, advice
from tests import databases
from tests.faults.redis import redis_server
from tests.journeys.soaking import until
from tests.oidc.idp import AUDIENCE, CLIENT_ID, CLIENT_SECRET, TEAM_CLAIM, Idp, run_idp
from tests.processes import Service, free_port
from tests.servers import NO_TLS
from tests.storage.schemas import put_members


async def test_a_redis_that_answers_is_well(database_url: str, tmp_path: Path) -> None:
    async with redis_server(tmp_path, password="right") as server:
        findings = await _check(database_url, tmp_path, redis_url=server.url)

    assert (State.OK, "Redis: answers") in findings


async def test_no_redis_is_well_too(database_url: str, tmp_path: Path) -> None:
    findings = await _check(database_url, tmp_path, redis_url=None)

    assert (State.OK, "Redis: none set (one process wakes itself; several look once a second)") in findings


async def test_a_redis_that_is_not_there_is_a_problem_and_the_rest_is_looked_at(database_url: str, tmp_path: Path) -> None:
    findings = await _check(database_url, tmp_path, redis_url=f"redis://:s3cret@127.0.0.1:{free_port()}/0")

    message = "INSTALLED_APPS_REDIS_URL: Redis does not answer there. Start it, or leave the setting out."
    assert (State.PROBLEM, message) in findings
    assert (State.OK, "database and keyring: open, migrated, every key there") in findings
    assert "s3cret" not in str(findings)


async def test_a_password_that_redis_does_not_take_is_named_and_not_shown(database_url: str, tmp_path: Path) -> None:
    async with redis_server(tmp_path, password="right") as server:
        findings = await _check(database_url, tmp_path, redis_url=server.url.replace("right", "s3cret"))

    message = "INSTALLED_APPS_REDIS_URL: Redis does not take the user and password in it. Set them right."
    assert (State.PROBLEM, message) in findings
    assert "s3cret" not in str(findings)


@pytest.mark.parametrize("url", ["127.0.0.1:6379", "redis://:s3cret@127.0.0.1:port/0"])
async def test_what_is_no_address_is_named_once_and_not_shown(database_url: str, tmp_path: Path, url: str) -> None:
    findings = await _check(database_url, tmp_path, redis_url=url)

    assert [line for state, line in findings if "REDIS_URL" in line and state is State.PROBLEM] == [
        (
            "INSTALLED_APPS_REDIS_URL must be an address such as redis://redis.example.com:6379/0 (rediss:// for TLS), with "
            "/ # ? % in a password percent-encoded (/ is %2F)."
        )
    ]
    assert "s3cret" not in str(findings)


async def test_members_who_are_not_found_by_their_address_are_named(database_url: str, tmp_path: Path) -> None:
    emails = ("ada@example.com", "ada@xn--a", "ada@bücher.example")
    people = await put_members(database_url, emails, team_id=uuid4(), moment=SystemClock().now())

    findings = await _check(database_url, tmp_path)

    assert (State.PROBLEM, f"members: not found by their e-mail address: {people[1]}; add them anew by a good one") in findings


@pytest.mark.skipif(bool(databases.POSTGRES_URL), reason="a server's files are its own")
async def test_files_that_others_can_get_at_are_named_with_the_command_that_mends_it(database_url: str, tmp_path: Path) -> None:
    file = Path(app_database.embedded_path(database_url))
    file.chmod(0o640)  # noqa: ASYNC240 - nobody else waits

    findings = await _check(database_url, tmp_path)

    assert [line.partition(": ")[2] for state, line in findings if "DATA_DIR" in line and state is State.PROBLEM] == [
        f"others than its owner can get at what it holds; set it right with: chmod 600 {each}"
        for each in (file, *(file.with_name(f"{file.name}{end}") for end in ("-wal", "-shm")))
        if each.exists()
    ]


@pytest.mark.processes
async def test_a_proxy_that_live_processes_have_found_and_no_setting_names_is_named(database_url: str, tmp_path: Path) -> None:
    service = Service(tmp_path, database_url)
    keyring = tmp_path / "keyring.json"
    make_keyring(keyring)
    await service.start()
    try:
        async with httpx2.AsyncClient(base_url=service.url, trust_env=False, verify=NO_TLS) as client:
            for _ in range(REQUESTS):
                await client.get("/healthz", headers={"X-Forwarded-For": "192.0.2.7"})
        settings = Settings(data_dir=tmp_path, database_url=database_url, keyring_file=keyring)
        found: list[str] = []

        async def is_told() -> bool:
            found[:] = [line for state, line in await check(settings) if "private address" in line and state is State.PROBLEM]
            return bool(found)

        await until(is_told, seconds=30)  # the service reports itself every five
    finally:
        service.kill()

    assert found == [f"all requests come from one private address, 127.0.0.1: set {advice('127.0.0.1')}"]
    assert "INSTALLED_APPS_TRUSTED_PROXIES=127.0.0.1 " in found[0]


@pytest.mark.parametrize(
    ("meant", "slack", "findings"),
    [
        (None, {}, {State.PROBLEM: ["Slack: set INSTALLED_APPS_SLACK_CLIENT_ID and INSTALLED_APPS_SLACK_CLIENT_SECRET"]}),
        (["slack"], {}, {State.PROBLEM: ["Slack: set INSTALLED_APPS_SLACK_CLIENT_ID and INSTALLED_APPS_SLACK_CLIENT_SECRET"]}),
        (["gitlab-self-managed"], {}, {State.OK: ["GitLab Self-Managed: nothing to set here"]}),
        (["webhook"], {}, {State.OK: ["Webhook: nothing to set here, each team's admin stores what it gave them"]}),
        (
            ["gitlab-self-managed", "github-enterprise-server"],
            {"slack_client_id": "1.2"},
            {
                State.OK: ["GitHub Enterprise Server: nothing to set here", "GitLab Self-Managed: nothing to set here"],
                State.PROBLEM: ["Slack: set INSTALLED_APPS_SLACK_CLIENT_SECRET"],
            },
        ),
    ],
)
async def test_only_the_providers_that_are_meant_are_looked_for_but_for_those_that_were_begun(
    database_url: str, tmp_path: Path, meant: list[str] | None, slack: dict[str, str], findings: dict[State, list[str]]
) -> None:
    settings = Settings(data_dir=tmp_path, database_url=database_url, **slack)  # type: ignore[arg-type]

    found = [
        finding for finding in await check(settings, providers=meant) if finding.line.startswith(("Slack", "Git", "Webhook"))
    ]

    expected = sorted((message, state) for state, messages in findings.items() for message in messages)
    told = sorted((line, state) for state, line in found)
    assert [state for _, state in told] == [state for _, state in expected]
    assert all(line.startswith(message) for (line, _), (message, _) in zip(told, expected, strict=True)), found


async def test_an_issuer_that_answers_is_well_and_the_redirect_uri_is_named(database_url: str, tmp_path: Path) -> None:
    with run_idp(SystemClock()) as idp:
        findings = await _check(database_url, tmp_path, idp=idp)

    assert [(state, line.replace(idp.url, "ISSUER")) for state, line in findings if "OIDC" in line] == [
        (State.OK, "OIDC: ISSUER answers, with 3 keys that can be used"),
        (
            State.OK,
            "OIDC: browsers sign in there; the client's redirect URI has to be http://127.0.0.1:8000/sign-in/oidc/callback",
        ),
    ]


@pytest.mark.parametrize(
    ("metadata", "kids", "lines"),
    [
        (
            {"issuer": "https://evil.example"},
            ["rsa-1"],
            [
                (
                    "INSTALLED_APPS_OIDC_ISSUER: what it says at ISSUER/.well-known/openid-configuration cannot be used: "
                    "it names another issuer (a slash at the end counts)."
                )
            ],
        ),
        ({}, ["ed448-1"], ["OIDC: ISSUER publishes no key with an id for any of ES256, EdDSA, PS256, RS256"]),
        (
            {"code_challenge_methods_supported": ["plain"]},
            ["rsa-1"],
            ["OIDC: ISSUER names no authorization and token endpoint that take PKCE with S256: no sign-in there"],
        ),
    ],
    ids=["another issuer", "no usable key", "no proof keys"],
)
async def test_an_issuer_that_is_of_no_use_is_a_problem(
    database_url: str, tmp_path: Path, metadata: dict[str, object], kids: list[str], lines: list[str]
) -> None:
    with run_idp(SystemClock()) as idp:
        idp.metadata, idp.kids = metadata, kids

        findings = await _check(database_url, tmp_path, idp=idp)

    assert [line.replace(idp.url, "ISSUER") for state, line in findings if "OIDC" in line and state is State.PROBLEM] == lines
    assert CLIENT_SECRET not in str(findings)


async def test_an_issuer_that_the_policy_keeps_out_is_named_with_the_line_that_lets_it_in(
    database_url: str, tmp_path: Path
) -> None:
    findings = await _check(database_url, tmp_path, oidc_issuer="https://127.0.0.1:8443/realms/acme")

    [line] = [line for state, line in findings if "OIDC" in line and state is State.PROBLEM]
    assert line.startswith("INSTALLED_APPS_OIDC_ISSUER: The address policy does not let calls go to https://127.0.0.1:8443")
    assert "INSTALLED_APPS_OUTBOUND_ALLOW=127.0.0.1:8443" in line


async def _check(
    database_url: str, folder: Path, *, redis_url: str | None = None, idp: Idp | None = None, oidc_issuer: str | None = None
) -> list[Finding]:
    settings = Settings(
        data_dir=folder,
        database_url=database_url,
        redis_url=SecretStr(redis_url) if redis_url is not None else None,
        keyring_file=folder / "keyring.json",
        **_oidc(idp.url if idp is not None else oidc_issuer),
    )
    if not app_database.is_embedded(database_url):
        make_keyring(settings.keyring)
    return await check(settings, way_out=lambda _: idp.outbound() if idp is not None else Outbound())


def _oidc(issuer: str | None) -> dict[str, Any]:
    if issuer is None:
        return {}
    client = {"oidc_client_id": CLIENT_ID, "oidc_client_secret": SecretStr(CLIENT_SECRET)}
    return {"oidc_issuer": issuer, "oidc_audience": AUDIENCE, "oidc_team_claim": TEAM_CLAIM, **client}
