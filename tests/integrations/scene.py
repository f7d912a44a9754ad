"""Integrations made through the real actions, at the sandbox's Slack."""

from uuid import UUID

from app.access.callers import Caller
from app.integrations.adding import add
from app.integrations.kinds.contract import OfKind
from app.integrations.kinds.post_monitoring_results.models import MonitoringPost, NotifyRule
from app.integrations.kinds.post_monitoring_results.settings import MonitoringPostSettings
from app.integrations.models import Integration
from app.integrations.sources import BySignIn, Placed, ThroughApp, Using
from app.sign_ins.channels import ChannelRef
from tests.installed_apps.world import World

ACME, GLOBEX = "T0ACME001", "T0GLOBEX002"


def channel(number: int = 1, *, account: str = ACME) -> str:
    """Return a channel's id: 1 general, 2 monitoring, 3 random, 4 archived, 5 private."""
    code = account.removeprefix("T0")[:-3]
    return ChannelRef("slack", account, f"C0{code}{number:03}").id


def posting(
    *, channel_id: str | None = None, monitor_key: str = "checkout", notify: NotifyRule = NotifyRule.ALL_RUNS
) -> MonitoringPostSettings:
    return MonitoringPostSettings(monitor_key, channel_id or channel(), notify)


async def place(world: World, caller: Caller, using: Using, *, name: str = "Checkout", settings: OfKind | None = None) -> Placed:
    return await add(name, using=using, settings=settings or posting(), caller=caller, services=world.services)


async def place_own(world: World, caller: Caller) -> Integration:
    """Make an integration with a sign-in of its own."""
    return (await place(world, caller, BySignIn(await world.sign_in(caller), shares_with_team=False))).integration


async def place_through(world: World, caller: Caller, installed_app_id: UUID) -> Integration:
    return (await place(world, caller, ThroughApp(installed_app_id))).integration


async def post_of(integration: Integration) -> MonitoringPost:
    return await MonitoringPost.get(integration_id=integration.id)


async def now_of(integration: Integration) -> Integration:
    return await Integration.get(id=integration.id)
