"""Queries that are asked again and again, whose statements are written once: to write one takes longer than to ask it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, TypeVar
from uuid import UUID, uuid4

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.models import Model
from tortoise.queryset import QuerySet

from app.storage import database

M = TypeVar("M", bound=Model)

_FIRST_YEAR, _YEARS_APART = 4000, 100
_NEAR = timedelta(days=365 * _YEARS_APART // 2)


class Written(Generic[M]):
    """The query that `make` returns for some values: ids, moments, numbers, and texts.

    How it looks may not depend on them, and nothing may be made of them but that a moment may lie a fixed time from one given.
    """

    def __init__(self, make: Callable[..., QuerySet[M]]) -> None:
        self._make = make
        self._statements: dict[str, _Statement] = {}

    async def ask(self, *values: Any) -> list[M]:
        """Return the rows that it finds with these values."""
        connection = database.current()
        statement = self._statements.get(connection.capabilities.dialect)
        if statement is None:
            statement = self._statements[connection.capabilities.dialect] = _write(self._make, values, connection)
        executor: Any = connection.executor_class
        reading = executor(model=statement.model, db=connection, select_related_idx=statement.related)
        given = [value.of(values) if isinstance(value, _Place) else value for value in statement.values]
        found: list[M] = await reading.execute_select(statement.sql, given, custom_fields=statement.annotated)
        return found

    async def ask_one(self, *values: Any) -> M | None:
        """Return the first of them."""
        return next(iter(await self.ask(*values)), None)


@dataclass(frozen=True)
class _Place:
    """Where one of the values given stands, as the driver takes it, and for a moment how far from it."""

    number: int
    as_text: bool = False
    apart: timedelta | None = None

    def of(self, values: Sequence[Any]) -> Any:
        value = values[self.number]
        if self.as_text:
            return str(value)
        return value if self.apart is None else value + self.apart


@dataclass(frozen=True)
class _Statement:
    model: type[Model]
    sql: str
    values: Sequence[Any]
    related: list[Any]
    annotated: list[str]


def _write(make: Callable[..., QuerySet[Any]], values: Sequence[Any], connection: BaseDBAsyncClient) -> _Statement:
    """Write the statement with marks in the place of the values, by which these are found again."""
    marks = [_mark(value, number) for number, value in enumerate(values)]
    queryset = make(*marks)
    queryset._db = connection  # noqa: SLF001 - as Tortoise itself does where it is awaited
    queryset._make_query()  # noqa: SLF001 - as above
    sql, given = queryset.query.get_parameterized_sql()
    places = [_place(value, marks) for value in given]
    lacking = set(range(len(values))) - {place.number for place in places if isinstance(place, _Place)}
    if lacking:
        raise ValueError(f"The query has no place for some of its values: {sorted(lacking)}.")
    related, annotated = list(queryset._select_related_idx), list(queryset._annotations)  # noqa: SLF001 - as above
    return _Statement(queryset.model, sql, places, related, annotated)


def _mark(value: Any, number: int) -> Any:
    """Return a value of the same kind that stands nowhere else."""
    match value:
        case UUID():
            return uuid4()
        case datetime():
            return datetime(_FIRST_YEAR + _YEARS_APART * number, 1, 1, tzinfo=UTC)
        case str():
            return uuid4().hex
        case int():
            return uuid4().int % 2**31
    raise TypeError(f"{type(value).__name__} is not known here.")


def _place(given: Any, marks: Sequence[Any]) -> Any:
    for number, mark in enumerate(marks):
        if isinstance(mark, datetime):
            if isinstance(given, datetime) and abs(given - mark) < _NEAR:
                return _Place(number, apart=given - mark)
        elif type(given) is type(mark) and given == mark:
            return _Place(number)
        elif isinstance(mark, UUID) and given == str(mark):
            return _Place(number, as_text=True)
    return given
