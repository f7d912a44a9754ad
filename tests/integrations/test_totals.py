"""The totals of a team's integrations and monitors are kept by the database itself: however many, and whoever writes."""

import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from random import Random
from typing import Any, TypeAlias
from uuid import UUID, uuid4

import pytest

from app.graphql.connections import MOST_COUNTED
from app.integrations.deleting import delete
from app.integrations.models import Integration, IntegrationStatus
from app.log.counters import kept_total
from app.log.events import Change
from app.monitors.models import Monitor
from tests.installed_apps.world import World
from tests.integrations.scene import place_own
from tests.journeys.soaking import fresh_random

Kind: TypeAlias = type[Integration] | type[Monitor]

MOMENT = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
TOTALS = "{ integrations(first: 1) { totalCount } monitors(first: 1) { totalCount } }"
NARROWED = (
    """{ integrations(first: 1, filter: {provider: "slack"}) { totalCount } monitors(first: 1, search: "m") { totalCount } }"""
)


async def test_the_totals_follow_what_is_added_and_deleted(world: World) -> None:
    before = await totals(world)
    integration = await place_own(world, world.people.bob)
    with_it = await totals(world)

    await delete(integration.id, caller=world.people.bob, services=world.services)

    assert (before, with_it, await totals(world)) == ((0, 0), (1, 1), (0, 1))


async def test_what_a_change_had_added_before_it_was_undone_is_in_no_total(world: World) -> None:
    async def add_and_fail(_: object) -> None:
        await integrations(3, team_id=world.people.team_id)
        await monitors(3, team_id=world.people.team_id)
        raise ValueError

    with pytest.raises(ValueError, match=r"^$"):
        await world.services.events.change(world.people.team_id, add_and_fail)

    assert await totals(world) == (0, 0)


async def test_more_than_are_counted_are_told_to_the_last_and_without_a_count(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    async def add(change: Change) -> None:
        await integrations(MOST_COUNTED + 2, team_id=change.team_id)
        await monitors(MOST_COUNTED + 1, team_id=change.team_id)

    await world.services.events.change(world.people.team_id, add)

    with caplog.at_level(logging.DEBUG, logger="tortoise.db_client"):
        found = await totals(world)
    statements = [record.getMessage() for record in caplog.records]

    assert found == (MOST_COUNTED + 2, MOST_COUNTED + 1)
    assert [one for one in statements if "COUNT(" in one] == []
    assert await totals(world, NARROWED) == (MOST_COUNTED, MOST_COUNTED)


@pytest.mark.parametrize("round_", range(3))
async def test_the_kept_totals_are_those_of_the_rows_whatever_is_written(round_: int, world: World) -> None:
    random, teams, events = fresh_random(), [world.people.team_id, uuid4()], world.services.events
    await events.found(teams[1], partial(_add, random))

    for _ in range(30):
        await events.change(random.choice(teams), partial(random.choice(DEEDS), random))

    for team_id in teams:
        living = await Integration.filter(team_id=team_id, deleted_at__isnull=True).count()
        there = await Monitor.filter(team_id=team_id).count()
        assert (await kept_total(team_id, "integrations"), await kept_total(team_id, "monitors")) == (living, there), round_


async def _add(random: Random, change: Change) -> None:
    await integrations(random.randint(1, 4), team_id=change.team_id)


async def _add_deleted(random: Random, change: Change) -> None:
    await integrations(random.randint(1, 4), team_id=change.team_id, deleted_at=MOMENT)


async def _add_monitors(random: Random, change: Change) -> None:
    await monitors(random.randint(1, 4), team_id=change.team_id)


async def _delete(random: Random, change: Change) -> None:
    await Integration.filter(id__in=await _some(random, Integration, change.team_id)).update(deleted_at=MOMENT)


async def _restore(random: Random, change: Change) -> None:
    await Integration.filter(id__in=await _some(random, Integration, change.team_id)).update(deleted_at=None)


async def _touch(random: Random, change: Change) -> None:
    await Integration.filter(id__in=await _some(random, Integration, change.team_id)).update(name="Renamed")


async def _remove(random: Random, change: Change) -> None:
    model: Kind = Integration if random.random() < 0.5 else Monitor
    await model.filter(id__in=await _some(random, model, change.team_id)).delete()


DEEDS: tuple[Callable[[Random, Change], Awaitable[None]], ...] = (
    _add,
    _add_deleted,
    _add_monitors,
    _delete,
    _restore,
    _touch,
    _remove,
)


async def _some(random: Random, model: Kind, team_id: UUID) -> list[Any]:
    ids = await model.filter(team_id=team_id).order_by("id").values_list("id", flat=True)
    return random.sample(ids, min(len(ids), 2)) or [uuid4()]


async def integrations(count: int, *, team_id: UUID, deleted_at: datetime | None = None) -> None:
    rows = [
        Integration(
            id=uuid4(),
            team_id=team_id,
            provider="slack",
            kind="post-monitoring-results",
            name="Results",
            uses_installed_app=True,
            connected_to="acme",
            account_id="T1",
            origin="https://slack.com",
            status=IntegrationStatus.ACTIVE,
            status_changed_at=MOMENT,
            created_at=MOMENT,
            updated_at=MOMENT,
            deleted_at=deleted_at,
        )
        for _ in range(count)
    ]
    await Integration.bulk_create(rows, batch_size=1_000)


async def monitors(count: int, *, team_id: UUID) -> None:
    rows = [Monitor(id=(key := uuid4()), team_id=team_id, key=f"m{key}", name="M", created_at=MOMENT) for _ in range(count)]
    await Monitor.bulk_create(rows, batch_size=1_000)


async def totals(world: World, document: str = TOTALS) -> tuple[int, int]:
    found = await world.ask(document, world.people.ada)
    return found["integrations"]["totalCount"], found["monitors"]["totalCount"]
