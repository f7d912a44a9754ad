"""The commands in a company's network, as processes: proxies, authorities of the company's own, servers without TLS."""

import asyncio
import hashlib
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest
from cryptography import x509

from app.clock import SystemClock
from tests.certificates import Authority, Certified, make_authority
from tests.forwarding import ForwardProxy, forwarding
from tests.monitors.test_report import RECORDED, TOKEN, Service, answering
from tests.oidc.idp import AUDIENCE, TEAM_CLAIM, Idp
from tests.servers import run_server

pytestmark = pytest.mark.processes

REPORT = Path(__file__).parent.parent / "data" / "newman" / "failed.json"
PASSWORD = "s3cret"
_OF_NETWORKS = ("INSTALLED_APPS_", "HTTP", "NO_PROXY", "ALL_PROXY", "SSL_CERT_")


def run(*message: str, folder: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    kept = {name: value for name, value in os.environ.items() if not name.upper().startswith(_OF_NETWORKS)}
    return subprocess.run(  # noqa: S603 - our own
        [sys.executable, "-m", "app", *message],
        env={**kept, "PYTHONPATH": str(Path(__file__).parents[2]), **environment},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return make_authority(tmp_path)


@contextmanager
def idp_at(name: str, certified: Certified) -> Iterator[tuple[Idp, int]]:
    """Run an identity provider that is known by that name; yield it and its port on this machine."""
    idp = Idp(SystemClock(), url=f"https://{name}")
    with run_server(idp.app(), ssl_certfile=str(certified.certificate), ssl_keyfile=str(certified.key)) as url:
        yield idp, int(url.rpartition(":")[2])


@asynccontextmanager
async def service_behind(login: str | None, certified: Certified) -> AsyncIterator[tuple[Service, ForwardProxy]]:
    """Run a service with TLS as apps.example, and a proxy that leads there."""
    with answering(RECORDED, ssl_certfile=str(certified.certificate), ssl_keyfile=str(certified.key)) as service:
        async with forwarding({"apps.example:443": int(service.url.rpartition(":")[2])}, login=login) as proxy:
            yield service, proxy


async def report(folder: Path, url: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    asked = {"INSTALLED_APPS_URL": url, "INSTALLED_APPS_TOKEN": TOKEN, **environment}
    done = await asyncio.to_thread(run, "report", "newman", str(REPORT), "--monitor", "checkout", folder=folder, **asked)
    assert PASSWORD not in done.stdout + done.stderr
    assert TOKEN not in done.stdout + done.stderr
    return done


# check


@pytest.mark.parametrize("command", ["check", "serve", "migrate"])
def test_a_proxys_address_that_is_none_ends_a_command_with_one_line_and_without_its_password(
    tmp_path: Path, command: str
) -> None:
    done = run(command, folder=tmp_path, INSTALLED_APPS_OUTBOUND_PROXY=f"https://ada:{PASSWORD}@proxy.corp.example:3128")

    line = (
        "INSTALLED_APPS_OUTBOUND_PROXY: must be an address such as http://proxy.corp.example:3128: the proxy itself is spoken to "
        "over http (what goes through it has TLS of its own), not over https or SOCKS\n"
    )
    assert (done.returncode, done.stdout, done.stderr) == (78, "", line)


def test_what_cannot_be_read_of_the_list_of_what_may_be_called_ends_a_command(tmp_path: Path) -> None:
    done = run("migrate", folder=tmp_path, INSTALLED_APPS_OUTBOUND_ALLOW="http://*.corp.example")

    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (78, "", 1)
    assert done.stderr.startswith("INSTALLED_APPS_OUTBOUND_ALLOW: 'http://*.corp.example' cannot be read: ")


async def test_check_finds_the_issuer_through_the_proxy_by_the_companys_authority(tmp_path: Path, authority: Authority) -> None:
    with idp_at("login.example", authority.certify("login.example", tmp_path)) as (idp, port):
        async with forwarding({"login.example:443": port}, login=f"ada:{PASSWORD}") as proxy:
            done = await asyncio.to_thread(
                run,
                "check",
                "--provider",
                "gitlab-self-managed",
                folder=tmp_path,
                INSTALLED_APPS_OUTBOUND_PROXY=f"http://ada:{PASSWORD}@{proxy.place}",
                INSTALLED_APPS_OUTBOUND_ALLOW="http://git.corp.example:8080,http://[fd00::5]",
                INSTALLED_APPS_OIDC_ISSUER=idp.url,
                INSTALLED_APPS_OIDC_AUDIENCE=AUDIENCE,
                INSTALLED_APPS_OIDC_TEAM_CLAIM=TEAM_CLAIM,
                SSL_CERT_FILE=str(authority.root),
            )

    lines = done.stdout.splitlines()
    message = "be called without TLS: whoever can read the network on the way can read the tokens"
    assert f"ok       proxy: {proxy.place} opens a way to login.example:443; calls to public addresses go through it" in lines
    assert "ok       OIDC: https://login.example answers, with 3 keys that can be used" in lines
    assert f"ok       certificate authorities: SSL_CERT_FILE={authority.root}, in place of the system's" in lines
    assert f"WARNING  INSTALLED_APPS_OUTBOUND_ALLOW lets http://git.corp.example:8080 {message}" in lines
    assert f"WARNING  INSTALLED_APPS_OUTBOUND_ALLOW lets http://[fd00::5] {message}" in lines
    assert idp.asked == {"/.well-known/openid-configuration": 1, "/jwks": 1}
    assert set(proxy.asked) == {"login.example:443"}
    assert PASSWORD not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("login", "told", "line"),
    [
        (f"ada:{PASSWORD}", "", "PROBLEM  INSTALLED_APPS_OUTBOUND_PROXY: the proxy at {} asks for a user and a password"),
        (
            "ada:other",
            f"ada:{PASSWORD}@",
            "PROBLEM  INSTALLED_APPS_OUTBOUND_PROXY: the proxy at {} does not take the user and the password that it is told",
        ),
        (
            None,
            "",
            (
                "ok       proxy: calls to public addresses go through {0}, which answers: "
                "the proxy at {0} cannot reach slack.com:443 (HTTP 502)"
            ),
        ),
    ],
)
async def test_check_says_what_the_proxy_answers(tmp_path: Path, login: str | None, told: str, line: str) -> None:
    async with forwarding({}, login=login) as proxy:
        setting = {"INSTALLED_APPS_OUTBOUND_PROXY": f"http://{told}{proxy.place}"}
        done = await asyncio.to_thread(run, "check", "--provider", "gitlab-self-managed", folder=tmp_path, **setting)

    assert line.format(proxy.place) in done.stdout.splitlines()
    assert proxy.asked == ["slack.com:443"]
    assert PASSWORD not in done.stdout + done.stderr


def test_check_says_that_a_proxy_of_the_environment_does_not_count(tmp_path: Path) -> None:
    done = run("check", folder=tmp_path, HTTPS_PROXY=f"http://ada:{PASSWORD}@127.0.0.1:9")

    assert "for the service INSTALLED_APPS_OUTBOUND_PROXY" in done.stdout
    assert PASSWORD not in done.stdout + done.stderr


# report


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy"])
async def test_a_run_is_reported_through_the_proxy_of_the_environment(tmp_path: Path, authority: Authority, name: str) -> None:
    async with service_behind(f"ada:{PASSWORD}", authority.certify("apps.example", tmp_path)) as (service, proxy):
        environment = {name: f"http://ada:{PASSWORD}@{proxy.place}", "SSL_CERT_FILE": str(authority.root)}
        done = await report(tmp_path, "https://apps.example", **environment)

    assert (done.returncode, done.stdout, done.stderr) == (0, "the-run\n", "Warning: Nobody listens.\n")
    assert [authorization for _, authorization, _ in service.asked] == [f"Bearer {TOKEN}"]
    assert (proxy.asked, proxy.opened) == (["apps.example:443"], 1)


async def test_a_proxy_that_asks_who_is_there_is_told_of(tmp_path: Path) -> None:
    async with forwarding({}, login="ada:x") as proxy:
        done = await report(tmp_path, "https://apps.example", HTTPS_PROXY=f"ada:{PASSWORD}@{proxy.place}")

    line = f"The service cannot be reached: the proxy at {proxy.place} does not take the user and the password that it is told.\n"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", line)


async def test_what_no_proxy_names_is_called_directly(tmp_path: Path) -> None:
    async with forwarding({}) as proxy:
        done = await report(tmp_path, "https://apps.example", HTTPS_PROXY=proxy.url, no_proxy="example")

    assert (done.returncode, done.stderr) == (
        1,
        "The service cannot be reached: the name apps.example could not be looked up.\n",
    )
    assert proxy.asked == []


async def test_a_proxy_of_the_environment_that_is_none_is_told_by_its_name(tmp_path: Path) -> None:
    done = await report(tmp_path, "https://apps.example", HTTPS_PROXY=f"socks5://ada:{PASSWORD}@127.0.0.1:1080")

    assert (done.returncode, done.stderr.startswith("HTTPS_PROXY: the proxy itself is spoken to over http")) == (1, True)


async def test_over_http_the_token_goes_to_a_private_address_alone_and_with_a_warning(tmp_path: Path) -> None:
    with answering(RECORDED) as service:
        port = int(service.url.rpartition(":")[2])
        async with forwarding({"10.20.0.5:8000": port, "52.216.0.1:8000": port}) as proxy:
            private = await report(tmp_path, "http://10.20.0.5:8000", HTTP_PROXY=proxy.url)
            public = await report(tmp_path, "http://52.216.0.1:8000", HTTP_PROXY=proxy.url)

    warning = "Warning: INSTALLED_APPS_URL is http: whoever can read the network on the way can read the access token.\n"
    assert (private.returncode, private.stdout, private.stderr) == (0, "the-run\n", f"{warning}Warning: Nobody listens.\n")
    assert public.returncode == 1
    assert public.stderr.startswith(
        "INSTALLED_APPS_URL: The address policy lets calls to public addresses go out over https only"
    )
    assert (proxy.asked, len(service.asked)) == (["10.20.0.5:8000"], 1)


# Authorities


async def test_certificates_by_their_hashes_count_too(tmp_path: Path, authority: Authority) -> None:
    folder = tmp_path / "certs"
    folder.mkdir()
    (folder / f"{subject_hash(authority)}.0").symlink_to(authority.root)
    other = make_authority(tmp_path, name="other")
    async with service_behind(None, authority.certify("apps.example", tmp_path)) as (service, proxy):
        alone = await report(tmp_path, "https://apps.example", HTTPS_PROXY=proxy.url, SSL_CERT_DIR=str(folder))
        both = {"SSL_CERT_DIR": str(folder), "SSL_CERT_FILE": str(other.root)}
        beside = await report(tmp_path, "https://apps.example", HTTPS_PROXY=proxy.url, **both)
        without = await report(tmp_path, "https://apps.example", HTTPS_PROXY=proxy.url, SSL_CERT_FILE=str(other.root))

    assert (alone.returncode, beside.returncode, without.returncode) == (0, 0, 1)
    assert without.stderr.startswith("The service cannot be reached: the certificate of https://apps.example is not accepted: ")
    assert len(service.asked) == 2


@pytest.mark.parametrize(
    ("command", "name", "value", "message"),
    [
        (
            "check",
            "SSL_CERT_FILE",
            "/nowhere/ca.pem",
            "SSL_CERT_FILE: /nowhere/ca.pem cannot be used: No such file or directory.",
        ),
        ("report", "SSL_CERT_FILE", "/dev/null", "SSL_CERT_FILE: /dev/null cannot be used: no certificates in PEM form."),
        ("serve", "SSL_CERT_DIR", "/nowhere", "SSL_CERT_DIR: there are no certificates in /nowhere by their hashes"),
    ],
)
async def test_authorities_that_cannot_be_read_end_a_command(
    tmp_path: Path, command: str, name: str, value: str, message: str
) -> None:
    if command == "report":
        done = await report(tmp_path, "https://apps.example", **{name: value})
    else:
        done = await asyncio.to_thread(run, command, folder=tmp_path, **{name: value})

    assert done.returncode == 78
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def subject_hash(authority: Authority) -> str:
    """Return the name under which OpenSSL looks for it, without the number: `openssl x509 -subject_hash` says the same."""
    subject = x509.load_pem_x509_certificate(authority.root.read_bytes()).subject
    content = subject.public_bytes()[2:]  # without the head of the sequence
    return f"{int.from_bytes(hashlib.sha1(content).digest()[:4], 'little'):08x}"  # noqa: S324 - OpenSSL's choice
