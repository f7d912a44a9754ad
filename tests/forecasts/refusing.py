"""Slack tokens that expire, and a Slack that does not renew them for reasons of its own."""

from app.installed_apps.models import InstalledApp
from app.integrations.models import Integration
from app.providers.contract import Failure, Fault
from app.sign_ins.models import Grant
from app.sign_ins.refresh import refresh
from tests.installed_apps.world import World

_REFUSES = '{"ok": false, "error": "renewals_are_closed_today"}'


def rotate(world: World) -> None:
    """Let tokens of sign-ins from now on last for twelve hours."""
    assert world.sandbox.control("settings", provider="slack", rotation=True).status_code == 200


async def be_refused(world: World, holder: InstalledApp | Integration) -> None:
    """Try to renew what is due, and be refused."""
    fault = {"provider": "slack", "endpoint": "oauth.v2.access", "fault": "status", "status": 200, "times": 1}
    assert world.sandbox.control("faults", **fault, body=_REFUSES).status_code == 200
    answer = await refresh(await grant_of(holder), services=world.services)
    assert isinstance(answer, Failure)
    assert answer.fault is Fault.REFUSED, answer


async def grant_of(holder: InstalledApp | Integration) -> Grant:
    fresh = await type(holder).get(id=holder.id)
    return await Grant.get(id=fresh.grant_id)
