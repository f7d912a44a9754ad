"""What `scripts/test` does: the whole suite once a database, and one line that says against what."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence

POSTGRES = ("127.0.0.1", 5432, "postgres://postgres@127.0.0.1:5432/postgres")
REDIS = ("127.0.0.1", 6379, "redis://127.0.0.1:6379/0")
_NO_TESTS = 5
_WORKERS = 2 * (os.cpu_count() or 1)
"""More than there are cores: half of what the tests do is to wait for an answer, a deadline or a process that starts."""


def main(arguments: Sequence[str]) -> int:
    redis = os.environ.get("TEST_REDIS_URL") or _found(*REDIS)
    databases = list(_databases())
    codes: list[int] = []
    for name, url in databases:
        sys.stdout.write(f"== {name}{', Redis' if redis else ''}\n")
        sys.stdout.flush()
        environment = {**os.environ, "TEST_POSTGRES_URL": url, "TEST_REDIS_URL": redis or ""}
        command = [sys.executable, "-m", "pytest", "-n", str(_WORKERS), "-q", *arguments]
        answer = subprocess.run(command, env=environment, check=False)  # noqa: S603 - our own suite
        codes.append(0 if answer.returncode == _NO_TESTS else answer.returncode)
    sys.stdout.write(f"Ran against {' and '.join(name for name, _ in databases)}{' with Redis' if redis else ', no Redis'}.\n")
    return max(codes)


def _databases() -> Iterator[tuple[str, str]]:
    yield "SQLite", ""
    url = os.environ.get("TEST_POSTGRES_URL") or _found(*POSTGRES)
    if url:
        yield "PostgreSQL", url
    elif os.environ.get("REQUIRE_POSTGRES"):
        sys.exit("PostgreSQL is required and does not answer.")


def _found(host: str, port: int, url: str) -> str | None:
    try:
        with socket.create_connection((host, port), timeout=1):
            return url
    except OSError:
        return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
