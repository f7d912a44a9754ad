"""Integrations that stopped with an app, and the mutation that brings all of them back."""

from collections.abc import Sequence
from typing import Any

from app.access.callers import Caller
from app.installed_apps.deleting import delete as delete_app
from app.installed_apps.models import InstalledApp
from tests.installed_apps.world import People, World
from tests.integrations.crowd import GLOBEX_CHANNELS, crowd

PAYLOAD = """installedApp { id } hasMore userErrors { code field message }
  integrations { totalCount nodes { id status connectedTo installedApp { id } } }
  refused { totalCount nodes { code message integration { id status } } pageInfo { hasNextPage endCursor } }"""
BRING_BACK = f"""mutation ($input: ReauthenticateIntegrationsInput!) {{
  reauthenticateIntegrations(input: $input) {{ {PAYLOAD} }} }}"""


async def stopped_crowd(
    world: World, count: int, *, channels: Sequence[str] = GLOBEX_CHANNELS, people: People | None = None
) -> InstalledApp:
    """Let a crowd of Bob's use Globex's app, and return that, deleted."""
    people = people or world.people
    app = await world.share(people.ada, "Globex")
    await crowd(world, app, count, channels=channels, made_by=people.bob)
    await delete_app(app.id, caller=people.ada, services=world.services)
    return app


async def bring_back(world: World, caller: Caller, **input: Any) -> Any:
    return (await world.ask(BRING_BACK, caller, input=input))["reauthenticateIntegrations"]
