"""What `scripts/test` and `scripts/soak` do: the tests once a database, and one line that says against what."""

import argparse
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

POSTGRES = ("127.0.0.1", 5432, "postgres://postgres@127.0.0.1:5432/postgres")
REDIS = ("127.0.0.1", 6379, "redis://127.0.0.1:6379/0")
_NO_TESTS = 5
_WORKERS = 2 * (os.cpu_count() or 1)
"""More than there are cores: half of what the tests do is to wait for an answer, a deadline or a process that starts."""

_COMPILED_ONCE = {"PYTHONDONTWRITEBYTECODE": ""}
"""Each process of a run, and each that a test starts, would compile the tests and the service anew: up to nine seconds of CPU."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Which tests run, and how: `repeated` is what is added from the second database on."""

    options: Sequence[str]
    repeated: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    left_out: str = ""


_AT_ONCE = ("-q", "-n", str(_WORKERS), "-m")
_IN_TURN = ("-q", "-s", "--durations=15", "-p", "no:cacheprovider", "-m", "endurance")
"""Their figures and times are of one journey alone, and printed."""

_TWO_FILES_AT_ONCE = ("-q", "-n", "2", "--dist", "loadfile", "--durations=15", "-m", "endurance")
"""With the small counts nobody looks at figures, and a journey waits for servers most of its time."""

_REPEATED = ("--needing-database",)
_SUITE = Plan(
    options=(*_AT_ONCE, "not endurance and not processes"),
    repeated=_REPEATED,
    left_out=" Left out: what starts processes (scripts/test --processes), and the endurance journeys (scripts/soak).",
)
_EVERY = Plan(options=(*_AT_ONCE, "not endurance"), left_out=" Left out: the endurance journeys (scripts/soak).")
_PROCESSES = Plan(options=(*_AT_ONCE, "processes and not endurance"), repeated=_REPEATED)
_SHORT = Plan(options=_TWO_FILES_AT_ONCE, repeated=_REPEATED, environment={"SOAK": "0"})
_SOAK = Plan(options=_IN_TURN, repeated=_REPEATED, environment={"SOAK": "1"})


def main(arguments: Sequence[str]) -> int:
    plan, rest = _plan(arguments)
    redis = os.environ.get("TEST_REDIS_URL") or found(*REDIS)
    databases = list(_databases())
    codes: list[int] = []
    for name, url in databases:
        sys.stdout.write(f"== {name}{', Redis' if redis else ''}\n")
        sys.stdout.flush()
        environment = {
            **os.environ,
            **_COMPILED_ONCE,
            **plan.environment,
            "TEST_POSTGRES_URL": url,
            "TEST_REDIS_URL": redis or "",
        }
        options = [*plan.options, *(plan.repeated if codes else ()), *rest]
        answer = subprocess.run([sys.executable, "-m", "pytest", *options], env=environment, check=False)  # noqa: S603 - our own suite
        codes.append(0 if answer.returncode == _NO_TESTS else answer.returncode)
    against = " and ".join(name for name, _ in databases)
    sys.stdout.write(f"Ran against {against}{' with Redis' if redis else ', no Redis'}.{plan.left_out}\n")
    return max(codes)


def _plan(arguments: Sequence[str]) -> tuple[Plan, list[str]]:
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    for word, plan in (("--every", _EVERY), ("--processes", _PROCESSES), ("--short", _SHORT), ("--soak", _SOAK)):
        parser.add_argument(word, dest="plan", action="store_const", const=plan, default=_SUITE)
    known, rest = parser.parse_known_args(arguments)
    return known.plan, rest


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


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
