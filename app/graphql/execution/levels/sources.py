"""Where the values of a field come from: an attribute of each object, a function in Strawberry's hands, or a resolver."""

from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import Any, Protocol, TypeAlias, cast

import strawberry
from graphql import GraphQLField, GraphQLSchema
from graphql.execution.values import get_argument_values
from strawberry.schema.config import StrawberryConfig
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.arguments import convert_arguments
from strawberry.types.field import StrawberryField
from strawberry.types.fields.resolver import StrawberryResolver

from app.graphql.execution.levels.asking import Asked
from app.graphql.execution.levels.fields import Field
from app.graphql.execution.levels.objects import Objects, Read

Call: TypeAlias = Callable[[int], Any]
"""Returns the value of the field for one row of a level: the value itself, or what has to be awaited for it."""


Together: TypeAlias = Callable[[Sequence[Any], strawberry.Info[Any, Any], Mapping[str, Any]], Any]
"""Resolves a field for many objects at once. Given these, the Info of the first and the arguments, it returns a value for each,
or the exception that stands in its place; or what has to be awaited for them. What it raises stands for all of them."""

TOGETHER = "resolved_together"
"""Where the metadata of a Strawberry field has its Together. Its resolver has to do the same for one object."""

READ_TOGETHER = "__read_together__"
"""A function of a class that makes a Read of objects of it, where they know a quicker way than one by one."""


def read_of(objects: Sequence[Any]) -> Read:
    """Return what reads attributes of these objects: quickly where all are of one class that knows how."""
    if isinstance(objects, Objects):
        return objects.read
    kinds = set(map(type, objects))
    quick: Callable[[Sequence[Any]], Read] | None = getattr(kinds.pop(), READ_TOGETHER, None) if len(kinds) == 1 else None
    return quick(objects) if quick is not None else lambda name: [*map(attrgetter(name), objects)]


class Source(Protocol):
    """Where the values of one field come from. `is_plain`: they are there already, and nothing is called."""

    @property
    def is_plain(self) -> bool: ...

    def call(self, asked: Asked) -> Call:
        """Return the function of the rows. It raises what stands in the place of a value."""


def source_of(definition: GraphQLField, name: str, schema: GraphQLSchema) -> Source:
    """Return where the field's values come from; `name` is what it is called in the schema."""
    if name == "__typename":
        return TypeName()
    field = definition.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    whole: Any = getattr(schema, "_strawberry_schema", None)
    if type(field) is not StrawberryField or whole is None or field.is_subscription:
        return Resolver()
    if field.is_basic_field and whole.config.default_resolver is getattr:
        return Attribute(field.python_name)
    if TOGETHER in field.metadata:
        return Relation(field, field.base_resolver, whole, field.metadata[TOGETHER])
    is_its_own = not field.extensions and not whole.schema_converter._get_field_exception_handlers(field)  # noqa: SLF001 - as it asks itself
    return Function(field, field.base_resolver, whole) if field.base_resolver is not None and is_its_own else Resolver()


class Plain(Source, Protocol):
    """One whose values are there already."""

    def column(self, field: Field, objects: Sequence[Any], read: Read) -> Sequence[Any]:
        """Return the values of these objects, of which `read` reads attributes."""


def plain(source: Source) -> Plain | None:
    """Return the source where its values are there already; None where anything is called for them."""
    return cast(Plain, source) if source.is_plain else None


class TypeName:
    """The name of each object's type."""

    is_plain = True

    def column(self, field: Field, objects: Sequence[Any], _: Read) -> Sequence[Any]:
        return [field.parent.name] * len(objects)

    def call(self, asked: Asked) -> Call:
        name = asked.field.parent.name
        return lambda _: name


class Attribute:
    """An attribute of each object."""

    is_plain = True

    def __init__(self, name: str) -> None:
        self._name = name
        self._get = attrgetter(name)

    def column(self, _field: Field, _objects: Sequence[Any], read: Read) -> Sequence[Any]:
        return read(self._name)

    def call(self, asked: Asked) -> Call:
        get, sources = self._get, asked.level.sources
        return lambda row: get(sources[row])


class Resolver:
    """A resolver as graphql-core calls it."""

    is_plain = False

    def call(self, asked: Asked) -> Call:
        executor, definition, sources = asked.executor, asked.field.definition, asked.level.sources
        resolve = definition.resolve or executor.field_resolver

        def call(row: int) -> Any:
            info = asked.info(row)
            return resolve(sources[row], info, **_arguments_of(asked))

        return call


class Function:
    """A function that Strawberry makes a resolver of. It is called as Strawberry calls it, with its arguments converted once."""

    is_plain = False

    def __init__(self, field: StrawberryField, resolver: StrawberryResolver[Any], whole: Any) -> None:
        self._field = field
        self._resolver = resolver
        self._config: StrawberryConfig = whole.config
        self._scalars = whole.schema_converter.scalar_registry
        self._takes_self = resolver.self_parameter is not None
        reserved = (resolver.parent_parameter, resolver.root_parameter)
        self._takes_source = [parameter.name for parameter in reserved if parameter is not None]
        self._takes_info = resolver.info_parameter.name if resolver.info_parameter is not None else None

    def call(self, asked: Asked) -> Call:
        resolver, sources, takes_self, takes_info = self._resolver, asked.level.sources, self._takes_self, self._takes_info
        convert = self._conversion(asked)

        def call(row: int) -> Any:
            given = convert(row)
            source = sources[row]
            for name in self._takes_source:
                given[name] = source
            if takes_info is not None:
                given[takes_info] = asked.strawberry_info(row, self._field)
            return resolver(source, **given) if takes_self else resolver(**given)

        return call

    def _conversion(self, asked: Asked) -> Callable[[int], dict[str, Any]]:
        """Return what makes the arguments of a row. What could be changed by who is given it is made for each anew."""
        if not self._field.arguments:
            return lambda _: {}
        once = asked.arguments.get(asked.field)
        if once is not None:
            return lambda _: dict(once)
        try:
            raw = _arguments_of(asked)
            if not all(type(value) in _UNCHANGEABLE for value in raw.values()):
                return lambda row: self._convert(_arguments_of(asked), asked, row)
            converted = asked.arguments[asked.field] = self._convert(raw, asked, 0)
        except Exception:  # noqa: BLE001 - it is raised again for each row, as its own error
            return lambda row: self._convert(_arguments_of(asked), asked, row)
        return lambda _: dict(converted)

    def _convert(self, raw: dict[str, Any], asked: Asked, row: int) -> dict[str, Any]:
        info = asked.strawberry_info(row, self._field)
        return convert_arguments(raw, self._field.arguments, self._scalars, self._config, info)


class Relation(Function):
    """A field that is resolved for all objects of a level at once."""

    def __init__(self, field: StrawberryField, resolver: Any, whole: Any, together: Together) -> None:
        super().__init__(field, resolver, whole)
        self._together = together

    def resolve(self, asked: Asked, rows: Sequence[int]) -> Any:
        """Return the values of these rows, or what has to be awaited for them."""
        first, sources = rows[0], asked.level.sources
        arguments = self._conversion(asked)(first)
        objects = sources if len(rows) == len(sources) else [sources[row] for row in rows]
        return self._together(objects, asked.strawberry_info(first, self._field), arguments)


_UNCHANGEABLE = frozenset({str, int, bool, float, type(None)})


def _arguments_of(asked: Asked) -> dict[str, Any]:
    field, executor = asked.field, asked.executor
    if not field.definition.args:
        return {}
    return get_argument_values(field.definition, field.nodes[0], executor.variable_values, None, executor.hide_suggestions)
