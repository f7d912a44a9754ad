"""The enums of integrations in the API."""

from app.graphql.enums import register_enum
from app.integrations.models import IntegrationStatus

__all__ = ["IntegrationStatus"]

register_enum(
    IntegrationStatus,
    name="IntegrationStatus",
    description=(
        "Whether an integration works. When several hold, the first of: UNAVAILABLE, NEEDS_REAUTHENTICATION, PAUSED, FAILING, "
        "ACTIVE. New statuses may come: have a default branch."
    ),
    members={
        IntegrationStatus.ACTIVE: "It works, as far as is known.",
        IntegrationStatus.NEEDS_REAUTHENTICATION: "Stopped: it has no working authorization.",
        IntegrationStatus.FAILING: "Working authorization, but the last attempts failed; it goes on trying.",
        IntegrationStatus.PAUSED: "A member paused it.",
        IntegrationStatus.UNAVAILABLE: "Stopped until the operator acts: see the reason.",
    },
)
