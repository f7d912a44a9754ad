"""Repositories in the API: where they begin, at an installed app."""

from collections.abc import Sequence
from typing import Annotated

import strawberry

from app.access.rules import ASKING_PROVIDERS
from app.graphql.connections import ForwardArguments, UncountedConnection
from app.graphql.context import Info
from app.graphql.extension import Fields
from app.graphql.fields import relation
from app.graphql.provider_pages import from_provider_pages
from app.graphql.searches import check_search
from app.installed_apps.loaders import oauth_clients
from app.installed_apps.types import InstalledApp
from app.providers import hosting
from app.repositories import asking
from app.repositories.references import decode_repository
from app.repositories.types import Repository

__all__ = ["FIELDS", "Repository"]

Search = Annotated[str | None, strawberry.argument(description="Only those whose name has this in it.")]


@relation(
    rule=ASKING_PROVIDERS,
    name="repositories",
    description=(
        "SHARED_CLIENT only; as the viewer sees them, with the viewer's own authorization: null with the error SIGN_IN_REQUIRED "
        "without one. Not for VIEWERs."
    ),
)
async def repositories_of_app(
    root: InstalledApp, info: Info, page: ForwardArguments, search: Search = None
) -> UncountedConnection[Repository] | None:
    key = root.row.oauth_client_id
    client = await info.context.load(oauth_clients, key) if key is not None else None
    if client is None:
        return None
    wanted = check_search((search or "").strip())

    async def fetch(cursor: str | None, limit: int) -> tuple[Sequence[hosting.Repository], str | None]:
        question = asking.repositories(wanted, cursor, limit)
        found = await asking.ask_as_viewer(question, client.id, context=info.context)
        return found.repositories, found.next_cursor

    def wrap(repository: hosting.Repository) -> Repository:
        return Repository.of(repository, provider=client.provider, base_url=client.base_url, oauth_client_id=client.id)

    return UncountedConnection.of(await from_provider_pages(fetch, page), wrap)


@relation(
    rule=ASKING_PROVIDERS,
    name="repository",
    description=(
        "SHARED_CLIENT only: one of its repositories, as the viewer sees it, with the viewer's own authorization. Null for an id "
        "of another server; null with an error where the server does not show it, and without a sign-in. Not for VIEWERs."
    ),
)
async def repository_of_app(
    root: InstalledApp, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="A repository's `id`.")]
) -> Repository | None:
    key = root.row.oauth_client_id
    client = await info.context.load(oauth_clients, key) if key is not None else None
    named = decode_repository(id)
    if client is None or named is None or (named.provider, named.base_url) != (client.provider, client.base_url):
        return None
    found = await asking.ask_as_viewer(asking.repository(named.repository_id), client.id, context=info.context)
    return Repository.of(found, provider=client.provider, base_url=client.base_url, oauth_client_id=client.id)


FIELDS: Fields = {InstalledApp: {"repositories": repositories_of_app, "repository": repository_of_app}}
