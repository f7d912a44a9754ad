from datetime import timedelta

from app.forecasts.counting import count_forecasts
from app.forecasts.jobs import look_due
from app.forecasts.models import ForecastCode
from tests.forecasts.test_telling import ending
from tests.installed_apps.world import World


async def test_what_was_said_is_counted_by_cause(world: World) -> None:
    for workspace in ("Acme", "Globex", "Initech"):
        app = await world.share(world.people.ada, workspace)
        if workspace != "Initech":
            await ending(app, after=timedelta(days=5), world=world)
    await look_due(services=world.services)

    assert await count_forecasts() == {ForecastCode.AUTHORIZATION_EXPIRES: 2}
