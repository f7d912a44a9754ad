"""Planting a fault in a copy of the tree, and asking its tests there."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.planted.faults import ROOT, Fault

_LEFT_AT_HOME = shutil.ignore_patterns(".*", "node_modules")
_RED = re.compile(r"^(?:FAILED|ERROR) (\S+?)(?:\[.*)?(?: - .*)?$", re.MULTILINE)
_PATIENCE_SECONDS, _PATIENCE_SECONDS_A_TEST = 300.0, 5.0
_GREEN, _FAILED = 0, 1
_LAST_WORDS = 3_000


@dataclass(frozen=True)
class Outcome:
    """How a run of tests ended: pytest's code, None where it never did; which were red; what it said at its end."""

    code: int | None
    red: frozenset[str]
    said: str


@contextmanager
def copied_tree() -> Iterator[Path]:
    """Yield a copy of what the tests need."""
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        shutil.copytree(ROOT, tree, ignore=_LEFT_AT_HOME)
        yield tree


def unnoticed(faults: Sequence[Fault], *, tree: Path) -> list[str]:
    """Plant each in a copy of the tree of its own, and return a line for each that some test named with it does not notice."""
    with ThreadPoolExecutor(os.cpu_count()) as crew:
        findings = crew.map(lambda fault: _finding(fault, tree), faults)
        return [finding for finding in findings if finding is not None]


def run_tests(tree: Path, tests: Collection[str]) -> Outcome:
    """Run them in the tree, as a process of their own."""
    command = [sys.executable, "-m", "pytest", "-q", "-rfE", "-n", "0", "-p", "no:cacheprovider", "--tb=short", *sorted(tests)]
    # What is compiled for a first run stays beside the sources, so that copies of the tree begin with it.
    environment = {**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": ""}
    with subprocess.Popen(  # noqa: S603 - our own suite
        command, cwd=tree, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    ) as running:
        try:
            said, _ = running.communicate(timeout=_PATIENCE_SECONDS + _PATIENCE_SECONDS_A_TEST * len(tests))
        except subprocess.TimeoutExpired:
            os.killpg(running.pid, signal.SIGKILL)
            return Outcome(None, frozenset(), "")
    return Outcome(running.returncode, frozenset(_RED.findall(said)), said[-_LAST_WORDS:])


def _finding(fault: Fault, tree: Path) -> str | None:
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(shutil.copytree(tree, folder, dirs_exist_ok=True))
        file = copy / fault.file
        file.write_text(fault.planted_in(file.read_text("utf-8")), "utf-8")
        outcome = run_tests(copy, fault.tests)
    match outcome.code:
        case None:
            return f"{fault}: its tests take for ever."
        case code if code not in {_GREEN, _FAILED}:
            return f"{fault}: its tests did not run:\n{outcome.said}"
    green = sorted(set(fault.tests) - outcome.red)
    return f"{fault}: nothing is noticed by {', '.join(green)}." if green else None
