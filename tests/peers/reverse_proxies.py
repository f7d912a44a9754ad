"""nginx, HAProxy and Caddy as Debian's packages have them, run with what docs/networks.md prints."""

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.certificates import Certified
from tests.peers.processes import need

PAGE = Path(__file__).parent.parent.parent / "docs" / "networks.md"
NAME = "localhost"
WAYS = ("a host of its own", "kept", "taken away")

_START_SECONDS = 30.0
_BACKEND = "backend installed_apps\n"


@dataclass(frozen=True)
class Place:
    """Where a proxy listens, with which certificate, and the port of the service behind it."""

    port: int
    behind: int
    certified: Certified
    folder: Path


@dataclass(frozen=True)
class ReverseProxy:
    """A proxy's program, and how what is printed becomes a whole configuration, with a test's names and ports in it."""

    program: str
    language: str
    compose: Callable[[Sequence[str], str], str]
    configure: Callable[[str, Place], str]
    command: Callable[[Path], Sequence[str]]

    def configuration(self, way: str, place: Place) -> str:
        return self.configure(self.compose(printed(self.language), way), place)


def printed(language: str) -> list[str]:
    """Return what the page prints in that language: a whole file, and what takes its lines' place below a path."""
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE)


@contextmanager
def running(proxy: ReverseProxy, *, way: str, place: Place) -> Iterator[None]:
    """Run the proxy until the block ends. The test is skipped where the program is not installed."""
    found = shutil.which(proxy.program, path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"]))
    need(installed=found is not None, reason=f"{proxy.program} is not installed: tests/peers/install")
    place.folder.mkdir()
    file, log = place.folder / "configuration", place.folder / "log"
    file.write_text(proxy.configuration(way, place))
    with log.open("wb") as written:
        process = subprocess.Popen(  # noqa: S603 - the proxy itself
            [str(found), *proxy.command(file)],
            env={**os.environ, "HOME": str(place.folder), "XDG_DATA_HOME": str(place.folder)},
            cwd=place.folder,
            stdin=subprocess.DEVNULL,
            stdout=written,
            stderr=written,
        )
    try:
        _wait_until_listening(process, port=place.port, log=log)
        yield
    finally:
        process.kill()
        process.wait()


def _wait_until_listening(process: subprocess.Popen[bytes], *, port: int, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not _is_listening(port):
        if process.poll() is not None or time.monotonic() > deadline:
            raise AssertionError(f"The proxy did not start:\n{log.read_text(errors='replace')[-3000:]}")
        time.sleep(0.02)  # asked again until it listens


def _is_listening(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def _in_place_of(line: str) -> Callable[[Sequence[str], str], str]:
    """Put what is printed for a way in place of that line of the whole file."""

    def compose(blocks: Sequence[str], way: str) -> str:
        whole, kept, taken_away = blocks
        block = {WAYS[0]: line, "kept": kept, "taken away": taken_away}[way]
        return _replace(whole, {line: block})

    return compose


def _compose_haproxy(blocks: Sequence[str], way: str) -> str:
    whole, kept, taken_away = blocks
    if way == WAYS[0]:
        return whole
    whole = _replace(whole, {"    default_backend installed_apps\n": kept})
    return whole if way == "kept" else _replace(whole, {_BACKEND: _BACKEND + taken_away})


def _configure_nginx(text: str, place: Place) -> str:
    own = _replace(
        text,
        {
            "listen 443 ": f"listen 127.0.0.1:{place.port} ",
            "127.0.0.1:8000": f"127.0.0.1:{place.behind}",
            "/etc/ssl/apps.example.com.crt": str(place.certified.certificate),
            "/etc/ssl/apps.example.com.key": str(place.certified.key),
            "server_name apps.example.com": f"server_name {NAME}",
        },
    )
    paths = "\n".join(f"{each}_temp_path {place.folder / each};" for each in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    return (
        f"daemon off; master_process off; pid {place.folder}/pid; error_log stderr;\n"
        f"events {{ }}\nhttp {{\naccess_log off;\n{paths}\n{own}}}\n"
    )


def _configure_haproxy(text: str, place: Place) -> str:
    pem = place.folder / "both.pem"
    pem.write_bytes(place.certified.certificate.read_bytes() + place.certified.key.read_bytes())
    return _replace(
        text,
        {
            "bind :443 ": f"bind 127.0.0.1:{place.port} ",
            "/etc/haproxy/apps.example.com.pem": str(pem),
            "127.0.0.1:8000": f"127.0.0.1:{place.behind}",
        },
    )


def _configure_caddy(text: str, place: Place) -> str:
    own = _replace(
        text,
        {
            "apps.example.com {": f"{NAME}:{place.port} {{",
            "/etc/caddy/apps.example.com.crt": str(place.certified.certificate),
            "/etc/caddy/apps.example.com.key": str(place.certified.key),
            "127.0.0.1:8000": f"127.0.0.1:{place.behind}",
        },
    )
    return f"{{\nadmin off\nauto_https disable_redirects\nskip_install_trust\ndefault_bind 127.0.0.1\n}}\n{own}"


def _replace(text: str, changes: Mapping[str, str]) -> str:
    for before, after in changes.items():
        assert text.count(before) == 1, f"{before!r} is not printed once"
        text = text.replace(before, after)
    return text


REVERSE_PROXIES: Mapping[str, ReverseProxy] = {
    "nginx": ReverseProxy(
        program="nginx",
        language="nginx",
        compose=_in_place_of("    location / {\n        proxy_pass http://127.0.0.1:8000;\n"),
        configure=_configure_nginx,
        command=lambda file: ["-p", str(file.parent), "-c", str(file), "-e", "stderr"],
    ),
    "HAProxy": ReverseProxy(
        program="haproxy",
        language="haproxy",
        compose=_compose_haproxy,
        configure=_configure_haproxy,
        command=lambda file: ["-db", "-f", str(file)],
    ),
    "Caddy": ReverseProxy(
        program="caddy",
        language="caddyfile",
        compose=_in_place_of("    import installed_apps\n"),
        configure=_configure_caddy,
        command=lambda file: ["run", "--adapter", "caddyfile", "--config", str(file)],
    ),
}
