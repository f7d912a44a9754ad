"""A keyring's place, and a vault over a database."""

from pathlib import Path

import pytest

from app.clock import Clock
from app.sealing.vault import Vault, open_vault


@pytest.fixture
def path(tmp_path: Path) -> Path:
    folder = tmp_path / "keys"
    folder.mkdir()
    return folder / "keyring.json"


@pytest.fixture
async def vault(path: Path, clock: Clock, database: object) -> Vault:
    del database  # it has to be there first
    return await open_vault(path, embedded=True, clock=clock)
