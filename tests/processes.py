"""A server process of the service, as an operator starts it, in a test's hands: started, killed, started again."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx2

START_SECONDS = 60.0
STOP_SECONDS = 30.0


@dataclass
class Service:
    """One place to serve from: a data folder, a database, two ports. `log` is all that the process ever wrote."""

    folder: Path
    database_url: str
    port: int = 0
    sandbox_port: int = 0
    environment: Mapping[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        self.port = self.port or free_port()
        self.sandbox_port = self.sandbox_port or free_port()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def sandbox_url(self) -> str:
        return f"http://127.0.0.1:{self.sandbox_port}"

    @property
    def log(self) -> Path:
        return self.folder / "service.log"

    async def start(self, *options: str) -> None:
        """Start `serve` and return once it is ready."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(  # noqa: ASYNC220, S603 - our own command; it does not wait
                [sys.executable, "-m", "app", "serve", "--port", str(self.port), *options],
                env=self._environment(),
                stdout=log,
                stderr=log,
            )
        await self._become_ready()

    def kill(self) -> None:
        """End the process at once, as power loss would."""
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()

    def stop(self) -> int:
        """Tell the process to stop and return its exit code."""
        if self.process is None:
            return 0
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(STOP_SECONDS)

    def run(self, *arguments: str) -> str:
        """Run another command beside the service and return what it printed; fails with what it said."""
        answer = subprocess.run(  # noqa: S603 - our own command
            [sys.executable, "-m", "app", *arguments], env=self._environment(), capture_output=True, check=False, text=True
        )
        assert answer.returncode == 0, answer.stderr
        return answer.stdout.strip()

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("INSTALLED_APPS_")}
        return {
            **kept,
            "INSTALLED_APPS_DATA_DIR": str(self.folder),
            "INSTALLED_APPS_KEYRING_FILE": str(self.folder / "keyring.json"),
            "INSTALLED_APPS_DATABASE_URL": self.database_url,
            "INSTALLED_APPS_PUBLIC_URL": self.url,
            "INSTALLED_APPS_SANDBOX_PORT": str(self.sandbox_port),
            "INSTALLED_APPS_LOG_FORMAT": "json",
            **self.environment,
        }

    async def _become_ready(self) -> None:
        async with asyncio.timeout(START_SECONDS), httpx2.AsyncClient(trust_env=False) as client:
            while not await _is_ready(client, f"{self.url}/readyz"):
                if self.process is None or self.process.poll() is not None:
                    raise AssertionError(f"The service ended:\n{self.log.read_text()[-3000:]}")
                await asyncio.sleep(0.02)  # asked again until it answers


@asynccontextmanager
async def serving(folder: Path, *, database_url: str, options: tuple[str, ...] = ("--sandbox",)) -> AsyncIterator[Service]:
    """Yield a running service; it is stopped at the end, however the test ends."""
    service = Service(folder=folder, database_url=database_url)
    if not database_url.startswith("sqlite:"):
        _make_keyring(folder)
    await service.start(*options)
    try:
        yield service
    finally:
        service.kill()


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


async def _is_ready(client: httpx2.AsyncClient, url: str) -> bool:
    try:
        return (await client.get(url)).status_code == httpx2.codes.OK
    except httpx2.TransportError:
        return False


def _make_keyring(folder: Path) -> None:
    from app.keyring import make_keyring  # noqa: PLC0415 - only where the service makes none itself

    make_keyring(folder / "keyring.json")
