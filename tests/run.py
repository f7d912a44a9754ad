"""What `scripts/test` and `scripts/soak` do: the tests once a database, and one line that says against what."""

import argparse
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

POSTGRES = ("127.0.0.1", 5432, "postgres://postgres@127.0.0.1:5432/postgres")
REDIS = ("127.0.0.1", 6379, "redis://127.0.0.1:6379/0")
_NO_TESTS = 5
_WORKERS = 2 * (os.cpu_count() or 1)
"""More than there are cores: half of what the tests do is to wait for an answer, a deadline or a process that starts."""

_MEMORY = Path("/dev", "shm")
_ROOM = 2 << 30
"""Bytes of files in memory: a test's are there until it has passed."""

_COMPILED_ONCE = {"PYTHONDONTWRITEBYTECODE": ""}
"""Each process of a run, and each that a test starts, would compile the tests and the service anew: up to nine seconds of CPU."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Which tests run, and how: `first` is what is added on the first database, `repeated` from the second one on.

    `workers` run the tests of one database; where the others run at once, beside the longest, each of them has one worker.
    `is_in_memory`: what the tests write waits for no disk, where the machine has room.
    """

    options: Sequence[str]
    first: Sequence[str] = ()
    repeated: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    left_out: str = ""
    workers: int = 0
    is_at_once: bool = False
    is_in_memory: bool = False


_FAST = "not endurance and not processes"
_FEW_EXAMPLES = ("--hypothesis-profile=few",)
_REPEATED = ("--repeat=all",)
_BEHIND = ("--repeat=behind",)
_SUITE = Plan(
    options=("-q", "--dist", "worksteal", "--durations=20", "-m", _FAST),
    repeated=("--repeat=rows",),
    left_out=" Left out: three of four examples of property tests and, beside another database, what uses rows as others do "
    "(both scripts/test --rest), what starts processes (scripts/test --processes), and the endurance journeys (scripts/soak).",
    workers=_WORKERS,
    is_at_once=True,
    is_in_memory=True,
)
_REST = Plan(
    options=("-q",),
    first=("-m", f"hypothesis and {_FAST}"),
    repeated=("-m", _FAST, "--repeat=rest"),
    workers=_WORKERS,
    is_in_memory=True,
)
_EVERY = Plan(
    options=("-q", "-m", "not endurance"), left_out=" Left out: the endurance journeys (scripts/soak).", workers=_WORKERS
)
_PROCESSES = Plan(options=("-q", "-m", "processes and not endurance"), repeated=_BEHIND, workers=_WORKERS)
_SHORT = Plan(
    options=("-q", "--dist", "loadfile", "--durations=15", "-m", "endurance"),
    repeated=_BEHIND,
    environment={"SOAK": "0"},
    workers=3,
)
"""With the small counts nobody looks at figures, and a journey waits for servers most of its time."""

_SOAK = Plan(
    options=("-q", "-s", "--durations=15", "-p", "no:cacheprovider", "-m", "endurance"),
    repeated=_REPEATED,
    environment={"SOAK": "1"},
)
"""Their figures and times are of one journey alone, and printed."""

_PLANS = {
    "--rest": _REST,
    "--processes": _PROCESSES,
    "--every": _EVERY,
    "--short": _SHORT,
    "--soak": _SOAK,
}


@dataclass(frozen=True, kw_only=True)
class Run:
    """One call of pytest beside one database."""

    name: str
    options: Sequence[str]
    environment: Mapping[str, str]


def main(arguments: Sequence[str]) -> int:
    plan, rest = _plan(arguments)
    redis = os.environ.get("TEST_REDIS_URL") or found(*REDIS) or ""
    runs = list(_runs(plan, rest, redis=redis))
    if not rest and not any(Path("tests").rglob("__pycache__/*-pytest-*.pyc")):
        _compile()
    codes = _run_at_once(runs) if plan.is_at_once else [_run(each) for each in runs]
    against = " and ".join(each.name for each in runs)
    sys.stdout.write(f"Ran against {against}{' with Redis' if redis else ', no Redis'}.{plan.left_out}\n")
    return max(0 if code == _NO_TESTS else code for code in codes)


def _plan(arguments: Sequence[str]) -> tuple[Plan, list[str]]:
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    for word, plan in _PLANS.items():
        parser.add_argument(word, dest="plan", action="store_const", const=plan, default=_SUITE)
    known, rest = parser.parse_known_args(arguments)
    return known.plan, rest


def _runs(plan: Plan, rest: Sequence[str], *, redis: str) -> Iterator[Run]:
    databases = list(_databases())
    for number, (name, url) in enumerate(databases):
        workers = 1 if number and plan.is_at_once else plan.workers
        files = _files_in_memory() if plan.is_in_memory else {}
        environment = {**_COMPILED_ONCE, **files, **plan.environment, "TEST_POSTGRES_URL": url, "TEST_REDIS_URL": redis}
        added = plan.repeated if number else plan.first
        if plan is _SUITE:  # who names tests wants to see these, beside each database and with all examples
            added = (_REPEATED if number else ()) if rest else (*added, *_FEW_EXAMPLES)
        options = [*(("-n", str(workers)) if workers else ()), *plan.options, *added, *rest]
        yield Run(name=name, options=options, environment=environment)


def _files_in_memory() -> dict[str, str]:
    """Return what has files made in memory; nothing where somebody has said where, or there is little room."""
    try:
        has_room = shutil.disk_usage(_MEMORY).free >= _ROOM
    except OSError:
        return {}
    return {"TMPDIR": str(_MEMORY)} if has_room and "TMPDIR" not in os.environ else {}


def _databases() -> Iterator[tuple[str, str]]:
    yield "SQLite", ""
    url = os.environ.get("TEST_POSTGRES_URL") or found(*POSTGRES)
    if url:
        yield "PostgreSQL", url
    elif os.environ.get("REQUIRE_POSTGRES"):
        sys.exit("PostgreSQL is required and does not answer.")


def found(host: str, port: int, url: str) -> str | None:
    try:
        with socket.create_connection((host, port), timeout=1):
            return url
    except OSError:
        return None


def _compile() -> None:
    """Have each core compile a part of the tests, or each worker would compile all of them: nine seconds of CPU."""
    paths = sorted(map(str, Path("tests").glob("[a-z]*/"))) + sorted(map(str, Path("tests").glob("test_*.py")))
    collect = [sys.executable, "-m", "pytest", "--collect-only", "-q"]
    parts = [paths[number :: os.cpu_count() or 1] for number in range(os.cpu_count() or 1)]
    environment = {**os.environ, **_COMPILED_ONCE}
    compiling = [subprocess.Popen([*collect, *part], env=environment, stdout=subprocess.DEVNULL) for part in parts]  # noqa: S603
    for process in compiling:
        process.wait()


def _run_at_once(runs: Sequence[Run]) -> list[int]:
    """Run them side by side. The first one speaks while it runs, and each of the others once those before it have ended."""
    first, *others = runs
    with ThreadPoolExecutor(len(runs)) as threads, ExitStack() as files:
        kept = [files.enter_context(tempfile.TemporaryFile()) for _ in others]
        begun = [threads.submit(_call, run, output=file.fileno()) for run, file in zip(others, kept, strict=True)]
        codes = [_run(first)]
        for run, file, call in zip(others, kept, begun, strict=True):
            codes.append(call.result())
            _say_what_follows(run)
            file.seek(0)
            shutil.copyfileobj(file, sys.stdout.buffer)
            sys.stdout.flush()
    return codes


def _run(run: Run) -> int:
    _say_what_follows(run)
    return _call(run)


def _call(run: Run, *, output: int | None = None) -> int:
    """Return pytest's exit code. What it says goes to `output`, a file's descriptor, or to where ours goes."""
    command = [sys.executable, "-m", "pytest", *run.options]
    return subprocess.run(command, env={**os.environ, **run.environment}, stdout=output, check=False).returncode  # noqa: S603 - our own suite


def _say_what_follows(run: Run) -> None:
    sys.stdout.write(f"== {run.name}{', Redis' if run.environment['TEST_REDIS_URL'] else ''}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
