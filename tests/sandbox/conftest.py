from collections.abc import Iterator

import pytest

from tests.sandbox.running import Sandbox, run_sandbox


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with run_sandbox() as running:
        yield running
