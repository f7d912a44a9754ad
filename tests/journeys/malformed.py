"""Requests that are wrong in every way that a schema can tell, each with a planted value wherever a value can stand."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLScalarType,
    GraphQLSchema,
    is_required_input_field,
)

Plant = Callable[[str], str]

_VALID = {"Int": 1, "Boolean": True, "DateTime": "2026-11-21T10:00:00.000Z"}


class Bare(str):
    """A word that stands in a document without quotes, as enum values do."""

    __slots__ = ()


@dataclass(frozen=True)
class Malformed:
    """A document and its variables, which cannot be right together; `place` says what is wrong."""

    place: str
    query: str
    variables: Mapping[str, object] | None = None

    @property
    def body(self) -> dict[str, object]:
        return {"query": self.query, "variables": self.variables}


def malformed_mutations(schema: GraphQLSchema, *, plant: Plant) -> Iterator[Malformed]:
    """Yield each mutation with every wrong input, once as variables and once written into the document."""
    for name, field in (schema.mutation_type.fields if schema.mutation_type else {}).items():
        wanted = _bare_type(field.args["input"].type)
        if not isinstance(wanted, GraphQLInputObjectType):
            continue
        for wrong, value in _wrong_inputs(wanted, plant=plant, place=name):
            yield Malformed(
                wrong, f"mutation ($input: {wanted.name}!) {{ {name}(input: $input) {{ __typename }} }}", {"input": value}
            )
        for wrong, value in _wrong_inputs(wanted, plant=plant, place=f"{name}, inline"):
            yield Malformed(wrong, f"mutation {{ {name}(input: {write(value)}) {{ __typename }} }}")


def malformed_fields(schema: GraphQLSchema, *, plant: Plant) -> Iterator[Malformed]:
    """Yield each query and subscription with each argument of the wrong type, and with one too many."""
    for kind, root in (("query", schema.query_type), ("subscription", schema.subscription_type)):
        for name, field in (root.fields if root else {}).items():
            selection = "" if isinstance(_bare_type(field.type), GraphQLScalarType) else " { __typename }"
            others = {other: _valid(argument.type, plant=plant, place=name) for other, argument in field.args.items()}
            wrongs = [(argument, {**others, argument: {"odd": plant(f"{kind} {name}.{argument}")}}) for argument in field.args]
            for wrong, values in (*wrongs, ("too many", {**others, "odd": plant(f"{kind} {name}, too many")})):
                written = ", ".join(f"{argument}: {write(value)}" for argument, value in values.items())
                yield Malformed(f"{kind} {name}: {wrong}", f"{kind} {{ {name}({written}){selection} }}")


def malformed_documents(plant: Plant) -> Iterator[Malformed]:
    """Yield documents that cannot be read, or not be run, with values in them."""
    for place, document in (
        ("a string without end", 'mutation {{ addTeamMember(input: {{ name: "{} }}) {{ __typename }} }}'),
        ("a block string without end", 'query {{ node(id: """{}) {{ id }} }}'),
        ("a string for a name", 'query {{ "{}" }}'),
        ("a comment", "query {{ viewer {{ # {}"),
        ("a wrong escape", 'query {{ node(id: "{}\\q") {{ id }} }}'),
        ("a character that is none", 'query {{ node(id: "{}") {{ id ? }} }}'),
        ("a default value", 'query ($first: Int = "{}") {{ events(first: $first) {{ nodes {{ id }} }} }}'),
        ("a default object", 'query ($filter: EventFilter = {{ odd: "{}" }}) {{ events(filter: $filter) {{ nodes {{ id }} }} }}'),
        ("a directive's argument", 'query {{ viewer @include(if: "{}") {{ __typename }} }}'),
        ("an argument of a field", 'query {{ viewer {{ member {{ name(odd: "{}") }} }} }}'),
        ("a cursor", 'query {{ events(after: "{}") {{ nodes {{ id }} }} }}'),
        ("two ends of a list", 'query {{ events(first: 1, last: 1, after: "{}") {{ nodes {{ id }} }} }}'),
        ("a subscription's cursor", 'subscription {{ eventRecorded(after: "{}") {{ id }} }}'),
        ("too deep", 'query {{ monitors(after: "{}") {{ nodes {{ ' + "runs {{ nodes {{ monitor {{ " * 8 + "id" + " }}" * 27),
        ("too long", 'query {{ node(id: "{}") {{ id }} }} #' + "x" * 20_000),
        ("no number", "query {{ events(first: 1{}) {{ nodes {{ id }} }} }}"),
        ("too large a number", 'query {{ events(first: 99999999999, after: "{}") {{ nodes {{ id }} }} }}'),
        ("no scheme", 'query {{ provider(key: "slack") {{ callbackUrl(address: "{}") }} }}'),
        ("a user in an address", 'query {{ provider(key: "slack") {{ callbackUrl(address: "https://{}@x.example:99999") }} }}'),
    ):
        yield Malformed(place, document.format(plant(place)))
    viewer = "query ($a: Int) { viewer { member { id } } events(first: $a) { nodes { id } } }"
    yield Malformed("a variable", viewer, {"a": plant("a variable")})
    yield Malformed("a list for a variable", viewer, {"a": [plant("a list for a variable")]})
    yield Malformed("an object for a variable", viewer, {"a": {"b": plant("an object for a variable")}})


def odd_bodies(plant: Plant) -> Iterator[tuple[str, bytes]]:
    """Yield bodies of POST /graphql that ask for nothing."""
    for place, before, after in (
        ("cut off", '{"query": "', ""),
        ("no JSON", "query=", ""),
        ("a list", '["', '"]'),
        ("a text", '"', '"'),
        ("a number for a query", '{"query": 1, "variables": {"a": "', '"}}'),
        ("a text for variables", '{"query": "{ viewer { __typename } }", "variables": "', '"}'),
        ("a list for extensions", '{"query": "{ viewer { __typename } }", "extensions": ["', '"]}'),
        ("an object for a name", '{"query": "{ viewer { __typename } }", "operationName": {"a": "', '"}}'),
    ):
        yield place, f"{before}{plant(f'a body: {place}')}{after}".encode()
    yield "no UTF-8", b'{"query": "' + plant("a body: no UTF-8").encode() + b'\xff\xfe"}'
    yield "a name twice", json.dumps({"query": plant("a name twice")})[:-1].encode() + b', "query": "{ viewer { __typename } }"}'
    yield "two MiB", json.dumps({"query": plant("two MiB") + "x" * 2 * 1024 * 1024}).encode()
    yield "nested", b"[" * 5000 + json.dumps(plant("nested")).encode() + b"]" * 5000


def write(value: object) -> str:
    """Write a value as GraphQL does in a document."""
    match value:
        case Bare():
            return str(value)
        case dict():
            return f"{{ {', '.join(f'{name}: {write(inner)}' for name, inner in value.items())} }}"
        case list():
            return f"[{', '.join(map(write, value))}]"
        case _:
            return json.dumps(value)


def _wrong_inputs(wanted: GraphQLInputObjectType, *, plant: Plant, place: str) -> Iterator[tuple[str, object]]:
    yield f"{place}: no object", plant(place)
    yield f"{place}: an unknown field", {**_valid_object(wanted, plant=plant, place=place), "odd": plant(f"{place}.odd")}
    yield f"{place}: a value for a name", {**_valid_object(wanted, plant=plant, place=place), plant(f"{place}, a name"): 1}
    yield f"{place}: an object too many", {**_valid_object(wanted, plant=plant, place=place), "odd": {"odd": [plant(place)]}}
    if wanted.is_one_of:
        every = {name: _valid(field.type, plant=plant, place=f"{place}.{name}") for name, field in wanted.fields.items()}
        yield f"{place}: all of one", every if len(every) > 1 else {**every, "odd": plant(place)}
    for name, field in wanted.fields.items():
        whole = {} if wanted.is_one_of else _valid_object(wanted, plant=plant, place=place)
        for wrong in _wrong_values(field.type, plant=plant, place=f"{place}.{name}"):
            yield f"{place}: {name} is wrong", {**whole, name: wrong}
        if is_required_input_field(field) and len(whole) > 1:
            yield f"{place}: {name} is missing", {other: value for other, value in whole.items() if other != name}
            yield f"{place}: {name} is null", {**whole, name: None}
        inner = _bare_type(field.type)
        if isinstance(inner, GraphQLInputObjectType):
            for wrong, value in _wrong_inputs(inner, plant=plant, place=f"{place}.{name}"):
                yield wrong, {**whole, name: value}


def _wrong_values(wanted: GraphQLInputType, *, plant: Plant, place: str) -> Iterator[object]:
    inner = _bare_type(wanted)
    yield {"odd": plant(place)}
    if not isinstance(inner, GraphQLInputObjectType):
        yield [[{"odd": plant(place)}]]
    if isinstance(inner, GraphQLEnumType) or inner.name in {"Int", "Boolean", "URL", "DateTime"}:
        yield plant(place)
    if "inline" in place and not isinstance(inner, GraphQLInputObjectType):
        yield Bare(plant(f"{place}, without quotes"))


def _valid(wanted: GraphQLInputType, *, plant: Plant, place: str) -> object:
    match wanted:
        case GraphQLNonNull():
            return _valid(wanted.of_type, plant=plant, place=place)
        case GraphQLList():
            return [_valid(wanted.of_type, plant=plant, place=place)]
        case GraphQLInputObjectType():
            return _valid_object(wanted, plant=plant, place=place)
        case GraphQLEnumType():
            return Bare(next(iter(wanted.values)))
        case GraphQLScalarType(name="URL"):
            return f"https://{plant(place)}.example/{plant(place)}"
        case _:
            return _VALID.get(str(wanted)) or plant(place)


def _valid_object(wanted: GraphQLInputObjectType, *, plant: Plant, place: str) -> dict[str, object]:
    fields = list(wanted.fields.items())[: 1 if wanted.is_one_of else None]
    return {name: _valid(field.type, plant=plant, place=f"{place}.{name}") for name, field in fields}


def _bare_type(wanted: Any) -> Any:
    while isinstance(wanted, GraphQLNonNull | GraphQLList):
        wanted = wanted.of_type
    return wanted
