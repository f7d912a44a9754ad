"""Statements that are run in one trip to the database."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import Any, TypeAlias

_PLACE = re.compile(r"\$(\d+)")
_VALUES = " VALUES "
_MOST_VALUES = 30_000
"""What a server takes with one statement is a little more."""

_KEPT = 256
_LONGEST_KEPT = 16
"""Runs: what a change most often writes is little, and the same each time."""


@dataclass(frozen=True)
class Statement:
    """A statement that writes something, and the values that it is run with, once with each."""

    sql: str
    runs: Sequence[Sequence[Any]]


_Portion: TypeAlias = tuple[tuple[str, int], ...]
"""What is run, in its order: each statement, and how many values it has."""


def joined(statements: Sequence[Statement]) -> Iterator[tuple[str, list[Any]]]:
    """Yield the parts of one WITH that a server is to run in their place, and its values: of one more where those are too many.

    An INSERT that is run several times becomes one of as many rows.
    """
    for portion in _portions(statements):
        runs = tuple((sql, len(run)) for sql, run in portion)
        write = _written if len(runs) <= _LONGEST_KEPT else _write
        yield write(runs), [value for _, run in portion for value in run]


def _portions(statements: Sequence[Statement]) -> Iterator[list[tuple[str, Sequence[Any]]]]:
    portion: list[tuple[str, Sequence[Any]]] = []
    number = 0
    for statement in statements:
        for run in statement.runs:
            if number + len(run) > _MOST_VALUES:
                yield portion
                portion, number = [], 0
            portion.append((statement.sql, run))
            number += len(run)
    if portion:
        yield portion


@lru_cache(_KEPT)
def _written(portion: _Portion) -> str:
    return _write(portion)


def _write(portion: _Portion) -> str:
    parts: list[str] = []
    after = 0
    for sql, same in groupby(portion, itemgetter(0)):
        for one, values in _as_one(sql, [number for _, number in same]):
            parts.append(f'"part_{len(parts)}" AS ({_numbered(one, after=after)})')
            after += values
    return ", ".join(parts)


def _as_one(sql: str, runs: Sequence[int]) -> Iterator[tuple[str, int]]:
    """Yield the statements that are run, with how many values each has."""
    if not sql.startswith("INSERT"):
        yield from ((sql, number) for number in runs)
        return
    head, _, row = sql.partition(_VALUES)
    rows = [_numbered(row, after=number * runs[0]) for number in range(len(runs))]
    yield f"{head}{_VALUES}{','.join(rows)}", sum(runs)


def _numbered(sql: str, *, after: int) -> str:
    return _PLACE.sub(lambda place: f"${int(place[1]) + after}", sql) if after else sql
