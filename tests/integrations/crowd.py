"""Many integrations at once, as if added one by one: rows beside those that the real actions make."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import uuid4

from app.access.callers import Caller
from app.installed_apps.models import InstalledApp
from app.integrations.kinds.post_monitoring_results.models import MonitoringPost, NotifyRule
from app.integrations.models import Integration, IntegrationStatus
from app.log.events import Change
from app.monitors.actions import find_or_make
from tests.installed_apps.world import World

OF_A_MONITOR = 50
"""Integrations that hear of the same monitor."""

GLOBEX_CHANNELS = [f"C0GLOBEX{number:03}" for number in range(6, 266)]
"""Its 260 public channels project-001 to project-260."""


async def crowd(
    world: World, app: InstalledApp, count: int, *, channels: Sequence[str], made_by: Caller, **columns: Any
) -> list[Integration]:
    """Make so many integrations that post through the app, to one channel after the other; return them, oldest first."""

    async def add(change: Change) -> list[Integration]:
        rows = [
            Integration(
                id=uuid4(),
                team_id=change.team_id,
                provider=app.provider,
                kind="post-monitoring-results",
                name=f"Crowd {number}",
                uses_installed_app=True,
                installed_app_id=app.id,
                connected_to=app.connected_to,
                account_id=app.account_id,
                origin=app.origin,
                status=IntegrationStatus.ACTIVE,
                status_changed_at=change.now,
                created_by_id=made_by.member_id,
                created_at=change.now + timedelta(microseconds=number),
                updated_at=change.now,
                **columns,
            )
            for number in range(count)
        ]
        monitors = [await find_or_make(change, key=f"monitor-{number}") for number in range(-(-count // OF_A_MONITOR))]
        await Integration.bulk_create(rows)
        await MonitoringPost.bulk_create(
            [
                MonitoringPost(
                    id=uuid4(),
                    integration_id=row.id,
                    monitor_id=monitors[number // OF_A_MONITOR].id,
                    channel_id=channels[number % len(channels)],
                    channel_name="a channel",
                    channel_is_private=False,
                    notify=NotifyRule.ALL_RUNS,
                )
                for number, row in enumerate(rows)
            ]
        )
        return rows

    return await world.services.events.change(app.team_id, add)


def archive(world: World, channel: str, *, workspace: str = "Globex") -> None:
    answer = world.sandbox.http.post("/control/archive", json={"workspace": workspace, "channel": channel})
    assert answer.status_code == 200, answer.text


def asked_of_channels(world: World) -> int:
    """Return how often the sandbox's Slack was asked about channels."""
    methods = ("conversations.info", "conversations.list")
    return sum(seen["path"].endswith(methods) for seen in world.sandbox.state()["requests"])
