"""Listeners who ask the same of one event share what came of it, and none is told what is another's."""

import asyncio
import weakref
from collections.abc import Sequence

import orjson
import pytest
from graphql import ExecutionResult, GraphQLError

from app.access.callers import Deputy
from app.graphql.execution.sharing import Execution, SharedExecutions, encode_once
from tests.graphql.tiny import caller


class Reads:
    """Executions that wait until they may go on, and answer in turn; counted."""

    def __init__(self, *answers: ExecutionResult, is_personal: bool = False) -> None:
        self._answers = list(answers)
        self._is_personal = is_personal
        self.begun = 0
        self.go_on = asyncio.Event()

    async def execute(self) -> Execution:
        self.begun += 1
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        await self.go_on.wait()
        return Execution(answer, is_personal=self._is_personal)


def result(number: int = 1) -> ExecutionResult:
    return ExecutionResult({"number": number}, None)


async def all_of(asking: Sequence["asyncio.Task[ExecutionResult]"]) -> list[object]:
    return [each.data for each in await asyncio.gather(*asking)]


async def test_a_hundred_who_ask_the_same_of_one_event_have_it_executed_once() -> None:
    shared, reads = SharedExecutions(), Reads(result())
    asking = [asyncio.create_task(shared.ask("one", 1, reads.execute)) for _ in range(100)]
    await asyncio.sleep(0)

    reads.go_on.set()

    assert await all_of(asking) == [{"number": 1}] * 100
    assert (await shared.ask("one", 1, reads.execute)).data == {"number": 1}
    assert reads.begun == 1


async def test_another_event_and_another_question_are_executed_themselves() -> None:
    shared, reads = SharedExecutions(), Reads(result(1), result(2), result(3))
    reads.go_on.set()

    told = [(await shared.ask(*what, reads.execute)).data for what in (("one", 1), ("one", 2), ("two", 1))]

    assert told == [{"number": 1}, {"number": 2}, {"number": 3}]


async def test_where_the_one_who_executes_leaves_another_goes_on_and_nobody_hears_of_it() -> None:
    shared, reads = SharedExecutions(), Reads(result())
    first, *others = [asyncio.create_task(shared.ask("one", 1, reads.execute)) for _ in range(4)]
    await asyncio.sleep(0)

    first.cancel()
    reads.go_on.set()

    assert await all_of(others) == [{"number": 1}] * 3
    assert first.cancelled()
    assert reads.begun == 2


async def test_one_who_waits_and_leaves_takes_nothing_from_the_others() -> None:
    shared, reads = SharedExecutions(), Reads(result())
    asking = [asyncio.create_task(shared.ask("one", 1, reads.execute)) for _ in range(3)]
    await asyncio.sleep(0)

    asking[1].cancel()
    await asyncio.wait([asking[1]])
    reads.go_on.set()

    assert await all_of([asking[0], asking[2]]) == [{"number": 1}] * 2
    assert reads.begun == 1


async def test_what_has_errors_is_each_one_s_own() -> None:
    failed = ExecutionResult(None, [GraphQLError("No.")])
    shared, reads = SharedExecutions(), Reads(failed, result(2), result(3))
    reads.go_on.set()

    told = [(await shared.ask("one", 1, reads.execute)).data for _ in range(3)]

    assert told == [None, {"number": 2}, {"number": 3}]


async def test_what_is_personal_is_executed_for_each_and_nobody_waits_for_another_again() -> None:
    shared, reads = SharedExecutions(), Reads(result(1), result(2), is_personal=True)
    reads.go_on.set()
    told = [(await shared.ask("one", 1, reads.execute)).data for _ in range(2)]
    reads.go_on.clear()

    later = [asyncio.create_task(shared.ask("one", 2, reads.execute)) for _ in range(3)]
    await asyncio.sleep(0)

    assert told == [{"number": 1}, {"number": 2}]
    assert reads.begun == 5
    reads.go_on.set()
    await all_of(later)


async def test_what_was_shared_is_forgotten() -> None:
    shared, reads = SharedExecutions(kept_seconds=0.0), Reads(result(1), result(2))
    reads.go_on.set()
    await shared.ask("one", 1, reads.execute)
    forgotten = asyncio.Event()
    asyncio.get_running_loop().call_later(0.0, forgotten.set)  # behind what forgets it
    await forgotten.wait()

    assert (await shared.ask("one", 1, reads.execute)).data == {"number": 2}


async def test_what_is_shared_is_encoded_once_as_everything_else_is() -> None:
    shared, reads = SharedExecutions(), Reads(ExecutionResult({"text": 'ä"\u2028', "none": None}, None))
    reads.go_on.set()
    data = (await shared.ask("one", 1, reads.execute)).data
    body = {"data": data, "extensions": {"cost": 1}}

    assert orjson.loads(orjson.dumps(encode_once(body))) == body
    assert encode_once(body)["data"] is encode_once(body)["data"]
    assert encode_once({"data": {"text": 1}}) == {"data": {"text": 1}}


@pytest.mark.parametrize("name", ["member_id", "credential_id", "expires_at", "is_of_issuer", "origin", "actor"])
def test_a_deputy_notes_who_asks_it_for_what_is_one_caller_s_alone(name: str) -> None:
    deputy = Deputy.of(caller())
    assert (deputy.team_id, deputy.role, deputy.can_write, deputy.has_any(*deputy.scopes)) == (
        caller().team_id,
        caller().role,
        True,
        True,
    )
    assert not deputy.was_asked_who

    assert getattr(deputy, name) == getattr(caller(), name)

    assert deputy.was_asked_who


class Executor:
    """Stands for what executes events."""


def test_equal_listeners_have_one_executor_for_as_long_as_any_of_them_is_there() -> None:
    shared = SharedExecutions()

    of_one, of_another, of_a_third = (shared.executor_of(listening, Executor) for listening in ("one", "one", "two"))
    of_nobody = [shared.executor_of(None, Executor) for _ in range(2)]

    assert of_one is of_another
    assert of_one is not of_a_third
    assert of_nobody[0] is not of_nobody[1]
    gone = weakref.ref(of_one)
    del of_one, of_another
    assert gone() is None
