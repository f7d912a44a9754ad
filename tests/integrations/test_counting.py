from pathlib import Path

from app.integrations.counting import Tally, tally
from app.integrations.models import Integration
from app.log.events import Change
from app.sign_ins.models import StatusReason
from tests.deliveries.world import make_world
from tests.held import HeldClock


async def test_integrations_are_counted_by_status_and_reason_and_deleted_ones_not_at_all(
    database: str, tmp_path: Path, clock: HeldClock
) -> None:
    del database
    async with make_world(folder=tmp_path, clock=clock) as world:
        _, *others = [await world.add_integration() for _ in range(5)]
        for stopped in others[:2]:
            await world.turn(stopped, lambda row, change: row.stop(StatusReason.REVOKED, "It is.", now=change.now))
        await world.turn(others[2], lambda row, change: row.pause(now=change.now))
        await world.turn(others[3], _delete)

        counted = await tally()

    assert sorted(counted, key=lambda one: one.status) == [
        Tally("ACTIVE", None, 1),
        Tally("NEEDS_REAUTHENTICATION", "REVOKED", 2),
        Tally("PAUSED", "PAUSED_BY_MEMBER", 1),
    ]


def _delete(row: Integration, change: Change) -> None:
    row.deleted_at = change.now
