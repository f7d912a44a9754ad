"""Whatever resolvers return, right or wrong, now or later, what is answered by levels is what is answered field by field."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

from graphql import build_schema, parse
from hypothesis import example, given, settings, strategies as st

from app.errors import BadUserInput
from tests.graphql.alike import ByLevels, FieldByField, answer, essence
from tests.journeys.soaking import full

TYPES: tuple[str, ...] = (
    *("Int", "Int!", "String!", "Float", "Boolean!", "ID", "Mood", "Mood!", "Node", "Node!"),
    *("[Int]", "[Int!]", "[Int!]!", "[[Int!]]!", "[Node]", "[Node!]", "[Node!]!", "[[Node!]!]", "[[Node]!]!", "[Mood!]"),
)
KINDS = {f"f{number}": kind for number, kind in enumerate(TYPES)}
SCHEMA = build_schema(
    f"""
    enum Mood {{ GOOD BAD }}
    type Query {{ node: Node sure: Node! }}
    type Node {{ {" ".join(f"{name}: {kind}" for name, kind in KINDS.items())} }}
    """
)
SCHEMA.query_type.fields["node"].resolve = lambda root, _: root  # type: ignore[union-attr]
SCHEMA.query_type.fields["sure"].resolve = lambda root, _: root  # type: ignore[union-attr]


class Late:
    """What stands for something that has to be awaited: made anew each time that it is asked for."""

    def __init__(self, value: Any, times: int) -> None:
        self.value = value
        self.times = times

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.value!r}, {self.times})"


class Stream(Late):
    """The same for what is iterated asynchronously."""


class Lazy(Late):
    """The same for what is iterated, and is no list."""


_COMING: list[Coroutine[Any, Any, Any]] = []


def now(value: Any) -> Any:
    """Return what a resolver returns."""
    match value:
        case Stream():
            return _stream(value)
        case Lazy():
            return (now(item) for item in value.value)
        case Late():
            coming = _late(value)
            _COMING.append(coming)
            return coming
        case list():
            return [now(item) for item in value]
        case _:
            return value


async def _late(value: Late) -> Any:
    for _ in range(value.times):
        await asyncio.sleep(0)
    found = now(value.value)
    if isinstance(found, Exception):
        raise found
    return found


async def _stream(value: Late) -> AsyncIterator[Any]:
    for item in value.value:
        await asyncio.sleep(0)
        yield now(item)


def _resolver(name: str) -> Callable[..., Any]:
    def resolve(source: dict[str, Any], _: Any) -> Any:
        found = now(source.get(name))
        if isinstance(found, LookupError):
            raise found
        return found

    return resolve


for _name in KINDS:
    SCHEMA.get_type("Node").fields[_name].resolve = _resolver(_name)  # type: ignore[union-attr]

FAULTS = st.builds(BadUserInput, st.sampled_from(["One.", "Two."])) | st.builds(LookupError, st.just("Three."))
LEAVES = st.none() | st.booleans() | st.integers(-(2**32), 2**32) | st.sampled_from([1.5, float("nan"), "a", "12", "GOOD"])
PLAIN = LEAVES | FAULTS


def later(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return inner | st.builds(Late, inner, st.integers(0, 3))


def nodes(depth: int) -> st.SearchStrategy[Any]:
    """Return objects, and what is none, of so many levels."""
    if not depth:
        return st.just({})
    fitting = {name: later(lists(kind.count("["), _items(kind, depth)) | PLAIN | st.just([])) for name, kind in KINDS.items()}
    return st.fixed_dictionaries({}, optional=fitting)


def _items(kind: str, depth: int) -> st.SearchStrategy[Any]:
    if "Node" in kind:
        return st.deferred(lambda: nodes(depth - 1))
    return st.sampled_from(["GOOD", "BAD"]) if "Mood" in kind else st.integers(0, 9) | LEAVES


def lists(levels: int, inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    for _ in range(levels):
        items = st.lists(later(inner) | st.none() if levels else inner, max_size=3)
        inner = items | st.builds(Lazy, items, st.just(0)) | st.builds(Stream, items, st.just(0))
    return inner


@st.composite
def selections(draw: Callable[..., Any], depth: int = 2) -> str:
    names = draw(st.lists(st.sampled_from(sorted(KINDS)), min_size=1, max_size=6, unique=True))
    parts = ["__typename"] if draw(st.booleans()) else []
    for name in names:
        if "Node" not in KINDS[name]:
            parts.append(name)
        elif depth:
            parts.append(f"{name} {{ {draw(selections(depth - 1))} }}")
    return " ".join(parts or ["__typename"])


@settings(max_examples=full(1_000, ci=100))
@example("node", "f9 { __typename }", {"f9": None})
@example("node", "f13", {"f13": Stream([Stream([], 0)], 0)})
@given(st.sampled_from(["node", "sure"]), selections(), nodes(2))
async def test_it_is_answered_alike(root: str, selected: str, source: dict[str, Any]) -> None:
    document = parse(f"{{ {root} {{ {selected} }} }}")

    one_by_one = essence(await answer(SCHEMA, document, FieldByField, root=source))
    await close_forgotten()
    by_levels = await answer(SCHEMA, document, ByLevels, root=source)
    _COMING.clear()

    assert essence(by_levels) == one_by_one


async def close_forgotten() -> None:
    """Close what graphql-core never looked at: the items behind one that has failed."""
    await asyncio.sleep(0)  # what was cancelled ends first
    for coming in _COMING:
        if inspect.getcoroutinestate(coming) == inspect.CORO_CREATED:
            coming.close()
    _COMING.clear()
