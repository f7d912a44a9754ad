import pytest

from app.integrations.deleting import delete
from app.integrations.models import Integration, IntegrationStatus
from app.integrations.status import record_attempt
from app.log.counters import head
from app.log.events import Change
from app.providers.contract import Failure, Fault
from app.sign_ins.models import StatusReason
from tests.installed_apps.world import World, log_since, rows
from tests.integrations.scene import now_of, place_own


async def note(world: World, integration: Integration, failure: Failure | None) -> None:
    async def apply(change: Change) -> None:
        await record_attempt(change, integration, failure)

    await world.services.events.change(world.people.team_id, apply)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Fault.TARGET_GONE, StatusReason.TARGET_UNAVAILABLE),
        (Fault.UNREACHABLE, StatusReason.PROVIDER_UNREACHABLE),
        (Fault.NOT_ALLOWED, StatusReason.PROVIDER_UNREACHABLE),
        (Fault.BROKEN, StatusReason.PROVIDER_ERROR),
        (Fault.REFUSED, StatusReason.PROVIDER_ERROR),
    ],
)
async def test_an_attempt_that_fails_is_shown_until_one_succeeds(world: World, fault: Fault, reason: StatusReason) -> None:
    integration = await place_own(world, world.people.bob)
    before = await head(world.people.team_id)

    for _ in range(2):
        await note(world, integration, Failure(fault, "It said no."))
    failing = await now_of(integration)
    for _ in range(2):
        await note(world, integration, None)

    assert (failing.status, failing.reason, failing.message) == (IntegrationStatus.FAILING, reason, "It said no.")
    assert (await now_of(integration)).status is IntegrationStatus.ACTIVE
    assert await log_since(before, team_id=world.people.team_id) == ["INTEGRATION_STATUS_CHANGED"] * 2


@pytest.mark.parametrize("fault", [Fault.BUSY, Fault.DEAD_GRANT, Fault.EXPIRED, Fault.MISSING_SCOPES, Fault.CLIENT_REFUSED])
async def test_patience_and_what_is_the_authorization_s_are_no_failing_of_its_own(world: World, fault: Fault) -> None:
    integration = await place_own(world, world.people.bob)
    before = await rows()

    await note(world, integration, Failure(fault, "It said no."))

    assert await rows() == before


async def test_a_late_word_about_a_deleted_integration_changes_nothing(world: World) -> None:
    integration = await place_own(world, world.people.bob)
    await delete(integration.id, caller=world.people.bob, services=world.services)
    before = await rows()

    await note(world, integration, Failure(Fault.TARGET_GONE, "Gone."))

    assert await rows() == before
