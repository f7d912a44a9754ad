"""GraphQL over HTTP, audited by graphql-http: https://github.com/graphql/graphql-http."""

import asyncio
from pathlib import Path

import pytest

from tests.journeys.soaking import telling
from tests.peers import javascript
from tests.processes import serving

pytestmark = pytest.mark.processes


async def test_the_running_server_passes_every_audit(programs: Path, tmp_path: Path) -> None:
    database_url = f"sqlite:///{tmp_path / 'audited.sqlite3'}"

    async with serving(tmp_path, database_url=database_url) as service, telling(service) as story:
        audits = await asyncio.to_thread(javascript.run, programs, "audit.mjs", f"{service.url}/graphql", story.admin.token)

    assert len(audits) == 61
    assert [audit for audit in audits if audit["status"] != "ok"] == []
