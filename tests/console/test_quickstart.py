"""What a person meets first: real processes, and ports that are already somebody else's."""

import asyncio
import re
import socket
import sqlite3
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx2
import pytest

from app.console import served_at
from app.settings import Settings
from tests.processes import START_SECONDS, Service, free_port
from tests.sandbox.running import run_sandbox

pytestmark = pytest.mark.processes

SIGN_IN = re.compile(r"http://\S+/sign-in/\S+")


class Plain(Service):
    """A service that is told nothing of its addresses but by its command line."""

    def _environment(self) -> dict[str, str]:
        told = super()._environment()
        return {name: value for name, value in told.items() if not name.endswith(("_PUBLIC_URL", "_SANDBOX_PORT"))} | {
            name: value for name, value in self.environment.items() if name.endswith("_PUBLIC_URL")
        }

    @property
    def own(self) -> tuple[str, ...]:
        return ("--port", str(self.port), "--sandbox-port", str(self.sandbox_port))


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Plain]:
    made = Plain(tmp_path, "")
    yield made
    made.kill()


async def test_every_address_that_is_printed_moves_with_the_port(service: Plain) -> None:
    service.begin("start", *service.own)

    said = await until_said(service, "Serving on")
    [first] = SIGN_IN.findall(said)
    other = service.run("sign-in-link", "--team", "My team", "--email", "admin@example.com")
    manifest = service.run("slack", "manifest")

    assert f"Serving on {service.url} " in said
    assert f"The sandbox stands in for Slack on {service.sandbox_url}" in said
    assert [link.rpartition("/")[0] for link in (first, other)] == [f"{service.url}/sign-in"] * 2
    assert f"{service.url}/callback/slack" in manifest
    assert await status_of(first) == await status_of(other) == 200
    assert await status_of(f"{service.sandbox_url}/control/about") == 200


async def test_below_a_path_every_address_that_is_printed_has_it_and_is_served_without_any_proxy(service: Plain) -> None:
    below = f"{service.url}/installed-apps"
    service.environment = {"INSTALLED_APPS_PUBLIC_URL": f"{below}/"}
    service.begin("start", *service.own)

    said = await until_said(service, "Serving on")
    [link] = SIGN_IN.findall(said)
    manifest = service.run("slack", "manifest")

    assert f"Serving on {below} " in said
    assert link.startswith(f"{below}/sign-in/")
    assert (f"{below}/callback/slack" in manifest, f"{below}/hooks/slack" in manifest) == (True, True)
    assert (
        await status_of(link) == await status_of(link.replace("/installed-apps", "")) == await status_of(f"{below}/readyz") == 200
    )


@pytest.mark.parametrize("command", ["start", "serve"])
async def test_nobody_is_greeted_for_a_port_that_is_another_servers(service: Plain, command: str) -> None:
    with somebody_on(service.port) as heard:
        answer = await asyncio.to_thread(service.attempt, command, *service.own)

    assert answer.returncode == 1
    assert "sign-in" not in answer.stdout
    assert answer.stderr == (
        f"127.0.0.1:{service.port} cannot be listened on: Address already in use: another program listens there. Stop it, or "
        "choose another port.\n"
    )
    assert heard == []
    assert list(service.folder.iterdir()) == []


async def test_a_start_that_fails_leaves_the_noted_address_as_it_was(service: Plain) -> None:
    served_at.note(Settings(data_dir=service.folder, public_url="http://127.0.0.1:4711"))

    with somebody_on(service.port):
        await asyncio.to_thread(service.attempt, "start", *service.own)
    service.run("migrate")

    assert "http://127.0.0.1:4711/callback/slack" in service.run("slack", "manifest")


async def test_what_listens_at_the_sandboxes_port_is_asked_whether_it_is_one(service: Plain) -> None:
    with somebody_on(service.sandbox_port) as heard:
        answer = await asyncio.to_thread(service.attempt, "start", *service.own)

    assert answer.returncode == 1
    assert answer.stderr == (
        f"What listens on 127.0.0.1:{service.sandbox_port} is no sandbox: stop it, or name another port with --sandbox-port "
        "(INSTALLED_APPS_SANDBOX_PORT).\n"
    )
    assert [line.split()[:2] for line in heard] == [[b"GET", b"/control/about"]]
    assert "sign-in" not in answer.stdout


async def test_both_ports_are_told_at_once_where_both_are_taken(service: Plain) -> None:
    with somebody_on(service.port), somebody_on(service.sandbox_port):
        answer = await asyncio.to_thread(service.attempt, "start", *service.own)

    assert answer.returncode == 1
    assert answer.stderr == (
        f"127.0.0.1:{service.port} cannot be listened on: Address already in use: another program listens there. Stop it, or "
        "choose another port.\n"
        f"What listens on 127.0.0.1:{service.sandbox_port} is no sandbox: stop it, or name another port with --sandbox-port "
        "(INSTALLED_APPS_SANDBOX_PORT).\n"
    )


async def test_the_sandbox_alone_says_where_it_serves_once_it_does(service: Plain) -> None:
    service.begin("sandbox", "--port", str(service.sandbox_port))

    said = await until_said(service, "Ctrl+C")

    assert said == (
        "The sandbox stands in for Slack, PagerDuty, a GitHub Enterprise Server and a GitLab on "
        f"{service.sandbox_url} (Ctrl+C stops it)\n"
    )
    assert await status_of(f"{service.sandbox_url}/control/about") == 200


async def test_a_sandbox_that_answers_already_is_used(service: Plain) -> None:
    with run_sandbox() as running:
        port = running.url.rpartition(":")[2]
        service.begin("start", "--port", str(service.port), "--sandbox-port", port)

        said = await until_said(service, "Serving on")

    assert f"A sandbox already answers on {running.url}: using that." in said


async def test_no_link_is_printed_for_a_public_url_of_this_machine_that_is_another_port(service: Plain) -> None:
    service.environment = {"INSTALLED_APPS_PUBLIC_URL": f"http://127.0.0.1:{free_port()}"}
    service.begin("start", *service.own)

    said = await until_said(service, "Serving on")

    assert SIGN_IN.findall(said) == []
    assert "no sign-in link is printed for what may be another server." in said
    with closing(sqlite3.connect(service.folder / "installed-apps.sqlite3")) as database:
        assert database.execute("SELECT count(*) FROM sign_in_link").fetchone() == (0,)


async def test_an_address_of_ipv6_is_the_one_that_is_printed(service: Plain) -> None:
    service.begin("start", "--host", "::1", *service.own)

    said = await until_said(service, "Serving on")
    [first] = SIGN_IN.findall(said)

    assert first.startswith(f"http://[::1]:{service.port}/sign-in/")
    assert await status_of(first) == 200


@pytest.mark.parametrize(
    ("host", "public_url", "why"),
    [
        ("0.0.0.0", None, "and --host 0.0.0.0 lets others in. To try it in a container or a remote editor,"),  # noqa: S104
        ("127.0.0.1", "https://apps.example.com", "and INSTALLED_APPS_PUBLIC_URL is https://apps.example.com. To try it in"),
    ],
)
async def test_where_others_could_come_it_says_why_there_is_no_sandbox_and_what_to_do(
    service: Plain, host: str, public_url: str | None, why: str
) -> None:
    service.environment = {"INSTALLED_APPS_PUBLIC_URL": public_url} if public_url is not None else {}
    service.begin("start", "--host", host, *service.own)

    said = await until_said(service, "Serving on")

    assert f"Serving without the sandbox: it is for this machine alone, {why}" in said
    assert "docs/trying.md" in said


def test_migrate_says_what_it_did_and_a_mistyped_name_is_told(tmp_path: Path) -> None:
    service = Service(tmp_path, "", environment={"INSTALLED_APPS_PUBLIC_URI": "x"})

    first, second = service.attempt("migrate"), service.attempt("migrate")

    assert re.fullmatch(r"Made the database, with \d+ migrations up to \d{4}_\w+\.\n", first.stdout)
    assert second.stdout == "The database is of this version already: nothing was changed.\n"
    line = "INSTALLED_APPS_PUBLIC_URI is no setting: did you mean INSTALLED_APPS_PUBLIC_URL?\n"
    assert [first.stderr, second.stderr] == [line, line]


async def until_said(service: Service, message: str) -> str:
    async with asyncio.timeout(START_SECONDS):
        while message not in (said := service.log.read_text() if service.log.exists() else ""):
            assert service.process is not None
            assert service.process.poll() is None, said
            await asyncio.sleep(0.02)  # looked at again until it says so
    return said


async def status_of(address: str) -> int:
    async with httpx2.AsyncClient(trust_env=False) as client:
        return (await client.get(address)).status_code


@contextmanager
def somebody_on(port: int) -> Iterator[list[bytes]]:
    """Have a stranger's HTTP server on the port; yields the first lines of what it is sent."""
    heard: list[bytes] = []

    def answer(listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                heard.append(connection.recv(65_536).splitlines()[0])
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")

    with socket.create_server(("127.0.0.1", port)) as listener:
        thread = threading.Thread(target=answer, args=(listener,), daemon=True)
        thread.start()
        yield heard
        listener.shutdown(socket.SHUT_RDWR)
    thread.join()
