"""Whatever is asked, the event loop is never kept from others for long, and the answer is the same as if it had been."""

import asyncio
import gc
import itertools
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import pytest
from graphql import ExecutionResult, GraphQLSchema, build_schema, execute, parse
from hypothesis import given, strategies as st
from strawberry.utils.await_maybe import await_maybe

from app.errors import BadUserInput
from app.graphql.context import Context
from app.graphql.execution.executor import LATE, BoundedExecutor
from app.graphql.execution.turns import Turns
from app.graphql.transport import results
from app.graphql.transport.requests import Operation
from tests.graphql.tiny import World, caller, schema
from tests.slowness import slowness

LONGEST_SECONDS = 0.1
ONE_PIECE = 3_600.0
NEVER_AWAITS = "name"
READS = "name length"


def nested(levels: int, leaf: str) -> str:
    for _ in range(levels):
        leaf = f"others(first: 20) {{ nodes {{ {leaf} }} }}"
    return f"{{ things(first: 20) {{ nodes {{ {leaf} }} }} }}"


def context(turns: Turns, *, deadline: float = 600.0) -> Context:
    return Context(caller=caller(), services=World().services, request_id="1", deadline=deadline, place=turns.place())


async def run(text: str, operation: Context, *, of: GraphQLSchema | None = None) -> ExecutionResult:
    """Execute what is asked whatever it costs: an operation is to be harmless even where its cost was wrong."""
    asked = execute(
        of or schema()._schema,  # noqa: SLF001 - around the limits
        parse(text),
        context_value=operation,
        executor_class=BoundedExecutor,
    )
    return await await_maybe(asked)


@pytest.fixture
def _unmoved_heap() -> Iterator[None]:
    """As a process that serves has it, or collections would count what other tests left."""
    schema()
    gc.collect()
    gc.freeze()
    thresholds = gc.get_threshold()
    gc.set_threshold(700, 10, 2)
    yield
    gc.set_threshold(*thresholds)


@asynccontextmanager
async def looking_at_the_loop() -> AsyncIterator[list[float]]:
    """Yield the seconds of CPU that each round of the loop has taken, without collections of garbage.

    A whole collection takes as long as all that is held is large. An operation's cost bounds that, not its turns: those here are
    far beyond what is let in, and the faster the machine, the more of them is there when their deadline comes.
    """
    rounds: list[float] = []
    clock = _WithoutCollections()

    async def look() -> None:
        before = clock.now()
        while True:
            await asyncio.sleep(0)
            now = clock.now()
            rounds.append(now - before)
            before = now

    gc.callbacks.append(clock.note)
    looking = asyncio.create_task(look())
    try:
        yield rounds
    finally:
        looking.cancel()
        gc.callbacks.remove(clock.note)


class _WithoutCollections:
    """This thread's seconds of CPU, which stand still while garbage is collected."""

    def __init__(self) -> None:
        self._collecting = 0.0
        self._begun = 0.0

    def now(self) -> float:
        return time.thread_time() - self._collecting

    def note(self, phase: str, _: dict[str, int]) -> None:
        if phase == "start":
            self._begun = time.thread_time()
        else:
            self._collecting += time.thread_time() - self._begun


@pytest.mark.usefixtures("_unmoved_heap")
@pytest.mark.parametrize("leaf", [NEVER_AWAITS, READS])
async def test_no_operation_keeps_the_loop_for_long_and_its_deadline_holds_also_where_it_never_waits(leaf: str) -> None:
    turns = Turns()

    async with looking_at_the_loop() as rounds:
        begun = time.monotonic()
        answer = await run(nested(6, leaf), context(turns, deadline=1.0))
        took = time.monotonic() - begun

    assert answer.data is None
    assert [error.message for error in answer.errors or ()] == [LATE]
    assert max(rounds) < LONGEST_SECONDS * slowness()
    assert took < 10.0


@pytest.mark.usefixtures("_unmoved_heap")
async def test_nor_do_many_at_once_and_a_small_one_beside_them_is_answered_between() -> None:
    turns = Turns()

    async with looking_at_the_loop() as rounds:
        large = [asyncio.create_task(run(nested(6, READS), context(turns, deadline=2.0))) for _ in range(20)]
        await asyncio.sleep(0.2)
        begun = len(rounds)
        small = await run('{ thing(name: "aaa") { name length } }', context(turns))
        rounds_of_small = len(rounds) - begun
        given_up = await asyncio.gather(*large)

    assert small == ExecutionResult({"thing": {"name": "aaa", "length": 3}}, None)
    assert rounds_of_small < 50
    assert [answer.data for answer in given_up] == [None] * 20
    assert max(rounds) < 2 * LONGEST_SECONDS * slowness()


@pytest.mark.usefixtures("_unmoved_heap")
async def test_who_leaves_a_large_operation_keeps_nobody_waiting_either() -> None:
    turns = Turns()
    operation = context(turns)

    async with looking_at_the_loop() as rounds:
        asking = asyncio.create_task(run(nested(6, READS), operation))
        await asyncio.sleep(0.5)
        asking.cancel()
        [outcome] = await asyncio.gather(asking, return_exceptions=True)

    assert isinstance(outcome, asyncio.CancelledError)
    assert operation.place.held == 0
    assert max(rounds) < LONGEST_SECONDS * slowness()


async def test_a_level_is_read_together_however_many_turns_it_takes_up_to_five_hundred_at_once() -> None:
    world = World()
    operation = Context(caller=caller(), services=world.services, request_id="1", deadline=600.0, place=Turns(seconds=0).place())

    answer = await run(nested(1, READS), operation)

    assert answer.errors is None
    assert [len(batch) for batch in world.batches] == [25]  # all other names are behind "aaa", and each is asked once


# The law: a slice that is over after each step changes nothing.

TREE = build_schema(
    """
    type Query { node: Node }
    type Node {
      name: String!  later: String!  fails: String  failsLater: String  breaks: String!  breaksLater: String!
      one: Node  oneLater: Node  all: [Node!]!  allLater: [Node!]!  some: [Node]  someLater: [Node]
    }
    """
)


def _now(found: Any) -> Any:
    return lambda *_: found()


def _later(found: Any) -> Any:
    async def resolve(*_: Any) -> Any:
        await asyncio.sleep(0)
        return found()

    return resolve


def _fail() -> None:
    raise BadUserInput("That fails.")


FOUND = {
    "name": lambda: "a",
    "fails": _fail,
    "breaks": _fail,
    "one": dict,
    "all": lambda: [{}, {}],
    "some": lambda: [{}, None, {}],
}
for _name, _found in FOUND.items():
    _fields: Any = TREE.get_type("Node").fields  # type: ignore[union-attr]
    _fields[_name].resolve = _now(_found)
    _fields["later" if _name == "name" else f"{_name}Later"].resolve = _later(_found)
TREE.query_type.fields["node"].resolve = _now(dict)  # type: ignore[union-attr]

HARMLESS = ["name", "later", "fails", "failsLater"]
LEADING = ["one", "oneLater", "all", "allLater", "some", "someLater"]


def trees(leaves: list[str]) -> st.SearchStrategy[str]:
    leading = st.sampled_from(LEADING)

    def extend_types(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        fields = st.sampled_from(leaves) | st.builds("{} {{ {} }}".format, leading, inner)
        return st.lists(fields, min_size=1, max_size=4).map(_apart)

    return st.recursive(st.sampled_from(leaves), extend_types, max_leaves=25)


def _apart(fields: list[str]) -> str:
    return " ".join(f"_{number}: {field}" for number, field in enumerate(fields))


async def both(selected: str) -> tuple[ExecutionResult, ExecutionResult]:
    text = f"{{ node {{ {selected} }} }}"
    whole, pieces = [await run(text, context(Turns(seconds=seconds)), of=TREE) for seconds in (ONE_PIECE, 0.0)]
    return whole, pieces


def errors_of(answer: ExecutionResult) -> list[str]:
    return sorted(str(error.formatted) for error in answer.errors or ())


@given(trees(HARMLESS))
async def test_what_is_executed_in_many_turns_is_answered_as_if_it_had_been_one(selected: str) -> None:
    whole, pieces = await both(selected)

    assert pieces.data == whole.data
    assert errors_of(pieces) == errors_of(whole)


@given(trees([*HARMLESS, "breaks", "breaksLater"]))
async def test_what_an_error_takes_away_is_the_same_whichever_of_several_is_told(selected: str) -> None:
    whole, pieces = await both(selected)

    assert pieces.data == whole.data
    assert bool(pieces.errors) is bool(whole.errors)


@pytest.mark.parametrize("taken", [3, 1])
async def test_the_events_of_a_subscription_keep_no_large_operation_back_once_they_are_told_or_nobody_listens(taken: int) -> None:
    seconds = itertools.count()
    turns = Turns(seconds=ONE_PIECE, now=lambda: next(seconds) / 10)  # whoever works at all is a large one
    operation = Operation("subscription { thingChanged(times: 3) { name } }", None, None, None)

    async with aclosing(results.run(schema(), operation, context(turns))) as events:
        heard = [await anext(events) for _ in range(taken)]

    assert [event.errors for event in heard] == [None] * taken
    assert turns._at_large == []  # noqa: SLF001 - who is there holds all later ones up
