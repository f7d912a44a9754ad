"""A schema in which every list is as long as it may be, and operations over it in more than one spelling."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Annotated, Any, Union

import strawberry
from graphql import DocumentNode, ExecutionResult, execute

from app.access.rules import PUBLIC_ATTRIBUTE, attributes
from app.graphql.connections import Arguments, Connection, Page, UncountedConnection
from app.graphql.context import Context
from app.graphql.execution.schema import Schema
from app.graphql.fields import query, relation
from app.graphql.lists import at_most, one_for_each
from tests.graphql.tiny import World, caller

FEW = 3


async def _count() -> int:
    return FEW


def _full(page: Arguments) -> Page[int]:
    rows = list(range(page.size))
    return Page(rows, [str(row) for row in rows], has_next=False, has_previous=False, count=_count)


@strawberry.interface(description="Something with a name.")
@attributes(PUBLIC_ATTRIBUTE)
class Named:
    name: str = strawberry.field(description="Its name.")


@strawberry.type(description="A thing.")
@attributes(PUBLIC_ATTRIBUTE)
class Thing(Named):
    @relation(description="Things.")
    async def things(self, page: Arguments, info: strawberry.Info) -> Connection["Thing"]:
        del info
        return Connection.of(_full(page), _thing)

    @relation(description="Boxes, a few.", size=at_most(FEW))
    def boxes(self, info: strawberry.Info) -> list["Box"]:
        del info
        return [Box(name="box")] * FEW

    @relation(description="Another.")
    def twin(self, info: strawberry.Info) -> "Thing":
        del info
        return Thing(name="twin")


@strawberry.type(description="A box.")
@attributes(PUBLIC_ATTRIBUTE)
class Box(Named):
    @relation(description="Boxes.")
    async def more(self, page: Arguments, info: strawberry.Info) -> UncountedConnection["Box"]:
        del info
        return UncountedConnection.of(_full(page), _box)

    @relation(description="What is in it.")
    def inside(self, info: strawberry.Info) -> Thing:
        del info
        return Thing(name="inside")


def _thing(row: int) -> Thing:
    return Thing(name=str(row))


def _box(row: int) -> Box:
    return Box(name=str(row))


_Either = Annotated[Union[Thing, Box], strawberry.union("Either", description="One or the other.")]  # noqa: UP007 - strawberry reads it


def _some(info: strawberry.Info) -> Thing | Box:
    return Thing(name="some") if info.context.request_id == "THING" else Box(name="some")


@strawberry.type(description="Questions.")
class Query:
    @query(description="Things.")
    async def things(self, page: Arguments, info: strawberry.Info) -> Connection[Thing]:
        del info
        return Connection.of(_full(page), _thing)

    @query(description="A box.")
    def box(self, info: strawberry.Info) -> Box:
        del info
        return Box(name="box")

    @query(description="One or the other.")
    def either(self, info: strawberry.Info) -> _Either:
        return _some(info)

    @query(description="Something with a name.")
    def named(self, info: strawberry.Info) -> Named:
        return _some(info)

    @query(description="One for each id.", size=one_for_each("ids"))
    def nodes(self, info: strawberry.Info, ids: list[strawberry.ID]) -> list[Named | None]:
        return [_some(info) for _ in ids]


SCHEMA = Schema(Query, types=[Thing, Box])
GRAPHQL = SCHEMA._schema  # noqa: SLF001 - what the extension measures by


async def answer(document: DocumentNode, variables: dict[str, Any], *, some: str = "THING") -> ExecutionResult:
    """Execute the document where whatever can be of several types is a THING or a BOX."""
    context = Context(caller=caller(), services=World().services, request_id=some)
    result = execute(GRAPHQL, document, context_value=context, variable_values=variables)
    return result if isinstance(result, ExecutionResult) else await result


def objects_in(value: object) -> int:
    """Count the objects of an answer's `data`, itself left out."""
    return _count_objects(value) - 1


def _count_objects(value: object) -> int:
    match value:
        case dict():
            return 1 + sum(map(_count_objects, value.values()))
        case list():
            return sum(map(_count_objects, value))
    return 0


@dataclass(frozen=True)
class Part:
    """A field (`head` is all but what is selected of it) or a fragment: `condition` is its type, None for none."""

    head: str | None = None
    condition: str | None = None
    directive: str = ""
    is_named: bool = False
    below: tuple["Part", ...] = ()


@dataclass(frozen=True)
class Drawn:
    """An operation, the same without the fragments that change nothing, and its variables."""

    text: str
    plain: str
    variables: dict[str, Any] = field(default_factory=dict)


_PAGES = ("", "(first: 1)", "(last: 2)", "(first: $n)", "(first: $m)", "(last: $m, first: null)")
_DIRECTIVES = ("", "", "", "@skip(if: $s)", "@include(if: $s)", "@skip(if: true)", "@include(if: true)", "@skip(if: false)")
_DECLARED = {"$n": "$n: Int!", "$m": "$m: Int = 2", "$s": "$s: Boolean!", "$ids": "$ids: [ID!]!"}
_DEEPEST = 4

_FIELDS: dict[str, dict[str, tuple[str, Sequence[str]]]] = {
    "Query": {
        "things": ("ThingConnection", _PAGES[1:]),
        "box": ("Box", ("",)),
        "either": ("Either", ("",)),
        "named": ("Named", ("",)),
        "nodes": ("Named", ('(ids: ["a", "b"])', "(ids: $ids)", '(ids: "a")')),
    },
    "Thing": {"things": ("ThingConnection", _PAGES[1:]), "boxes": ("Box", ("",)), "twin": ("Thing", ("",))},
    "Box": {"more": ("BoxConnection", _PAGES[1:]), "inside": ("Thing", ("",))},
    "ThingConnection": {"nodes": ("Thing", ("",)), "edges": ("ThingEdge", ("",)), "pageInfo": ("PageInfo", ("",))},
    "BoxConnection": {"nodes": ("Box", ("",)), "edges": ("BoxEdge", ("",)), "pageInfo": ("PageInfo", ("",))},
    "ThingEdge": {"node": ("Thing", ("",))},
    "BoxEdge": {"node": ("Box", ("",))},
    "PageInfo": {},
    "Named": {},
    "Either": {},
}
_LEAVES = {"Thing": "name", "Box": "name", "Named": "name", "ThingConnection": "totalCount", "PageInfo": "hasNextPage"}
_WITHIN = {"Named": ("Named", "Thing", "Box"), "Either": ("Thing", "Box", "Named"), "Thing": ("Thing", "Named")}


def draw(random: Random, *, one_type: bool = False) -> Drawn:
    """Draw an operation with aliases, fragments, directives and variables; with `one_type` every field returns one type only."""
    parts = tuple(_fields(random, "Query", 0, one_type=one_type))
    text, plain = _written(parts), _written(_without_fragments(parts))
    ids = ["x"] * random.randint(1, 3)
    values = {"n": random.randint(1, 3), "m": random.choice([1, 3]), "s": _maybe(random), "ids": ids}
    if _maybe(random):
        del values["m"]  # it has a default
    return Drawn(text, plain, {name: value for name, value in values.items() if f"${name}" in text})


def _maybe(random: Random) -> bool:
    return random.getrandbits(1) == 1


def _fields(random: Random, kind: str, depth: int, *, one_type: bool) -> list[Part]:
    found = [_leaf(kind)]
    for _ in range(random.randint(2 - depth // 2, 4) if depth < _DEEPEST else 0):
        if random.randint(0, 3) == 0:
            found.append(_fragment(random, kind, depth, one_type=one_type))
        elif (part := _field(random, kind, depth, one_type=one_type)) is not None:
            found.append(part)
    return found


def _leaf(kind: str) -> Part:
    return Part(_LEAVES.get(kind, "__typename"))


def _fragment(random: Random, kind: str, depth: int, *, one_type: bool) -> Part:
    condition = random.choice([None, *_WITHIN.get(kind, (kind,))])
    is_named = condition is not None and _maybe(random)
    below = _fields(random, condition or kind, depth + 1, one_type=one_type)
    return Part(None, condition, random.choice(_DIRECTIVES), is_named, tuple(below))


def _field(random: Random, kind: str, depth: int, *, one_type: bool) -> Part | None:
    names = [name for name, (of, _) in _FIELDS[kind].items() if not (one_type and of in {"Named", "Either"})]
    if not names:
        return None
    name = random.choice(names)
    of, arguments = _FIELDS[kind][name]
    number = random.randint(0, len(arguments) - 1)
    below = _fields(random, of, depth + 1, one_type=one_type)
    # One alias for each spelling of the arguments: what is asked for twice is merged.
    head = f"{kind.lower()}_{name}_{number}: {name}{arguments[number]}"
    return Part(head, None, random.choice(_DIRECTIVES), below=tuple(below))


def _without_fragments(parts: Sequence[Part]) -> tuple[Part, ...]:
    found: list[Part] = []
    for part in parts:
        inside = Part(part.head, part.condition, part.directive, is_named=False, below=_without_fragments(part.below))
        found.extend(inside.below if part.head is None and part.condition is None and not part.directive else [inside])
    return tuple(found)


def _written(parts: Sequence[Part]) -> str:
    fragments: list[str] = []
    body = _selections(parts, fragments)
    whole = " ".join([body, *fragments])
    declared = ", ".join(message for name, message in _DECLARED.items() if name in whole)
    return f"query{f'({declared})' if declared else ''} {whole}"


def _selections(parts: Sequence[Part], fragments: list[str]) -> str:
    return "{ " + " ".join(_selection(part, fragments) for part in parts) + " }"


def _selection(part: Part, fragments: list[str]) -> str:
    below = _selections(part.below, fragments) if part.below else ""
    if part.head is not None:
        return f"{part.head} {part.directive} {below}"
    if not part.is_named:
        return f"... {f'on {part.condition}' if part.condition else ''} {part.directive} {below}"
    fragments.append(f"fragment F{len(fragments)} on {part.condition} {below}")
    return f"...F{len(fragments) - 1} {part.directive}"
