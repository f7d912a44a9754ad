"""What an operation has found is let go of when it is answered: at once, and not when garbage is next collected."""

import gc
from collections.abc import AsyncGenerator
from typing import Any, cast

import pytest
from graphql.execution.collect_fields import CollectedFields

from app.graphql.context import Context
from app.graphql.execution.loading import Loader
from tests.graphql.tiny import World, caller, schema

LISTEN = "subscription { thingChanged(times: 300) { name length others(first: 2) { nodes { length } } } }"
ASK = '{ thing(name: "aaa") { length others(first: 2) { nodes { length } } } }'


pytestmark = pytest.mark.usefixtures("no_collections")


async def test_a_listener_of_many_events_costs_no_more_than_one_of_few() -> None:
    events = cast(AsyncGenerator[Any, None], await schema().subscribe(LISTEN, context_value=context()))

    async def hear(count: int) -> tuple[int, int]:
        for _ in range(count):
            assert (await anext(events)).errors is None
        gc.collect()
        return kept()

    after_few, after_many = await hear(20), await hear(250)
    await events.aclose()

    assert after_many == after_few


async def test_an_answered_operation_keeps_nothing_of_what_it_found() -> None:
    before = kept()

    for _ in range(20):
        assert (await schema().execute(ASK, context_value=context())).errors is None

    assert kept() == before


def context() -> Context:
    return Context(caller=caller(), services=World().services, request_id="1")


def kept() -> tuple[int, int]:
    """Return how many sets of fields and rows there are, garbage included."""
    everything = gc.get_objects()
    return sum(isinstance(each, CollectedFields) for each in everything), sum(isinstance(each, Loader) for each in everything)
