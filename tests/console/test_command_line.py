import subprocess
import sys

import pytest

from app.console.provider_commands import registered_at
from app.providers.catalogue import CATALOGUE

_LATE = (
    "strawberry",
    "tortoise",
    "uvicorn",
    "pydantic",
    "starlette",
    "app.outbound",
    "app.providers.catalogue",
    "app.service",
    "app.storage",
)
_SHOW = """
import runpy, sys
sys.argv = ["installed-apps", sys.argv[1]]
try:
    runpy.run_module("app", run_name="__main__")
finally:
    print(*[name for name in sys.modules], sep="\\n", file=sys.stderr)
"""


@pytest.mark.parametrize("asked", ["--version", "--help"])
def test_whoever_asks_for_the_version_or_for_help_does_not_wait_for_the_service(asked: str) -> None:
    told = subprocess.run([sys.executable, "-c", _SHOW, asked], capture_output=True, text=True, check=True)  # noqa: S603 - our own

    loaded = told.stderr.split()
    assert "app.console.team_commands" in loaded
    assert [name for name in _LATE if name in loaded] == []


def test_each_provider_that_has_a_manifest_has_a_command_that_prints_it() -> None:
    assert {provider.key: provider.name for provider in CATALOGUE.values() if provider.manifest is not None} == dict(
        registered_at()
    )
