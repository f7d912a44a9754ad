"""Where this machine keeps the servers that tests stop, flush and kill."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest


def program(name: str) -> str:
    """Return the program's path. Where it is missing the test is skipped; with REQUIRE_POSTGRES set it fails."""
    found = shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", *_postgres_folders()]))
    if found is not None:
        return found
    if os.environ.get("REQUIRE_POSTGRES"):
        pytest.fail(f"{name} is not installed")
    pytest.skip(f"{name} is not installed")


def _postgres_folders() -> list[str]:
    """The newest first; Debian puts none of them on the PATH."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: int(folder.parent.name), reverse=True)
    configured = shutil.which("pg_config")
    if configured is None:
        return [str(folder) for folder in versions]
    answer = subprocess.run([configured, "--bindir"], capture_output=True, check=True, text=True)  # noqa: S603 - PostgreSQL's own
    return [answer.stdout.strip(), *map(str, versions)]
