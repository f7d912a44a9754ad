"""The programs in graphql/: GraphQL's own clients, audits and linters, run by Node.js as graphql/package-lock.json pins them."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from tests.peers.processes import peers_folder

SECONDS = 120.0

_SOURCES = Path(__file__).parent / "graphql"


def is_installed() -> bool:
    """Whether Node.js is there, and the packages are those of the lock file."""
    installed_from = _installed() / "installed-from"
    return (
        shutil.which("node") is not None
        and installed_from.exists()
        and installed_from.read_bytes() == (_SOURCES / "package-lock.json").read_bytes()
    )


def lay_out(folder: Path) -> Path:
    """Put the programs beside the packages that they import, as Node.js wants it. Returns `folder`."""
    for name in ("*.mjs", "*.yaml", "package.json"):
        for source in _SOURCES.glob(name):
            shutil.copy(source, folder)
    (folder / "node_modules").symlink_to(_installed() / "node_modules")
    return folder


def run(folder: Path, program: str, *arguments: str) -> Any:
    """Run a program of the laid out folder to its end. Returns the JSON that it printed, whatever its exit code."""
    answer = subprocess.run(  # noqa: S603 - the tests' own programs
        ["node", program, *arguments],  # noqa: S607 - whichever Node.js there is
        cwd=folder,
        capture_output=True,
        check=False,
        text=True,
        timeout=SECONDS,
    )
    try:
        return json.loads(answer.stdout)
    except json.JSONDecodeError:
        raise AssertionError(f"{program} ended with {answer.returncode}:\n{answer.stdout}{answer.stderr}") from None


def _installed() -> Path:
    return peers_folder() / "graphql"
