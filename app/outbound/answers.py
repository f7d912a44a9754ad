"""What has been answered lately, kept for a minute."""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, is_dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar
from uuid import UUID

KEPT_FOR = timedelta(seconds=60)
_MOST_WEIGHT = 32 * 1024 * 1024
_PAGE_WEIGHT = 32 * 1024
_BYTES_OF_CHARACTER = 4

T = TypeVar("T")


@dataclass(frozen=True)
class KeptAnswer(Generic[T]):
    answer: T
    until: datetime
    weight: int


class Answers:
    """Answers by what was asked; the longest unused give way when they are old, or weigh too much."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[UUID, Hashable], KeptAnswer[Any]] = OrderedDict()
        self._weight = 0

    def find(self, key: tuple[UUID, Hashable], *, now: datetime) -> KeptAnswer[Any] | None:
        found = self._kept.get(key)
        if found is None:
            return None
        if found.until <= now:
            self._drop(key)
            return None
        self._kept.move_to_end(key)
        return found

    def keep(self, key: tuple[UUID, Hashable], answer: object, *, now: datetime) -> None:
        if key in self._kept:
            self._drop(key)
        # The longest unused is at most one lifetime older than any other that is not old yet.
        while self._kept and next(iter(self._kept.values())).until <= now:
            self._drop(next(iter(self._kept)))
        kept = KeptAnswer(answer, now + KEPT_FOR, _weigh(answer))
        self._kept[key] = kept
        self._weight += kept.weight
        while self._weight > _MOST_WEIGHT:
            self._drop(next(iter(self._kept)))

    def _drop(self, key: tuple[UUID, Hashable]) -> None:
        self._weight -= self._kept.pop(key).weight


def _weigh(answer: object) -> int:
    """Return about how many bytes it holds: whoever answers decides how long names are."""
    return _PAGE_WEIGHT + _length_of(answer) * _BYTES_OF_CHARACTER


def _length_of(answer: object) -> int:
    if isinstance(answer, str):
        return len(answer)
    if isinstance(answer, list | tuple):
        return sum(map(_length_of, answer))
    return sum(map(_length_of, vars(answer).values())) if is_dataclass(answer) else 0
