import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

APP = Path(__file__).parent.parent / "app"
WAYS_OUT = {
    "httpx",
    "httpx2",
    "httpcore",
    "httpcore2",
    "urllib.request",
    "urllib3",
    "http.client",
    "requests",
    "aiohttp",
    "anyio",
}
WAYS_OUT |= {
    "socket",
    "ssl",
    "authlib.integrations",
    "ftplib",
    "smtplib",
    "telnetlib",
    "xmlrpc",
    "pycurl",
    "websockets.client",
    "opentelemetry.exporter",
}
CALLS_OUT = {"open_connection", "open_unix_connection", "create_connection", "create_datagram_endpoint", "sock_connect"}
# The door itself, its look at names, and binding the port that the service listens on.
ALLOWED = {
    "outbound/door.py": {"httpcore2", "ssl"},
    "outbound/exchanges.py": {"httpcore2", "ssl"},
    "outbound/certificates.py": {"httpcore2", "ssl"},
    "outbound/connections.py": {"httpcore2", "ssl"},
    "outbound/streams.py": {"httpcore2", "ssl", "create_connection"},  # under the guard
    "outbound/tunnels.py": {"httpcore2"},  # names its errors
    "storage/addresses.py": {"ssl"},  # reads the files of certificates that the database's address names
    "storage/outages.py": {"ssl"},  # names its errors
    "outbound/resolver.py": {"socket"},
    "telemetry/exporting.py": {
        "opentelemetry.exporter"
    },  # to the operator's collector alone, whose address is closed to all else
    "console/sandboxes.py": {"socket"},
    "console/serving.py": {"socket"},
    "console/control_socket.py": {"socket"},  # the line from the process that started this one, over a socket pair
    "console/server_process.py": {"socket", "open_connection"},  # the other ends of those lines
    "console/web_server.py": {"socket"},
    "console/workers.py": {"socket"},
    "web/wire/transports.py": {"socket"},  # names an option of connections that came in
    "storage/postgres.py": {"create_connection"},  # Tortoise's word for opening the database
    "storage/sqlite.py": {"create_connection"},  # as above
}


def ways_out_of(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                named = [alias.name for alias in names]
            case ast.ImportFrom(module=str(module), names=names, level=0):
                named = [f"{module}.{alias.name}" for alias in names]
            case ast.Attribute(attr=attr) if attr in CALLS_OUT:
                named = [attr]
            case ast.Call(
                func=ast.Name(id="__import__") | ast.Attribute(attr="import_module"), args=[ast.Constant(value=str(name)), *_]
            ):
                named = [name]
            case _:
                continue
        for name in named:
            yield from (way for way in WAYS_OUT | CALLS_OUT if name == way or name.startswith(f"{way}."))


def test_nothing_but_the_door_can_call_out() -> None:
    files = [path for path in APP.rglob("*.py") if path.relative_to(APP).parts[0] != "sandbox"]

    offenders = {
        (str(path.relative_to(APP)), way)
        for path in files
        for way in ways_out_of(path.read_text())
        if way not in ALLOWED.get(str(path.relative_to(APP)), set())
    }

    assert offenders == set()
    assert APP / "outbound" / "door.py" in files


@pytest.mark.parametrize(
    "line",
    [
        "import httpx2",
        "from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter",
        "from httpx2 import AsyncClient",
        "import urllib.request as r",
        "from urllib import request",
        "from http.client import HTTPSConnection",
        "from authlib.integrations.httpx_client import AsyncOAuth2Client",
        "from authlib import integrations",
        "def f():\n    import socket",
        "import importlib; importlib.import_module('requests')",
        "__import__('aiohttp')",
        "asyncio.open_connection('a', 1)",
        "loop.create_connection(f)",
    ],
)
def test_a_way_out_is_recognized(line: str) -> None:
    assert list(ways_out_of(line)) != []


@pytest.mark.parametrize("line", ["from urllib.parse import urlencode", "import asyncio", "from authlib.oauth2.rfc7636 import x"])
def test_what_stays_inside_is_no_way_out(line: str) -> None:
    assert list(ways_out_of(line)) == []
