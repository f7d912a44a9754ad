"""APIs connected through the real actions, at the sandbox's Git servers."""

from typing import Any

from app.access.callers import Caller
from app.installed_apps.models import InstalledApp
from app.integrations.adding import add
from app.integrations.kinds.connect_api.checks import check_due
from app.integrations.kinds.connect_api.models import ApiConnection
from app.integrations.kinds.connect_api.settings import ApiConnectionSettings
from app.integrations.models import Integration
from app.integrations.sources import ThroughApp
from tests.installed_apps.git_servers import Host
from tests.installed_apps.world import World
from tests.repositories.scene import ref_of

PAYMENTS = "acme/payments-api"
OPENAPI = "openapi/openapi.yaml"


def connecting(world: World, host: Host, **changed: Any) -> ApiConnectionSettings:
    """Return settings that are fine; `repository` is the path of another one."""
    repository = changed.pop("repository", PAYMENTS)
    told = {
        "api_name": "Payments",
        "repository_id": ref_of(world, host, repository).id,
        "branch": "main",
        "schema_file": OPENAPI,
        "collection_directory": "postman/collections",
    }
    return ApiConnectionSettings(**{**told, **changed})


async def connect(
    world: World, caller: Caller, app: InstalledApp, host: Host, *, name: str = "Payments", **changed: Any
) -> Integration:
    settings = connecting(world, host, **changed)
    placed = await add(name, using=ThroughApp(app.id), settings=settings, caller=caller, services=world.services)
    return placed.integration


async def connection_of(integration: Integration) -> ApiConnection:
    return await ApiConnection.get(integration_id=integration.id)


async def check_now(world: World) -> None:
    """Let the job look at everything that is due."""
    while await check_due(services=world.services):
        pass


def change(world: World, host: Host, what: str, **order: object) -> None:
    """Change the server's own world: delete_branch, delete_repository, remove_access, …"""
    answer = world.sandbox.http.post(f"/control/{host.name}/{what}", json={"repository": PAYMENTS, **order})
    assert answer.status_code == 200, answer.text
