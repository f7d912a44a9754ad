"""What scripts/serve and scripts/test install, and what they say meanwhile: with a Python that only writes down its orders."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

PYTHON = """#!/bin/sh
echo "$*" >> "$ASKED"
case "$*" in
    "-c import sys; sys.exit("*) exit "${TOO_OLD:-0}" ;;
    "-m venv"*) mkdir -p .venv/bin && cp "$0" .venv/bin/python ;;
    "-m pip install"*) echo "Collecting what is asked for" ;;
esac
"""
LOCKED = "-m pip install --disable-pip-version-check --require-hashes --no-deps --only-binary :all: -r requirements"
SERVING = f"{LOCKED}/serving.txt"
DEVELOPING = f"{LOCKED}/developing.txt"
ITSELF = "-m pip install --disable-pip-version-check --no-index --no-deps --no-build-isolation --editable ."


class Checkout:
    """A checkout's scripts on a machine of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shutil.copytree(ROOT / "scripts", folder / "scripts")
        shutil.copytree(ROOT / "requirements", folder / "requirements")
        shutil.copy(ROOT / "pyproject.toml", folder)
        self.python = folder / "python"
        self.python.write_text(PYTHON)
        self.python.chmod(0o755)

    def run(self, script: str, *message: str, **environment: str) -> subprocess.CompletedProcess[str]:
        told = {**os.environ, "PYTHON": str(self.python), "ASKED": str(self.folder / "asked"), **environment}
        return subprocess.run(  # noqa: S603 - our own script
            [self.folder / "scripts" / script, *message], env=told, capture_output=True, text=True, check=False
        )

    @property
    def installed(self) -> list[str]:
        asked = self.folder / "asked"
        return [line for line in asked.read_text().splitlines() if "pip install" in line] if asked.exists() else []


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


def test_serving_installs_what_serving_needs_and_says_so_before_anything_else(checkout: Checkout) -> None:
    done = checkout.run("serve", "--port", "9000")

    first, *rest = done.stdout.splitlines()
    assert first.startswith("The first start: making .venv and installing what serving needs (about 150 MB).")
    assert rest == ["Collecting what is asked for"] * 2
    assert checkout.installed == [SERVING, ITSELF]
    assert (checkout.folder / "asked").read_text().splitlines()[-1] == "-m app start --port 9000"


def test_what_is_installed_is_not_installed_again(checkout: Checkout) -> None:
    checkout.run("serve")

    again = checkout.run("serve")

    assert (again.returncode, again.stdout) == (0, "")
    assert checkout.installed == [SERVING, ITSELF]


@pytest.mark.parametrize("script", ["test", "check", "lint", "soak", "schema", "operations", "migration", "bench"])
def test_what_is_for_developing_installs_the_rest_and_then_serving_needs_nothing(checkout: Checkout, script: str) -> None:
    checkout.run("serve")

    done = checkout.run(script, "name")
    served = checkout.run("serve")

    assert done.stdout.splitlines()[0] == "Bringing .venv up to what developing needs (about 280 MB)."
    assert checkout.installed == [SERVING, ITSELF, DEVELOPING, ITSELF]
    assert served.stdout == ""


@pytest.mark.parametrize("name", ["pyproject.toml", "requirements/serving.txt"])
def test_other_requirements_are_followed(checkout: Checkout, name: str) -> None:
    checkout.run("serve")
    with (checkout.folder / name).open("a") as file:
        file.write("# changed\n")

    done = checkout.run("serve")

    assert done.stdout.splitlines()[0] == "Bringing .venv up to what serving needs (about 150 MB)."
    assert checkout.installed == [SERVING, ITSELF] * 2


def test_an_older_python_is_told_in_one_line_and_nothing_is_made(checkout: Checkout) -> None:
    done = checkout.run("serve", TOO_OLD="1")

    assert done.returncode == 1
    assert done.stderr == (
        f"{checkout.python} is no Python 3.11 or newer: install one, and name it with PYTHON=python3.11 scripts/install.\n"
    )
    assert not (checkout.folder / ".venv").exists()
