"""Reading integrations for many asks at once."""

from collections.abc import Sequence
from uuid import UUID

from app.graphql.connections import Arguments, Page
from app.graphql.context import Context
from app.graphql.pages import paginate_each
from app.graphql.pages_of_each import PagesOfEach
from app.graphql.rows import of_team, rows_by
from app.integrations.models import Integration
from app.sign_ins.models import StatusReason

integrations = rows_by(Integration, deleted_at__isnull=True)
"""The team's integrations by id; None for deleted ones."""


integrations_of_apps = PagesOfEach(Integration, "installed_app_id", deleted_at__isnull=True)
"""A page of what uses each installed app, newest first."""


async def integrations_stopped_with_apps(
    keys: Sequence[tuple[UUID, Arguments]], *, context: Context
) -> Sequence[Page[Integration]]:
    """Return a page of what stopped when each installed app was deleted, newest first."""
    stopped = of_team(Integration, context).filter(deleted_at__isnull=True)
    return await paginate_each(stopped.filter(stopped_by=StatusReason.INSTALLED_APP_DELETED), keys, by="installed_app_id")
