"""Reading what was said, for many asks at once."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from app.forecasts.models import Forecast
from app.graphql.context import Context
from app.storage.statements import read_rows

_AT_ANY_MOMENT = datetime.min.replace(tzinfo=UTC)


async def first_forecasts(keys: Sequence[UUID], *, context: Context) -> list[Forecast | None]:
    """Return what comes first of what was said of each of the team's installed apps and integrations; None for nothing.

    What has no date may come at any moment: it comes first.
    """
    rows = await read_rows(Forecast, keys, by="subject_id", conditions={"team_id": context.viewer.team_id})
    found: dict[UUID, Forecast] = {}
    for row in sorted(rows, key=urgency, reverse=True):
        found[row.subject_id] = row
    return [found.get(key) for key in keys]


def urgency(row: Forecast) -> tuple[datetime, str]:
    """Return what sorts what comes first to the front."""
    return row.at or _AT_ANY_MOMENT, row.code
