"""A team that has much: 5,000 integrations, 100 installed apps, and 10,000 of each of what is logged."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Browser

from app.graphql.ids import encode_id
from app.teams import console
from app.teams.models import Member
from tests.growth.filling import Size, fill, id_of
from tests.pages.people import Team, gather
from tests.processes import serving
from tests.services import services_beside
from tests.storage.schemas import ask

_SIZE = Size(rows=10_000, things=5_000)
"""Of as many things, 5,000 integrations and 100 installed apps are living. The first integration has nine tenths of the rows."""

BUSIEST = encode_id("Integration", id_of("integration", 1))
_SETTINGS = """
INSERT INTO monitoring_post
  (id, integration_id, monitor_id, channel_id, channel_name, channel_is_private, notify, failures_in_a_row)
SELECT i.id, i.id, (SELECT m.id FROM monitor m WHERE m.team_id = i.team_id LIMIT 1), 'C1', 'monitoring', FALSE, 'ALL_RUNS', 0
FROM integration i WHERE NOT EXISTS (SELECT 1 FROM monitoring_post p WHERE p.integration_id = i.id)"""


@asynccontextmanager
async def large_team(chromium: Browser, folder: Path, *, database_url: str) -> AsyncIterator[Team]:
    """Yield the team, at a service of its own: others would wait for so many rows."""
    async with serving(folder, database_url=database_url) as service, gather(service, chromium) as team:
        async with services_beside(service):
            found = await console.find_team(team.name)
            ada = await Member.get(team_id=found.id, email="ada@example.com")
        await fill(database_url, _SIZE, team_id=found.id, member_id=ada.id)
        await ask(database_url, _SETTINGS)
        yield team
