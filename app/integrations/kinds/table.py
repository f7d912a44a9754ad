"""The table of kinds: what an integration can be."""

from collections.abc import Mapping, Sequence

from app.errors import Refusal, UserErrorCode
from app.integrations.kinds.connect_api.kind import KIND as CONNECT_API
from app.integrations.kinds.contract import AnyKind
from app.integrations.kinds.open_incidents.kind import KIND as OPEN_INCIDENTS
from app.integrations.kinds.post_monitoring_results.kind import KIND as POST_MONITORING_RESULTS
from app.integrations.kinds.post_team_activity.kind import KIND as POST_TEAM_ACTIVITY
from app.integrations.models import Integration
from app.providers.catalogue import CATALOGUE
from app.services import Services
from app.storage.slots import Slots

ALL: Sequence[AnyKind] = (POST_MONITORING_RESULTS, CONNECT_API, OPEN_INCIDENTS, POST_TEAM_ACTIVITY)

KINDS: Mapping[str, AnyKind] = {kind.key: kind for kind in ALL}


def kind_of(integration: Integration) -> AnyKind:
    """Return what the integration is. Rows hold no kind but those of the table."""
    return KINDS[integration.kind]


def check_offered(kind: AnyKind, *, provider: str) -> None:
    """Raise INVALID unless the provider has integrations of this kind."""
    if not kind.is_offered_by(CATALOGUE[provider]):
        raise Refusal(
            UserErrorCode.INVALID,
            f"{CATALOGUE[provider].name} has no integrations of the kind “{kind.name}”.",
            field=kind.field,
        )


async def check_due(*, services: Services, slots: Slots | None = None) -> int:
    """Find out of what falls due whether it is still there, and let statuses follow; return how many are looked at."""
    return sum([await kind.checks.check_due(services=services, slots=slots) for kind in ALL if kind.checks is not None])
