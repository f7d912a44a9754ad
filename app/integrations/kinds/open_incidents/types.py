"""Opening incidents in the API: what members write, and what they read."""

import strawberry

from app.access.rules import PUBLIC_ATTRIBUTE, attributes
from app.graphql.enums import register_enum
from app.graphql.inputs import given
from app.graphql.relations import reference
from app.integrations import models
from app.integrations.kinds.open_incidents.models import IncidentSettings
from app.integrations.kinds.open_incidents.settings import SEVERITY_FIELD, OpenIncidentsEdit, OpenIncidentsSettings
from app.monitors.loaders import monitors
from app.monitors.schema import Monitor
from app.providers.incidents import Severity

register_enum(
    Severity,
    name="IncidentSeverity",
    description="How bad an incident is: its provider may decide by it whom to wake.",
    members={
        Severity.CRITICAL: "It is down.",
        Severity.ERROR: "A part of it does not work.",
        Severity.WARNING: "It works, and may not for long.",
        Severity.INFO: "Nobody has to get up.",
    },
)


@strawberry.input(description="The settings of the kind “Open incidents”.")
class OpenIncidentsInput:
    monitor_key: str = strawberry.field(
        description=(
            "Your own name for the monitor, 1 to 200 characters; the monitor is made when there is none of it yet. It cannot be "
            "changed later."
        )
    )
    severity: Severity = strawberry.field(default=Severity.ERROR, description="How bad it is when the monitor fails.")

    def settings(self) -> OpenIncidentsSettings:
        return OpenIncidentsSettings(self.monitor_key, self.severity)


@strawberry.input(description="Other settings of the kind “Open incidents”; what is left out stays as it is.")
class EditOpenIncidentsInput:
    severity: Severity | None = strawberry.field(
        default=strawberry.UNSET, description="Another severity, of the incidents that are opened from now on."
    )

    def edit(self) -> OpenIncidentsEdit:
        return OpenIncidentsEdit(severity=given(self.severity, field=SEVERITY_FIELD))


@strawberry.type(description="What an integration of the kind “Open incidents” does.")
@attributes(PUBLIC_ATTRIBUTE)
class OpenIncidents:
    settings: strawberry.Private[IncidentSettings]
    severity: Severity = strawberry.field(description="How bad its incidents are.")

    monitor: Monitor = reference(
        monitors,
        Monitor.of,
        by="settings.monitor_id",
        missing=lambda: LookupError("An integration's monitor is in its own team."),
        description="Whose failures open incidents: the third in a row. Its next success resolves them.",
    )

    @classmethod
    def of(cls, integration: models.Integration, settings: IncidentSettings) -> "OpenIncidents":
        del integration
        return cls(settings=settings, severity=settings.severity)
