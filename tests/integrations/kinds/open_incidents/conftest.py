import pytest

from app.integrations.models import Integration
from tests.installed_apps.world import World
from tests.integrations.incident_scene import put_to_use, share_key


@pytest.fixture
async def integration(world: World) -> Integration:
    return await put_to_use(world, await share_key(world))
