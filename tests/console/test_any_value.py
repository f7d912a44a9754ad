"""Whatever is put into whatever setting, a command of the service ends with 0, or with 78 and one line that shows no secret."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path
from random import Random

import httpx2
import pytest

from app.settings import PREFIX, Settings
from tests.databases import POSTGRES_URL
from tests.journeys.soaking import fresh_random, full, say
from tests.processes import Service

pytestmark = [
    pytest.mark.endurance,
    pytest.mark.usefixtures("database_template"),
]  # which database there is changes the addresses

COUNT = full(400, ci=12)
SECRET = "planted-5EcReT"
COMMANDS = ("migrate", "serve", "check")

TEXTS = (
    "",
    " ",
    "\t",
    "a\nb",
    "é",
    "\u202e",
    "\udcff",
    "\x7f",
    '"',
    "a" * 5_000,
    "null",
    "true",
    "[]",
    "{}",
    "*",
    ",,,",
    "a,b,c",
)
NUMBERS = ("0", "1", "-1", "1e3", "nan", "99999999999999999999", "0x10", "٣")
PATHS = ("..", "~", "/dev/null", "/dev/null/x", "/proc/x", "/proc/1/mem", "x/../../y")
ADDRESSES = (
    "http://",
    "https://a.example",
    "https://a.example/x?y",
    f"https://ada:{SECRET}@a.example",
    "https://[::1",
    "https://a.example:99999",
    "//a",
    "127.0.0.1:0",
    "10.0.0.0/8",
    "::/0",
    "file:///etc/passwd",
    f"http://ada:{SECRET}@127.0.0.1:1",
    "http://git.corp.example:80",
    "https://tools.example/a//b",
)
SERVERS = (
    "redis://",
    f"redis://:{SECRET}%ss@h/0",
    f"redis://ada:{SECRET}/w@127.0.0.1:6379/0",
    "redis://127.0.0.1:1/0",
    "redis://127.0.0.1:6379/abc",
    "redis://127.0.0.1:6379/0?foo=bar",
    "rediss://127.0.0.1:6379",
    "unix:///x",
    "sqlite://",
    "sqlite:///",
    "sqlite:///:memory:",
    "sqlite:////dev/null/x",
    "sqlite:///x?mode=ro",
    "postgres://",
    "postgres://127.0.0.1:1/x",
    "postgres://[::1/x",
    f"postgres://ada:{SECRET}#w@127.0.0.1/x",
    f"postgres://ada:{SECRET}/w@127.0.0.1/x",
    "mysql://a/b",
    *(f"{POSTGRES_URL}{end}" for end in ("_not_there", "?sslmode=verify-full", "?sslmode=odd", "?odd=1") if POSTGRES_URL),
)
VALUES = (*TEXTS, *NUMBERS, *PATHS, *ADDRESSES, *SERVERS)


def draw(random: Random) -> Iterator[tuple[str, str, str]]:
    names = sorted(Settings.model_fields)
    for _ in range(COUNT):
        yield random.choice(COMMANDS), random.choice([*names, "database_url", "redis_url", "data_dir"]), random.choice(VALUES)


async def test_any_value_of_any_setting_is_taken_or_refused_in_one_line(tmp_path: Path) -> None:
    random = fresh_random()
    codes: list[int] = []

    for number, (command, name, value) in enumerate(draw(random)):
        folder = tmp_path / str(number)
        folder.mkdir()
        service = Service(folder=folder, database_url="", environment={f"{PREFIX}{name.upper()}": value}, checkout=folder)
        code, said = await end_of(service, command)

        codes.append(code)
        problems = [line for line in said.splitlines() if line and not is_log(line)]
        assert code in ({0, 78} if command != "check" else {0, 1, 78}), (command, name, value, said)
        assert "Traceback" not in said, (command, name, value, said)
        assert SECRET not in said, (command, name, value)
        assert code != 78 or len(problems) == 1, (command, name, value, said)

    say(f"{COUNT} values: {codes.count(0)} taken, {codes.count(78)} refused, {codes.count(1)} told of by check")


async def end_of(service: Service, command: str) -> tuple[int, str]:
    """Return the exit code, and all that was said; what serves is told to stop once it answers."""
    options = ("--port", str(service.port)) if command == "serve" else ()
    service.begin(command, *options)
    assert service.process is not None
    async with httpx2.AsyncClient(trust_env=False) as client:
        while service.process.poll() is None:
            if command == "serve" and await is_answering(client, f"{service.url}/healthz"):
                service.stop()
            await asyncio.sleep(0.05)  # looked at again until it has ended
    return service.process.returncode, service.log.read_text("utf-8", "replace")


async def is_answering(client: httpx2.AsyncClient, url: str) -> bool:
    with suppress(httpx2.TransportError):
        return (await client.get(url)).status_code == HTTPStatus.OK
    return False


def is_log(line: str) -> bool:
    with suppress(json.JSONDecodeError):
        return isinstance(json.loads(line), dict)
    return line.startswith("{")
