"""The service's processes, as an operator starts them, in a test's hands: started, halted, killed, started again."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import SystemRandom

import httpx2

from app.log.quota_settings import Quotas
from tests.servers import NO_TLS

_NO_QUOTAS = {f"INSTALLED_APPS_{setting.upper()}": "0" for setting in Quotas.model_fields}
"""A journey does within a minute what a team does in days."""

_RANDOM = SystemRandom()
START_SECONDS = 60.0
STOP_SECONDS = 30.0


@dataclass
class Service:
    """One place to serve or work from: a data folder, a database, two ports. `log` is all that the process ever wrote."""

    folder: Path
    database_url: str
    port: int = 0
    sandbox_port: int = 0
    environment: Mapping[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    name: str = "service"
    program: str = "app"
    """The module whose commands are run."""

    checkout: Path | None = None
    """Where the program is run from; from where the tests are when None."""

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
        return self.folder / f"{self.name}.log"

    def beside(self, *, name: str) -> "Service":
        """Return another place for the same service: a port of its own; the same folder, keyring, database and sandbox."""
        return replace(self, port=0, process=None, name=name)

    async def start(self, *options: str) -> None:
        """Start `serve` and return once it is ready."""
        self._run("serve", "--port", str(self.port), *options)
        await self._become_ready()

    async def start_worker(self, *options: str) -> None:
        """Start `worker` and return once it works."""
        begins = self.log.stat().st_size if self.log.exists() else 0
        self._run("worker", *options)
        async with asyncio.timeout(START_SECONDS):
            while b"Working" not in self.log.read_bytes()[begins:]:
                self._assert_runs()
                await asyncio.sleep(0.02)  # looked at again until it says so

    def kill(self) -> None:
        """End the process at once, as power loss would. With several workers: the parent alone."""
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()

    def halt(self) -> None:
        """Let the process stand still until `go_on`, as a machine that sleeps does."""
        self.tell(signal.SIGSTOP)

    def go_on(self) -> None:
        self.tell(signal.SIGCONT)

    def tell(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def workers(self) -> list[int]:
        """Return the process ids of the server processes that `serve --workers N` has now, oldest first."""
        assert self.process is not None
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return [pid for pid in map(int, children) if b"server-process" in _command_of(pid)]

    def stop(self) -> int:
        """Tell the process to stop and return its exit code."""
        if self.process is None:
            return 0
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(STOP_SECONDS)

    def run(self, *arguments: str) -> str:
        """Run another command beside the service and return what it printed; fails with what it said."""
        answer = self.attempt(*arguments)
        assert answer.returncode == 0, answer.stderr
        return answer.stdout.strip()

    def attempt(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run another command beside the service and return how it ended."""
        return subprocess.run(  # noqa: S603 - our own command
            [sys.executable, "-m", "app", *arguments],
            env=self._environment(),
            capture_output=True,
            check=False,
            text=True,
            timeout=START_SECONDS,
            cwd=self.checkout,
        )

    def begin(self, *arguments: str, inherited: Sequence[int] = ()) -> None:
        """Start another command as this place's process and let it run; what it prints goes to the log.

        It has the file descriptors that are `inherited` under the same numbers.
        """
        self._run(*arguments, inherited=inherited)

    def _run(self, *command: str, inherited: Sequence[int] = ()) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603 - our own command
                [sys.executable, "-m", self.program, *command],
                env=self._environment(),
                stdout=log,
                stderr=log,
                pass_fds=inherited,
                cwd=self.checkout,
            )

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
            **_NO_QUOTAS,
            **self.environment,
        }

    async def _become_ready(self) -> None:
        async with asyncio.timeout(START_SECONDS), httpx2.AsyncClient(trust_env=False, verify=NO_TLS) as client:
            while not await _is_ready(client, f"{self.url}/readyz"):
                self._assert_runs()
                await asyncio.sleep(0.02)  # asked again until it answers

    def _assert_runs(self) -> None:
        if self.process is None or self.process.poll() is not None:
            raise AssertionError(f"The service ended:\n{self.log.read_text()[-3000:]}")


@asynccontextmanager
async def serving(folder: Path, *, database_url: str, options: tuple[str, ...] = ("--sandbox",)) -> AsyncIterator[Service]:
    """Yield a running service; it is stopped at the end, however the test ends."""
    service = Service(folder=folder, database_url=database_url)
    if not database_url.startswith("sqlite:"):
        make_keyring_in(folder)
    try:
        await service.start(*options)
        yield service
    finally:
        service.kill()


def free_port() -> int:
    """Return a port that nobody listens at, of those that the kernel gives to no connection that goes out."""
    while True:
        port = _RANDOM.randrange(10_000, 32_768)
        with socket.socket() as listener, suppress(OSError):
            listener.bind(("127.0.0.1", port))
            return port


def _command_of(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:  # it has ended meanwhile
        return b""


async def _is_ready(client: httpx2.AsyncClient, url: str) -> bool:
    try:
        return (await client.get(url)).status_code == httpx2.codes.OK
    except httpx2.TransportError:
        return False


def make_keyring_in(folder: Path) -> None:
    from app.sealing.keyring import make_keyring  # noqa: PLC0415 - only where the service makes none itself

    make_keyring(folder / "keyring.json")
