from datetime import timedelta

from app.deliveries.backlog import Backlog, look_at_backlog
from tests.deliveries.world import SECOND, World
from tests.telemetry.reading import read_meters, value_of


async def test_the_backlog_is_as_old_as_the_oldest_delivery_that_waits(world: World) -> None:
    await world.add_integration()
    nothing = await look_at_backlog(now=world.clock.now())
    await world.report()
    world.clock.advance(timedelta(minutes=2))
    await world.report()

    waiting = await look_at_backlog(now=world.clock.now() + SECOND)

    assert nothing == Backlog(0, timedelta())
    assert waiting == Backlog(2, timedelta(minutes=2, seconds=1))


async def test_attempts_and_what_they_make_of_deliveries_are_counted_by_their_outcome(world: World) -> None:
    await world.add_integration()
    await world.report()
    world.break_posting(1, fault="status", status=503)

    await world.deliver_for(60)

    samples = read_meters(world.services.meters)
    assert value_of(samples, "delivery_attempts_total", outcome="BROKEN") == 1
    assert value_of(samples, "delivery_attempts_total", outcome="DELIVERED") == 1
    assert value_of(samples, "deliveries_total", outcome="RETRYING") == 1
    assert value_of(samples, "deliveries_total", outcome="DELIVERED") == 1
