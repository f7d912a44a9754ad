"""The batch functions of the whole service, as they stand in its modules, and what one says of a key."""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any, get_args, get_origin, get_type_hints
from uuid import UUID

import app
from app.graphql.connections import LARGEST_SIZE, Arguments, Page
from app.graphql.context import Batch, Context
from app.graphql.pages_of_each import PagesOfEach
from app.graphql.rows import Rows

_PARAMETERS = ("keys", "context")
_WHOLE = Arguments.check(first=LARGEST_SIZE)


@dataclass(frozen=True)
class Found:
    """A batch function, what its keys are, and where it stands."""

    name: str
    read: Batch[Any, Any]
    key: Any

    @property
    def takes_page(self) -> bool:
        return get_origin(self.key) is tuple and get_args(self.key) == (UUID, Arguments)

    async def ask(self, values: Sequence[Any], *, context: Context) -> list[Any]:
        """Return what it says of each value; of a page its rows and its total."""
        keys = [(value, _WHOLE) for value in values] if self.takes_page else list(values)
        return [await _told(answer) for answer in await self.read(keys, context=context)]


def batches() -> list[Found]:
    """Return everything of the service that is called with `keys` and, by its name, the `context`."""
    found: dict[Any, Found] = {}
    for module in _modules():
        for name, function in _functions_of(importlib.import_module(module)):
            if tuple(inspect.signature(function).parameters) == _PARAMETERS:
                found.setdefault(function, Found(f"{module}.{name}", function, _key_of(function)))
    return sorted(found.values(), key=lambda each: each.name)


def _functions_of(module: ModuleType) -> Iterator[tuple[str, Any]]:
    """Yield the functions that stand in a module, its nodes', and what was made for it or for another."""
    for name, function in inspect.getmembers(module, inspect.iscoroutinefunction):
        if function.__module__ == module.__name__ or "<locals>" in function.__qualname__:
            yield name, function
    yield from inspect.getmembers(module, lambda member: isinstance(member, Rows | PagesOfEach))
    for kind, function in getattr(module, "NODES", {}).items():
        yield f"nodes of {kind}", function


async def _told(answer: Any) -> Any:
    return (list(answer.rows), await answer.count()) if isinstance(answer, Page) else answer


def _key_of(function: Any) -> Any:
    called = function.__call__ if isinstance(function, Rows | PagesOfEach) else function
    [key] = get_args(get_type_hints(called)["keys"])
    return key


def _modules() -> Iterator[str]:
    for module in pkgutil.walk_packages(app.__path__, "app."):
        if not module.name.startswith(("app.migrations", "app.__main__")):
            yield module.name
