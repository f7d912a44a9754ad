"""Conditions that Tortoise has no words for, on both databases."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from tortoise.expressions import Q

from app.monitors.models import Monitor
from app.storage import database as storage
from app.storage.conditions import Contains


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    ("text", "found"),
    [("ÄRGER", True), ("lAUf", True), ("nachtsÄrger", False), ("nachts rger", False), ("%", False), ("_", False), ("\\", False)],
)
async def test_a_text_is_found_in_one_of_the_columns_in_upper_or_lower_case(text: str, found: bool) -> None:
    await _record(Monitor(id=uuid4(), team_id=uuid4(), key="Lauf nachts", name="Ärger", created_at=datetime.now(UTC)))

    assert await Monitor.filter(Contains(text, ("key", "name"))).exists() is found
    assert await Monitor.filter(Contains(text, ("key", "name")) | Q(key="Lauf nachts")).exists()


async def _record(monitor: Monitor) -> None:
    async def save(_connection: object) -> None:
        await monitor.save(force_create=True)

    await storage.write(save)
