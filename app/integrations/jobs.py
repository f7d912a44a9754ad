"""What falls due for integrations. Each does one bounded round."""

from app.integrations.kinds.table import ALL
from app.integrations.retention import remove_given_back
from app.services import Services

__all__ = ["check_connections_due", "remove_given_back"]


async def check_connections_due(*, services: Services) -> int:
    """Find out of what falls due whether it is still there, and let statuses follow; return how many were looked at."""
    return sum([await kind.checks.check_due(services=services) for kind in ALL if kind.checks is not None])
