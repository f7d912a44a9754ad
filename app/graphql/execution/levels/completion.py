"""What has come for a field, put into the answer: leaves and nulls as they are, objects as rows of the levels below, and errors.

An error of a field that may not be null takes away what is around it, up to where null may stand.
"""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, TypeAlias

from graphql import FieldNode, GraphQLError, GraphQLObjectType, GraphQLResolveInfo
from graphql.execution.executor import Executor, invalid_return_type_error
from graphql.pyutils import Undefined, is_iterable
from strawberry.types.base import has_object_definition

from app.graphql.execution.levels.asking import Asked
from app.graphql.execution.levels.fields import Field
from app.graphql.execution.levels.objects import Objects, Some, lists_among
from app.graphql.execution.levels.planning import Plan, PlannedField, Selection
from app.graphql.execution.levels.rows import Level

Locate: TypeAlias = Callable[[Exception, list[FieldNode], list[str | int]], GraphQLError]
"""Makes of an error the one that is told, at these fields of the document and this path of the answer."""

Places: TypeAlias = tuple[int, ...]


class Found:
    """The objects that one field of a level brings: a level for each of their types."""

    def __init__(self, field: PlannedField, asked: Asked) -> None:
        self.field = field
        self.level = asked.level
        self.below: dict[str, tuple[Selection, Level]] = {}
        self.levels: dict[type, Level] = {}
        """Of the classes of which it is known."""
        self._asked = asked

    @cached_property
    def info(self) -> GraphQLResolveInfo[Any]:
        """What those are told who decide on types. They look at no path: it is the first row's."""
        return self._asked.info(0)


class Completion:
    """The answer to one operation, while it is made: its `data` and `errors`.

    `has_taken_away`: there was an error that took more away than its own field.
    """

    def __init__(self, plan: Plan, executor: Executor[Any], locate: Locate) -> None:
        self.data: dict[str, Any] | None = None
        self.errors: list[GraphQLError] = []
        self.has_taken_away = False
        self._plan = plan
        self._executor = executor
        self._locate = locate

    def stands(self, level: Level, row: int) -> bool:
        """Whether the object is still a part of the answer."""
        return not self.has_taken_away or level.stands(row, self.data)

    def standing(self, level: Level, rows: Sequence[int]) -> Sequence[int]:
        """Return those of the rows that are."""
        return [row for row in rows if level.stands(row, self.data)] if self.has_taken_away else rows

    def complete(self, row: int, value: Any, found: Found) -> None:
        """Put the value of a row's field into the answer. An exception stands for a field that has failed."""
        if self.stands(found.level, row):
            self._put(value, row, (), found, holder=found.level.answers[row], key=found.field.key)

    def complete_objects(self, rows: Sequence[int], values: Sequence[Any], found: Found) -> bool:
        """Put the objects of some rows, or lists of them, into the answer at once; return whether that could be done.

        It cannot where anything else stands among them than objects of one class, of which it is known that there is nothing to
        be awaited, and null where that may stand.
        """
        shape = found.field.shape
        if self.has_taken_away or shape.depth > 1 or not isinstance(shape.named, GraphQLObjectType):
            return False
        return self._complete_lists(rows, values, found) if shape.depth else self._complete_each(rows, values, found)

    def _complete_lists(self, rows: Sequence[int], values: Sequence[Any], found: Found) -> bool:
        lists = lists_among(values)
        level = self._level_of(lists.objects, found) if lists is not None else None
        if lists is None or level is None:
            return False
        key, answers = found.field.key, found.level.answers
        for row, listed in zip(rows, level.add_lists(lists.objects, lists.lengths, owners=rows), strict=True):
            answers[row][key] = listed
        return True

    def _complete_each(self, rows: Sequence[int], values: Sequence[Any], found: Found) -> bool:
        some = _some_of(values) if found.field.shape.nullable[0] else values
        objects = some.objects if isinstance(some, Some) else some
        level = self._level_of(objects, found)
        if level is None:
            return False
        key, answers = found.field.key, found.level.answers
        owners = [rows[place] for place in some.places] if isinstance(some, Some) else rows
        for row, answer in zip(owners, level.add_each(objects, owners=owners), strict=True):
            answers[row][key] = answer
        return True

    def _level_of(self, objects: Sequence[Any], found: Found) -> Level | None:
        classes = {objects.kind} if isinstance(objects, Objects) else set(map(type, objects))
        if len(classes) != 1 or not objects:
            return None
        [kind] = classes
        if kind not in found.levels and (known := found.field.kinds.get(kind)) is not None:
            found.levels[kind] = self._level(known, found)
        if kind not in found.levels:
            value = objects[0]
            if isinstance(value, Exception) or not _is_strawberry(kind) or hasattr(value, "__as_strawberry_type__"):
                return None
            try:
                found.field.kinds[kind] = self._kind_of(value, found)
                found.levels[kind] = self._level(found.field.kinds[kind], found)
            except Exception:  # noqa: BLE001 - it is told of each of them
                return None
        return found.levels[kind]

    def _put(self, value: Any, row: int, places: Places, found: Found, *, holder: Any, key: str | int) -> int:
        """Put a value into its holder; return within how many lists of the field what now stands there stands."""
        field, depth = found.field, len(places)
        if isinstance(value, Exception):
            return self._fail(value, row, places, found)
        if value is None or value is Undefined:
            if field.shape.nullable[depth]:
                holder[key] = None
                return depth
            message = f"Cannot return null for non-nullable field {field.parent}.{field.name}."
            return self._fail(TypeError(message), row, places, found)
        if depth < field.shape.depth:
            return self._put_list(value, row, places, found, holder=holder, key=key)
        try:
            holder[key] = field.leaf(value) if field.leaf is not None else self._object(value, row, places, found)
        except Exception as error:  # noqa: BLE001 - whatever a value is that does not fit, it is told
            return self._fail(error, row, places, found)
        return depth

    def _put_list(self, value: Any, row: int, places: Places, found: Found, *, holder: Any, key: str | int) -> int:
        field, depth = found.field, len(places)
        try:
            if not is_iterable(value):
                raise GraphQLError(f"Expected Iterable, but did not find one for field '{field.parent}.{field.name}'.")  # noqa: TRY301
            items = list(value)
        except Exception as error:  # noqa: BLE001 - it is told as the field's
            return self._fail(error, row, places, found)
        holder[key] = made = [None] * len(items)
        for index, item in enumerate(items):
            stands_within = self._put(item, row, (*places, index), found, holder=made, key=index)
            if stands_within <= depth:  # the list itself is gone
                return stands_within
        return depth

    def _object(self, value: Any, row: int, places: Places, found: Found) -> dict[str, Any]:
        return self._below(value, found).add(value, owner=row, places=places)

    def _below(self, value: Any, found: Found) -> Level:
        return self._level(self._kind_of(value, found), found)

    def _level(self, kind: GraphQLObjectType, found: Found) -> Level:
        if kind.name not in found.below:
            found.below[kind.name] = self._plan.below(found.field, kind), Level(found.level, found.field)
        return found.below[kind.name][1]

    def _kind_of(self, value: Any, found: Found) -> GraphQLObjectType:
        executor, field = self._executor, found.field
        named: Any = field.shape.named
        if isinstance(named, GraphQLObjectType):
            kind = named
        else:
            name = (named.resolve_type or executor.type_resolver)(value, found.info, named)
            kind = executor.ensure_valid_runtime_type(name, named, field.details, found.info, value)
        if kind.is_type_of is not None and not kind.is_type_of(value, found.info):
            raise invalid_return_type_error(kind, value, field.details)
        return kind

    def _fail(self, error: Exception, row: int, places: Places, found: Found) -> int:
        """Tell an error, and put null where it may stand; return within how many lists of the field that is, -1 for outside."""
        field, level = found.field, found.level
        if not self.stands(level, row):
            return -1
        self.errors.append(self._locate(error, field.nodes, [*level.keys(row), field.key, *places]))
        stands_within = self._take_away(level, row, field, places)
        self.has_taken_away |= stands_within < len(places)
        return stands_within

    def _take_away(self, level: Level, row: int, field: Field, places: Places) -> int:
        depth = len(places)
        while depth >= 0 and not field.shape.nullable[depth]:
            depth -= 1
        if depth >= 0:
            holder: Any = level.answers[row]
            key: str | int = field.key
            for place in places[:depth]:
                holder, key = holder[key], place
            holder[key] = None
        elif level.above is None or level.field is None:
            self.data = None
        else:
            self._take_away(level.above, level.owners[row], level.field, level.places[row])
        return depth


def _some_of(values: Sequence[Any]) -> Sequence[Any]:
    """Return the values as Some where there is None among them."""
    if isinstance(values, Objects | Some):
        return values
    places = [place for place, value in enumerate(values) if value is not None]
    return values if len(places) == len(values) else Some([values[place] for place in places], places, len(values))


def _is_strawberry(kind: type) -> bool:
    """Whether its objects are of the same type of the schema, all of them, and none has to be awaited."""
    return has_object_definition(kind) and not hasattr(kind, "__await__")
