"""Executions that equal listeners share: one change wakes thousands of them, and most ask the same of it.

Whoever comes first executes an event for all who listen with the same operation, as the same team with the same role and scopes.
What it read is told for a second at most, and no longer than nobody knows of anything newer in the team's log.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar
from weakref import WeakValueDictionary

import orjson
from graphql import ExecutionResult

from app.log.companies import Company

C = TypeVar("C")

KEPT_SECONDS = 1.0
_MOST_PERSONAL = 1_000


class SharedData(dict[str, Any]):
    """The data of a result that several are told; nobody changes it."""

    @cached_property
    def encoded(self) -> orjson.Fragment:
        """As JSON, made once for all."""
        return orjson.Fragment(self.json)

    @cached_property
    def json(self) -> bytes:
        return orjson.dumps(self)

    @cached_property
    def alone(self) -> bytes:
        """The body of a response that has nothing else in it."""
        return b'{"data":' + self.json + b"}"

    def body(self, extensions: Mapping[str, Any]) -> bytes:
        """Return the body of a response with these extensions."""
        return self.alone if not extensions else self.alone[:-1] + b',"extensions":' + orjson.dumps(extensions) + b"}"


def bodies(told: Sequence[SharedData], extensions: Mapping[str, Any]) -> Iterator[bytes]:
    """Yield the bodies of responses one after the other, the first with these extensions."""
    for number, data in enumerate(told):
        yield data.body(extensions if not number else {})


def encode_once(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the same body for orjson, with its data as JSON where it is shared: that is encoded once for all."""
    data = body.get("data")
    return {**body, "data": data.encoded} if isinstance(data, SharedData) else body


@dataclass(frozen=True)
class Execution:
    """What came of an event. `is_personal`: it depends on who exactly is asking."""

    result: ExecutionResult
    is_personal: bool


Execute = Callable[[], Awaitable[Execution]]


class SharedExecutions:
    """The executions of events in one process. `listening` is what listeners have in common, `event` what they are told of."""

    def __init__(self, *, kept_seconds: float = KEPT_SECONDS) -> None:
        self._kept_seconds = kept_seconds
        self._results: dict[Hashable, asyncio.Future[ExecutionResult | None]] = {}
        self._personal: OrderedDict[Hashable, None] = OrderedDict()
        self._reads: dict[Hashable, Any] = {}
        self._companies: WeakValueDictionary[Hashable, Company[Any]] = WeakValueDictionary()
        self._executors: WeakValueDictionary[Hashable, Any] = WeakValueDictionary()

    def company_of(self, listening: Hashable) -> Company[Any]:
        """Return the company of those who have this in common; it is there for as long as any of them."""
        company = self._companies.get(listening)
        if company is None:
            company = self._companies[listening] = Company()
        return company

    def executor_of(self, listening: Hashable, make: Callable[[], C]) -> C:
        """Return what executes events for those who have this in common: what `make` makes for the first of them."""
        found: C | None = self._executors.get(listening) if listening is not None else None
        if found is None:
            found = make()
            if listening is not None:
                self._executors[listening] = found
        return found

    def reads_of(self, common: Hashable, make: Callable[[], C]) -> C:
        """Return where those who have this in common read from: what `make` makes for the first of them."""
        found: C | None = self._reads.get(common)
        if found is None:
            found = self._reads[common] = make()
            asyncio.get_running_loop().call_later(self._kept_seconds, self._reads.pop, common, None)
        return found

    def forget_reads(self, common: Hashable) -> None:
        """Let the next one read anew: something could not be read."""
        self._reads.pop(common, None)

    def is_personal(self, listening: Hashable) -> bool:
        """Whether what they are told is known to depend on who exactly is asking."""
        return listening in self._personal

    async def ask(self, listening: Hashable, event: Hashable, execute: Execute) -> ExecutionResult:
        """Return the result that another has of the event, or else what `execute` makes of it.

        Each executes for itself what is personal, and what has errors. Where the one that executes is cancelled, another does it.
        """
        key = listening, event
        while listening not in self._personal:
            begun = self._results.get(key)
            if begun is None:
                return await self._execute_for_all(key, execute)
            result = begun.result() if begun.done() else await asyncio.shield(begun)
            if result is not None:
                return result
            if self._results.get(key) is begun:
                break
        return (await execute()).result

    async def known(self, listening: Hashable, event: Hashable, *, waits: bool = True) -> SharedData | None:
        """Return what those who have this in common are told of the event; None where nobody is, or has been just now.

        What is only being found out is waited for, or else None.
        """
        begun = self._results.get((listening, event))
        if begun is None or not (waits or begun.done()):
            return None
        result = begun.result() if begun.done() else await asyncio.shield(begun)
        return result.data if result is not None and isinstance(result.data, SharedData) else None

    async def _execute_for_all(self, key: tuple[Hashable, Hashable], execute: Execute) -> ExecutionResult:
        told = self._results[key] = asyncio.get_running_loop().create_future()
        try:
            made = await execute()
        except BaseException:
            del self._results[key]
            told.set_result(None)
            raise
        asyncio.get_running_loop().call_later(self._kept_seconds, self._results.pop, key, None)
        if made.is_personal:
            self._remember(key[0])
        if made.is_personal or made.result.errors or made.result.data is None:
            told.set_result(None)
        else:
            made.result.data = SharedData(made.result.data)
            told.set_result(made.result)
        return made.result

    def _remember(self, listening: Hashable) -> None:
        """Note that what they are told is personal, so that they do not wait for one another."""
        self._personal[listening] = None
        if len(self._personal) > _MOST_PERSONAL:
            self._personal.popitem(last=False)
