"""Members who look at the sandbox's Git servers through the API."""

from typing import Any

from app.access.callers import Caller
from app.installed_apps.models import InstalledApp
from app.repositories.references import RepositoryRef
from tests.installed_apps.git_servers import Host
from tests.installed_apps.world import World, gid

NAMES = """query ($id: ID!, $first: Int, $after: String, $search: String) { installedApp(id: $id) {
  repositories(first: $first, after: $after, search: $search) { nodes { fullName } pageInfo { hasNextPage endCursor } } } }"""


async def open_app(world: World, host: Host, **users: str) -> InstalledApp:
    """Have the admin add the server's app, and the members sign in there: member's name → login there."""
    app = await host.add(world, world.people.ada)
    for who, login in users.items():
        await host.sign_in(world, getattr(world.people, who), app, login)
    return app


def ref_of(world: World, host: Host, path: str) -> RepositoryRef:
    """Return the id by which the provider has the sandbox's repository: GitHub's is its path, GitLab's a number."""
    return RepositoryRef(host.provider, host.url(world), path if host.name == "github" else _number_of(path, world))


def _number_of(path: str, world: World) -> str:
    held = [each for each in world.sandbox.state()["repositories"] if each["provider"] == "gitlab" and each["path"] == path]
    [repository] = held
    return str(repository["id"])


async def look(world: World, app: InstalledApp, caller: Caller, fields: str, *, search: str = "payments-api") -> Any:
    """Return `fields` of the repository that the search finds."""
    document = f"""query ($id: ID!, $search: String) {{ installedApp(id: $id) {{
      repositories(first: 1, search: $search) {{ nodes {{ {fields} }} }} }} }}"""
    data = await world.ask(document, caller, id=gid("InstalledApp", app.id), search=search)
    [node] = data["installedApp"]["repositories"]["nodes"]
    return node


def calls(world: World, host: Host) -> int:
    """Return how often the server's API was asked."""
    api = f"/{host.name}/api/"
    return sum(each["path"].startswith(api) for each in world.sandbox.state()["requests"])


def codes(answer: Any) -> list[tuple[str, list[str | int] | None]]:
    """Return the code and the path of each error."""
    return [(str(getattr(error.original_error, "code", "?")), error.path) for error in answer.errors or []]
