"""The objects of one level, and where each of them stands in the answer."""

import itertools
from collections.abc import Iterable, Sequence
from typing import Any

from graphql.pyutils import Path

from app.graphql.execution.levels.fields import Field
from app.graphql.execution.levels.objects import Objects

_PLACES: Sequence[tuple[int, ...]] = [(place,) for place in range(100)]
"""The first places of a list, made once: most lists are no longer."""


class Level:
    """All objects of one type that one field of the level above has brought.

    Each row is an object: `sources` are what resolvers are given, `answers` what stands for it in the answer. It stands below
    row `owners` of the level above, in the lists of its `field` at `places`.
    """

    __slots__ = ("above", "answers", "depth", "field", "owners", "places", "sources")

    def __init__(self, above: "Level | None" = None, field: Field | None = None) -> None:
        self.above = above
        self.field = field
        self.depth: int = above.depth + 1 if above is not None else 0
        self.sources: Sequence[Any] = ()
        self.answers: list[dict[str, Any]] = []
        self.owners: list[int] = []
        self.places: list[tuple[int, ...]] = []

    def add(self, source: Any, *, owner: int, places: tuple[int, ...]) -> dict[str, Any]:
        """Add an object; return what is to stand for it in the answer, empty for now."""
        answer: dict[str, Any] = {}
        self._hold((source,))
        self.answers.append(answer)
        self.owners.append(owner)
        self.places.append(places)
        return answer

    def add_each(self, sources: Sequence[Any], *, owners: Sequence[int]) -> list[dict[str, Any]]:
        """Add an object below each of the owners, in no list; return the same for them."""
        return self._add(sources, owners, itertools.repeat((), len(sources)))

    def add_lists(self, sources: Sequence[Any], lengths: Sequence[int], *, owners: Sequence[int]) -> list[list[dict[str, Any]]]:
        """Add all objects of lists of these lengths, one below each of the owners; return the same for those of each list."""
        all_owners: list[int] = []
        places: list[tuple[int, ...]] = []
        for length, owner in zip(lengths, owners, strict=True):
            all_owners += [owner] * length
            places += _PLACES[:length] if length <= len(_PLACES) else zip(range(length), strict=True)
        made = self._add(sources, all_owners, places)
        ends = itertools.accumulate(lengths)
        return [made[end - length : end] for end, length in zip(ends, lengths, strict=True)]

    def _add(self, sources: Sequence[Any], owners: Iterable[int], places: Iterable[tuple[int, ...]]) -> list[dict[str, Any]]:
        made: list[dict[str, Any]] = [{} for _ in range(len(sources))]  # to go through the sources would make each of them
        self._hold(sources)
        self.answers.extend(made)
        self.owners.extend(owners)
        self.places.extend(places)
        return made

    def _hold(self, sources: Sequence[Any]) -> None:
        """Take the sources to those that there are: as they come, where there are none."""
        if isinstance(sources, Objects) and not self.sources:
            self.sources = sources
            return
        if not isinstance(self.sources, list):
            self.sources = [*self.sources]
        self.sources.extend(sources)

    def stands(self, row: int, data: dict[str, Any] | None) -> bool:
        """Whether the object stands in the answer, whose `data` that is: an error may have put null there, or around it."""
        if self.above is None or self.field is None:
            return data is self.answers[row]
        owner = self.owners[row]
        held = self.above.answers[owner].get(self.field.key)
        for place in self.places[row]:
            if held is None:
                return False
            held = held[place]
        return held is self.answers[row] and self.above.stands(owner, data)

    def keys(self, row: int) -> list[str | int]:
        """Return the path of the object, as errors tell it."""
        if self.above is None or self.field is None:
            return []
        return [*self.above.keys(self.owners[row]), self.field.key, *self.places[row]]

    def path(self, row: int) -> Path | None:
        """Return the same as resolvers are told it."""
        if self.above is None or self.field is None:
            return None
        return path_within(self.above.path(self.owners[row]), self.field, self.places[row])


def path_within(path: Path | None, field: Field, places: Sequence[int] = ()) -> Path:
    """Return the path of a field of the object at `path`, or of what stands at `places` in the field's lists."""
    found = Path(path, field.key, field.parent.name)
    for place in places:
        found = Path(found, place, None)
    return found
