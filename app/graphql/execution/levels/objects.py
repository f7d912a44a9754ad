"""Objects that a field brings together: they are of one class and read by columns, and one is made only where it is looked at."""

from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate, chain
from typing import TYPE_CHECKING, Any, TypeAlias

Read: TypeAlias = Callable[[str], Sequence[Any]]
"""Returns an attribute of many objects, in their order; dots lead on. Raises what it would for one of them."""


if TYPE_CHECKING:
    _Sequence = Sequence
else:

    class _Sequence:
        """In name alone: whether a value is of an abstract class takes ten times as long to say, and each field asks it."""

        def __class_getitem__(cls, _: Any) -> type:
            return cls

        def __iter__(self) -> Iterator[Any]:
            return map(self.__getitem__, range(len(self)))


class Objects(_Sequence[Any]):
    """Objects of one class, `kind`. An attribute of all of them may be others: Objects, Some or Lists."""

    kind: type

    @abstractmethod
    def read(self, name: str) -> Sequence[Any]:
        """Return an attribute of all of them, as a Read does."""


class Some(_Sequence[Any]):
    """Objects at some `places` among so many; at the others there is None."""

    def __init__(self, objects: Sequence[Any], places: Sequence[int], count: int) -> None:
        self.objects = objects
        self.places = places
        self._count = count

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, place: Any) -> Any:
        spread: list[Any] = [None] * self._count
        for each, one in zip(self.places, self.objects, strict=True):
            spread[each] = one
        return spread[place]

    def __iter__(self) -> Iterator[Any]:
        return iter(self[:])


class Lists(_Sequence[Sequence[Any]]):
    """Lists of these lengths, one behind the other, of `objects`."""

    def __init__(self, objects: Sequence[Any], lengths: Sequence[int]) -> None:
        self.objects = objects
        self.lengths = lengths

    def __len__(self) -> int:
        return len(self.lengths)

    def __getitem__(self, place: Any) -> Any:
        return [*self][place]

    def __iter__(self) -> Iterator[Sequence[Any]]:
        for end, length in zip(accumulate(self.lengths), self.lengths, strict=True):
            yield self.objects[end - length : end]


def lists_among(values: Sequence[Any]) -> Lists | None:
    """Return the values as Lists where that is what all of them are."""
    if isinstance(values, Lists):
        return values
    if not values or not all(type(value) is list or isinstance(value, Objects) for value in values):
        return None
    return Lists(values[0] if len(values) == 1 else [*chain.from_iterable(values)], [*map(len, values)])
