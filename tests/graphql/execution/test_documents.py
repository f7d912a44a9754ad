"""Limits, and what it costs to be refused."""

import gc
import time
from contextlib import aclosing
from typing import Any

import pytest
from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    get_introspection_query,
    parse,
)
from graphql.language import SelectionSetNode
from hypothesis import given, strategies as st

from app.graphql.errors import present
from app.graphql.execution.documents import LONGEST_DOCUMENT, MOST_VARIABLE_VALUES, Documents
from app.graphql.limits.sizes import LARGEST, measure
from app.graphql.transport import results
from app.graphql.transport.requests import Operation
from tests.graphql.tiny import World, caller, schema
from tests.slowness import slowness

CPU_SECONDS = 0.1
SCHEMA = schema()


async def run(query: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the body of the answer to an operation over the schema without a transport."""
    world = World()
    context = world.view()._endpoint.context(caller())  # noqa: SLF001 - what a transport does
    async with aclosing(results.run(SCHEMA, Operation(query, variables, None, None), context)) as answers:
        return present(await anext(answers), request_id="request")


def chain(length: int, *, spreads: int = 2, ends: str = "role") -> str:
    links = [f"fragment F{n} on Query {{ {f'...F{n + 1} ' * spreads} }}" for n in range(length)]
    return " ".join([*links, f"fragment F{length} on Query {{ {ends} }}", "{ ...F0 }"])


def web(size: int) -> str:
    """Return fragments each of which spreads all of them."""
    spreads = " ".join(f"...F{n}" for n in range(size))
    return " ".join([*(f"fragment F{n} on Query {{ {spreads} }}" for n in range(size)), "{ ...F0 }"])


def nest(levels: int, *, first: str = "") -> str:
    return "{ things" + f"{first} {{ nodes {{ others" * levels + f"{first} {{ nodes {{ name }} }}" + " } }" * levels + " }"


BOMBS = {
    **{f"a chain of {length} fragments": chain(length) for length in (1, 5, 10, 20, 30, 40, 49)},
    "a chain of 49 fragments, spread thrice": chain(49, spreads=3),
    **{f"a chain of {length} fragments without a field": chain(length, ends="...Nowhere") for length in (8, 10, 20, 49)},
    **{f"a chain of {length} fragments that leads back": chain(length, ends="...F0") for length in (8, 10, 20, 49)},
    "a chain of 49 fragments without a field, in one another": chain(49, ends="... on Query { ... on Query { ...Nowhere } }"),
    **{f"a web of {size} fragments": web(size) for size in (5, 8, 10, 29)},
    "a chain of 200 fragments": chain(200, spreads=1),
    "a chain of 400 fragments": chain(400, spreads=1),
    "a chain of inline fragments": "{ " + "... on Query { " * 150 + "role" + " }" * 151,
    "a fragment that spreads itself": "fragment A on Query { ...A } { ...A }",
    "fragments in a circle": "fragment A on Query { ...B } fragment B on Query { ...C ...A } fragment C on Query { ...A } {...A}",
    "an unknown fragment": "{ " + "...A " * 600 + "}",
    "aliases": "{ " + " ".join(f"a{n}: role" for n in range(600)) + " }",
    "aliases in fragments": "fragment A on Query { a: role b: role c: role } { " + "...A " * 20 + "}",
    "duplicate fields": "{ " + "role " * 1_900 + "}",
    "duplicate fields with fields": "{ " + 'thing(name: "a") { name } ' * 200 + "}",
    "duplicate fields that conflict": "{ " + " ".join(f"a: thing(name: {n}) {{ name }}" for n in range(150)) + " }",
    "inline fragments": "{ " + "... { role } " * 450 + "}",
    "inline fragments on the type": "{ " + "... on Query { role now } " * 250 + "}",
    "directives": "{ role " + "@skip(if: false) " * 280 + "}",
    "unknown directives": "{ role " + "@a " * 900 + "}",
    "directives on fragments": "{ " + "... @include(if: true) { role } " * 180 + "}",
    "deep fields": "{ " + "thing { " * 150 + "name" + " }" * 151,
    "deeper than the parser goes": "{ " + "a { " * 900 + "b" + " }" * 901,
    "deep connections": nest(8),
    "wide connections": nest(3, first="(first: 100)"),
    "wide connections by a variable": "query($n: Int!) " + nest(3, first="(first: $n)"),
    "a huge page": "{ things(first: 99999999999999999999) { nodes { name } } }",
    "comments": "{ role } " + "#\n" * 8_000,
    "one long comment": "{ role } #" + "x" * 16_000,
    "commas": "{ role " + "," * 16_000 + "}",
    "a long text": f'{{ thing(name: "{"x" * 100_000}") {{ name }} }}',
    "a long block text": f'{{ thing(name: """{"x" * 100_000}""") {{ name }} }}',
    "a text of escapes": '{ thing(name: "' + "\\u0041" * 2_600 + '") { name } }',
    "a long name": "{ " + "a" * 16_000 + " }",
    "many names": "{ " + " ".join(f"f{n}" for n in range(1_900)) + " }",
    "many arguments": "{ thing(" + " ".join(f"a{n}: 1" for n in range(600)) + ") { name } }",
    "the same argument again": "{ thing(" + "name: 1 " * 600 + ") { name } }",
    "a huge integer": "{ things(first: " + "9" * 15_000 + ") { nodes { name } } }",
    "a huge float": "{ things(first: 1e" + "9" * 15_000 + ") { nodes { name } } }",
    "variables": "query(" + " ".join(f"$v{n}: Int" for n in range(480)) + ") { role }",
    "the same variable again": "query(" + "$v: Int " * 480 + ") { role }",
    "10,000 variables": "query(" + " ".join(f"$v{n}: Int" for n in range(10_000)) + ") { role }",
    "undeclared variables": "{ " + " ".join(f"a{n}: thing(name: $v{n}) {{ name }}" for n in range(25)) + " }",
    "a deep list": "{ thing(name: " + "[" * 150 + "]" * 150 + ") { name } }",
    "a deep object": "{ thing(name: " + "{a: " * 150 + "1" + "}" * 150 + ") { name } }",
    "a wide list": "{ thing(name: [" + "1 " * 1_900 + "]) { name } }",
    "a deep type": "query($v: " + "[" * 150 + "Int" + "]" * 150 + ") { role }",
    "operations": " ".join(f"query Q{n} {{ role }}" for n in range(380)),
    **{
        f"{count} operations that spread a chain of {length} fragments": chain(length).rpartition("{")[0]
        + " ".join(f"query Q{n} {{ ...F0 }}" for n in range(count))
        for count, length in ((20, 6), (20, 10), (280, 10))
    },
    "operations of one name": "query Q { role } " * 380,
    "anonymous operations": "{ role } " * 600,
    "unused fragments": "{ role } " + " ".join(f"fragment F{n} on Query {{ role }}" for n in range(270)),
    "fragments of one name": "{ role } " + "fragment F on Query { role } " * 270,
    "fragments side by side": "{ "
    + " ".join(f"...F{n}" for n in range(49))
    + " } "
    + " ".join(f"fragment F{n} on Query {{ role now }}" for n in range(49)),
    "introspection nested": "{ __schema { types { " + "fields { type { " * 50 + "name" + " } }" * 50 + " } } }",
    "introspection of introspection": "{ __schema " + "{ types { fields { type " * 4 + "{ name }" + " } } }" * 4 + " }",
    **{
        f"{levels} types of lists of types": "{ __schema { types { fields { type { "
        + "ofType { " * levels
        + "name"
        + " }" * levels
        + " } } } } }"
        for levels in (50, 190, 600)
    },
    "typenames": "{ " + "__typename " * 1_900 + "}",
    "typenames by alias": "{ " + " ".join(f"t{n}: __typename" for n in range(600)) + " }",
    "typenames beyond the tokens": "{ " + "__typename " * 10_000 + "}",
    "type definitions": "type A { a: Int } " * 200,
    "a schema extension": "extend schema @a " * 300,
    "descriptions": '"x" ' * 1_900,
    "punctuation": "{" * 1_900,
    "closing punctuation": "}" * 1_900,
    "nothing but spaces": " " * 16_000,
    "null characters": "\0" * 16_000,
    "emoji": "{ role } #" + "\U0001f600" * 4_000,
    "subscriptions to many": "subscription { " + " ".join(f"a{n}: count(to: 1)" for n in range(300)) + " }",
    "mutations": "mutation { " + " ".join(f"m{n}: wait {{ name }}" for n in range(31)) + " }",
}


@pytest.mark.parametrize("query", BOMBS.values(), ids=BOMBS.keys())
async def test_no_document_takes_more_than_a_tenth_of_a_second_of_cpu(query: str) -> None:
    await run("{ role }")
    gc.collect()
    gc.freeze()  # or a collection would count what the other tests left

    begun = time.thread_time()
    await run(query)
    taken = time.thread_time() - begun

    assert taken < CPU_SECONDS or taken < CPU_SECONDS * slowness()


@pytest.mark.parametrize(
    ("query", "message"),
    [
        (nest(8), "nested too deeply: at most 15 levels"),
        (chain(40), "too many fields: at most 2,000"),
        (chain(12, ends="...Nowhere"), "too many fields and fragments: at most 4,000"),
        (chain(12, ends="...F0"), "too many fields and fragments: at most 4,000"),
        ("{ " + " ".join(f"a{n}: role" for n in range(31)) + " }", "too many aliases: at most 30"),
        ("{ role " + "@skip(if: false) " * 51 + "}", "too many directives: at most 50"),
        (nest(2, first="(first: 100)"), "may bring 1,020,201 objects: at most 5,000"),
        ("{ " + "role " * 46 + "}", "the same fields too often: at most 1,000 pairs"),
        (chain(50, spreads=1), "too many fragments: at most 50"),
        (
            "{ " + " ".join(f"a{n}: __schema {{ types {{ fields {{ name description }} }} }}" for n in range(30)) + " }",
            "too much of the schema",
        ),
        (
            "fragment A on __Schema { types { fields { args { name type { name } } } } } { "
            + " ".join(f"a{n}: __schema {{ ...A }}" for n in range(30))
            + " }",
            "too much of the schema",
        ),
        ("{ role } " + "{ a } " * 700, "The document is too long"),
        ("{ role } #" + "x" * LONGEST_DOCUMENT, "The document is too long"),
        ("{ role } #" + "é" * (LONGEST_DOCUMENT // 2), "The document is too long"),
    ],
)
async def test_an_operation_beyond_a_limit_is_told_which(query: str, message: str) -> None:
    body = await run(query)

    assert body.keys() == {"errors"}
    assert message in body["errors"][0]["message"]
    assert {error["extensions"]["code"] for error in body["errors"]} == {"TOO_COMPLEX"}


@pytest.mark.parametrize(
    "query",
    [
        nest(1, first="(first: 69)"),
        nest(1, first="(first: 50)"),
        "{ " + " ".join(f"a{n}: role" for n in range(30)) + " }",
        "{ role } #" + "x" * (LONGEST_DOCUMENT - 10),
        chain(5),
        get_introspection_query(specified_by_url=True, directive_is_repeatable=True, input_value_deprecation=True),
        get_introspection_query(type_depth=15),
    ],
)
async def test_an_operation_at_the_limits_is_run(query: str) -> None:
    body = await run(query)

    assert "errors" not in body


async def test_variables_have_a_bounded_number_of_values() -> None:
    query = "mutation($input: ClientInput!) { addClient(input: $input) { name } }"
    names = ["x"] * MOST_VARIABLE_VALUES

    body = await run(query, {"input": {"url": "https://a.example", "clientSecret": "x", "names": names}})

    assert body["errors"][0]["extensions"] == {"code": "TOO_COMPLEX"}


def test_a_document_is_parsed_once() -> None:
    documents = Documents()

    first = documents.examine(SCHEMA._schema, "{ role }")  # noqa: SLF001 - what the extension does

    assert documents.examine(SCHEMA._schema, "{ role }") is first  # noqa: SLF001 - as above


def test_what_is_kept_is_bounded_and_what_was_asked_for_longest_ago_goes_first() -> None:
    documents = Documents()
    first = documents.examine(SCHEMA._schema, "{ role }")  # noqa: SLF001 - what the extension does

    for number in range(20):
        documents.examine(SCHEMA._schema, f"{{ role }} #{number}" + "x" * 10_000)  # noqa: SLF001 - as above
    again = documents.examine(SCHEMA._schema, "{ role }")  # noqa: SLF001 - as above

    assert again is not first
    assert sum(map(len, documents._kept)) <= 128 * 1024  # noqa: SLF001 - what it holds


def test_a_document_that_is_not_valid_is_not_kept() -> None:
    documents = Documents()

    first = documents.examine(SCHEMA._schema, "{ rule }")  # noqa: SLF001 - what the extension does

    assert documents.examine(SCHEMA._schema, "{ rule }") is not first  # noqa: SLF001 - as above


@st.composite
def small_documents(draw: st.DrawFn) -> str:
    """Documents of a few fields, with fragments that only spread later ones: so that they can be expanded."""
    count = draw(st.integers(0, 3))

    def selections(after: int, depth: int) -> str:
        parts = draw(st.lists(st.sampled_from(["role", "a: now", "@", "{", "...", "F"]), min_size=1, max_size=3))
        return " ".join(selection(part, after, depth) for part in parts)

    def selection(part: str, after: int, depth: int) -> str:
        if part == "@":
            return "role @skip(if: false)"
        if part == "F" and after < count:
            return f"...F{draw(st.integers(after, count - 1))}"
        if part in {"{", "..."} and depth < 3:
            head = {"{": "thing", "...": "... on Query @include(if: true)"}[part]
            return f"{head} {{ {selections(after, depth + 1)} }}"
        return "role" if len(part) < 4 else part

    fragments = [f"fragment F{n} on Query {{ {selections(n + 1, 0)} }}" for n in range(count)]
    return " ".join([*fragments, f"{{ {selections(0, 0)} }}"])


@given(small_documents())
def test_what_is_measured_is_what_spreading_everything_out_gives(text: str) -> None:
    document = parse(text)
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    [operation] = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    depths: list[int] = []
    aliases: list[str] = []
    count = directives = 0

    def spread(selections: SelectionSetNode, depth: int) -> None:
        nonlocal count, directives
        for node in selections.selections:
            count += 1
            directives += len(node.directives or ())
            match node:
                case FieldNode():
                    depths.append(depth)
                    aliases.extend([node.alias.value] if node.alias else [])
                    if node.selection_set:
                        spread(node.selection_set, depth + 1)
                case InlineFragmentNode():
                    spread(node.selection_set, depth)
                case FragmentSpreadNode():
                    spread(fragments[node.name.value].selection_set, depth)

    spread(operation.selection_set, 1)
    size = measure(document)

    assert (size.depth, size.fields, size.aliases, size.directives) == (max(depths), len(depths), len(aliases), directives)
    assert size.selections == count
    assert size.fields <= LARGEST.fields
