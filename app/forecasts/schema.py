"""What will stop, in the API."""

from datetime import datetime

import strawberry

from app.access.rules import PUBLIC_ATTRIBUTE, attributes
from app.forecasts import loaders, models
from app.forecasts.causes import Standing, known_end
from app.forecasts.enums import ForecastCode
from app.forecasts.standing import has_stopped
from app.graphql.context import Info
from app.graphql.extension import Fields
from app.graphql.fields import relation
from app.graphql.objects import ShowsRow
from app.installed_apps.loaders import grants, oauth_clients
from app.installed_apps.types import InstalledApp
from app.integrations.types import Integration


@strawberry.type(description="A word before it breaks: it works, and will stop unless somebody acts.")
@attributes(PUBLIC_ATTRIBUTE)
class Forecast:
    code: ForecastCode = strawberry.field(description="Why.")
    message: str = strawberry.field(description="The same in words, and what to do about it.")
    at: datetime | None = strawberry.field(
        description="By when; null where no date is known. Past: it was to stop by then, and nothing says that it will not."
    )

    of = ShowsRow[models.Forecast]()


@relation(
    description=(
        "What will stop it first, as its team was told (INSTALLED_APP_WILL_STOP): 30 days before where a date is known, else at "
        "once. Null where nothing is known, and once it has stopped."
    )
)
async def forecast_of_app(root: InstalledApp, info: Info) -> Forecast | None:
    if has_stopped(root.row):
        return None
    row = await info.context.load(loaders.first_forecasts, root.row.id)
    return Forecast.of(row) if row is not None else None


@relation(
    description=(
        "The first date by which it is known to stop, however far ahead, unless somebody acts: its authorization ends, or a Git "
        "server's certificate, or the one that it is trusted by. Null where none is known, and once it has stopped."
    )
)
async def expires_at(root: InstalledApp, info: Info) -> datetime | None:
    row = root.row
    if has_stopped(row):
        return None
    grant = await info.context.load(grants, row.grant_id) if row.grant_id is not None else None
    client = await info.context.load(oauth_clients, row.oauth_client_id) if row.oauth_client_id is not None else None
    return known_end(Standing(row.connected_to, info.context.services.clock.now(), grant=grant, client=client))


@relation(
    description=(
        "What will stop it first, as its team was told (INTEGRATION_WILL_STOP; of the installed app that it uses "
        "INSTALLED_APP_WILL_STOP). Null where nothing is known, and once it has stopped."
    )
)
async def forecast_of_integration(root: Integration, info: Info) -> Forecast | None:
    row = root.row
    if has_stopped(row):
        return None
    keys = [row.id, *([row.installed_app_id] if row.installed_app_id is not None else [])]
    found = [each for each in await info.context.load_all(loaders.first_forecasts, keys) if each is not None]
    return Forecast.of(min(found, key=loaders.urgency)) if found else None


FIELDS: Fields = {
    InstalledApp: {"forecast": forecast_of_app, "expires_at": expires_at},
    Integration: {"forecast": forecast_of_integration},
}
