"""Operations by hash, asked by urql and Apollo's own client as they come."""

import asyncio
from pathlib import Path

import pytest

from tests.journeys.soaking import telling
from tests.peers import javascript
from tests.processes import serving

pytestmark = pytest.mark.processes


async def test_clients_send_a_document_once_and_its_hash_from_then_on(programs: Path, tmp_path: Path) -> None:
    database_url = f"sqlite:///{tmp_path / 'persisted.sqlite3'}"

    async with serving(tmp_path, database_url=database_url) as service, telling(service) as story:
        address = f"{service.url}/graphql"
        told = await asyncio.to_thread(javascript.run, programs, "persisted.mjs", address, story.admin.token)

    assert [client["answers"] for client in told.values()] == [["Ada", "Ada"]] * 3
    assert {name: client["sent"] for name, client in told.items()} == {
        "urql": [["GET", "hash", 400], ["GET", "whole", 200], ["GET", "hash", 200]],
        "apollo": [["POST", "hash", 400], ["POST", "whole", 200], ["POST", "hash", 200]],
        "apolloByGet": [["GET", "hash", 400], ["POST", "whole", 200], ["GET", "hash", 200]],
    }
