"""Reading what APIs are connected to for many asks at once: as it was chosen, and as the viewer sees it now."""

from collections.abc import Sequence
from uuid import UUID

from app.graphql.context import Context
from app.graphql.rows import rows_by
from app.installed_apps.loaders import own_grants
from app.integrations.kinds.connect_api.models import ApiConnection
from app.integrations.kinds.live_targets import PAGE, apps_of, each_once, look_up_each
from app.integrations.loaders import integrations
from app.providers.contract import Failure
from app.providers.hosting import Repository
from app.repositories import asking
from app.sign_ins.lookups import Listed, Source
from app.sign_ins.models import Grant

rows = rows_by(ApiConnection, "integration_id")
"""The settings of integrations by their ids."""


async def live_repositories(keys: Sequence[UUID], *, context: Context) -> list[Repository | None]:
    """Return what each integration is connected to, asked for as the viewer, with the viewer's own sign-in."""
    connections = await rows(keys, context=context)
    wanted = [connection.repository_id if connection is not None else None for connection in connections]
    placed = await integrations(keys, context=context)
    apps = await apps_of(placed, context=context)
    clients = [app.oauth_client_id if app is not None else None for app in apps]
    found = await each_once(clients, lambda ids: own_grants(ids, context=context))

    def source(grant: Grant) -> Source[Repository]:
        async def turn(cursor: str | None) -> Listed[Repository] | Failure:
            question = asking.repositories(None, cursor, PAGE)
            page = await asking.ask(question, grant=grant, budget=context.budget, services=context.services)
            return page if isinstance(page, Failure) else Listed({each.id: each for each in page.repositories}, page.next_cursor)

        return Source(
            lambda one: asking.ask(asking.repository(one), grant=grant, budget=context.budget, services=context.services), turn
        )

    return await look_up_each(placed, found, wanted, source=source, context=context)
