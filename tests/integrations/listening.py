"""Subscriptions, listened to for a while."""

import asyncio
from typing import Any

from app.access.callers import Caller
from tests.installed_apps.world import World, schema


async def cursor(world: World, caller: Caller) -> str:
    data = await world.ask("{ eventCursor }", caller)
    return str(data["eventCursor"])


async def listen(world: World, document: str, caller: Caller, *, count: int, **variables: object) -> list[dict[str, Any]]:
    """Return the first `count` things that a subscription yields."""
    watching = asyncio.create_task(world.services.watcher.run())
    results: Any = await schema().subscribe(document, context_value=world.context(caller), variable_values=dict(variables))
    heard: list[dict[str, Any]] = []
    try:
        async with asyncio.timeout(20):
            async for result in results:
                assert not result.errors, result.errors
                [value] = result.data.values()
                heard.append(value)
                if len(heard) == count:
                    break
        await results.aclose()
    finally:
        watching.cancel()
    return heard
