"""An integration in the API."""

from datetime import datetime
from functools import reduce
from operator import or_
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, TypeAlias

import strawberry

from app.access.rules import PUBLIC_ATTRIBUTE, attributes
from app.catalogue.schema import Provider, provider_of
from app.graphql.context import Info
from app.graphql.fields import relation
from app.graphql.nodes import Node
from app.graphql.objects import ShowsRow
from app.graphql.relations import derived, reference
from app.installed_apps.enums import StatusReason
from app.installed_apps.loaders import installed_apps
from app.installed_apps.types import InstalledApp
from app.integrations import models, permissions
from app.integrations.enums import IntegrationStatus
from app.integrations.kinds.schema import IntegrationKind
from app.integrations.kinds.table import ALL, KINDS, kind_of
from app.teams.loaders import members
from app.teams.types import TeamMember

if TYPE_CHECKING:
    IntegrationSettings: TypeAlias = object
else:
    IntegrationSettings = Annotated[
        reduce(or_, (kind.object_type for kind in ALL)),
        strawberry.union("IntegrationSettings", description="Named like its kind. New kinds may come: have a default branch."),
    ]


@strawberry.type(description="An authorization put to work: through an installed app of the team, or with one of its own.")
@attributes(PUBLIC_ATTRIBUTE)
class Integration(Node):
    __called__ = MappingProxyType({"status_reason": "reason", "status_message": "message"})

    row: strawberry.Private[models.Integration]
    name: str = strawberry.field(description="For people.")
    status: IntegrationStatus = strawberry.field(description="Whether it works.")
    status_reason: StatusReason | None = strawberry.field(description="Why it does not; null while it is ACTIVE.")
    status_message: str | None = strawberry.field(description="The same in words, and what to do about it.")
    status_changed_at: datetime = strawberry.field(description="Since when its status, and the reason for it, are what they are.")
    is_paused: bool = strawberry.field(
        description="Kept while it is stopped for another cause: re-authenticated, it is PAUSED again."
    )
    connected_to: str = strawberry.field(description="The workspace or server; stays when the installed app is deleted.")
    uses_installed_app: bool = strawberry.field(
        description="Stays true when the installed app is deleted; `installedApp` is then null."
    )
    created_at: datetime = strawberry.field(description="When it was added.")
    updated_at: datetime = strawberry.field(
        description="When a member last edited, paused, resumed or re-authenticated it: what `expectedUpdatedAt` takes."
    )

    provider: Provider = derived(provider_of, by="row.provider", description="Where it is connected to.")
    kind: IntegrationKind = derived(lambda key: IntegrationKind.of(KINDS[key]), by="row.kind", description="What it does.")
    installed_app: InstalledApp | None = reference(
        installed_apps,
        InstalledApp.of,
        by="row.installed_app_id",
        description="The installed app that it uses; null without one, and once that is deleted.",
    )
    authorized_by: TeamMember | None = reference(
        members,
        TeamMember.of,
        by="row.authorized_by_id",
        description="Whose own authorization it uses; null when that is shared.",
    )

    @relation(description="What it does with what, by its kind.")
    async def settings(self, info: Info) -> IntegrationSettings:
        kind = kind_of(self.row)
        row = await info.context.load(kind.rows, self.row.id)
        if row is None:
            raise LookupError("An integration has the settings of its kind.")
        return kind.show(self.row, row)

    created_by: TeamMember | None = reference(
        members, TeamMember.of, by="row.created_by_id", description="Who made it; they stay named when they leave the team."
    )

    @relation(description="Whether the viewer may edit, pause and resume it: who made it, and admins.")
    def viewer_can_edit(self, info: Info) -> bool:
        return permissions.may_edit(info.context.viewer, self.row)

    @relation(description="Whether the viewer may delete it: who made it, and admins.")
    def viewer_can_delete(self, info: Info) -> bool:
        return permissions.may_edit(info.context.viewer, self.row)

    @relation(description="Whether the viewer may bring it back with another authorization: everyone but VIEWERs.")
    def viewer_can_reauthenticate(self, info: Info) -> bool:
        return permissions.may_reauthenticate(info.context.viewer)

    of = ShowsRow[models.Integration]()
