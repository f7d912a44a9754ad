"""A cost is what is answered: no less than that, no more than the sizes allow, and the same however it is spelled."""

from typing import Any

import pytest
import strawberry
from graphql import DocumentNode, parse, validate

from app.graphql.execution.documents import DEAREST, Documents
from app.graphql.execution.schema import Schema
from app.graphql.fields import query
from app.graphql.limits.costs import Cost, Costs
from app.graphql.lists import Bounded, OfPage, OneForEach
from tests.graphql import tiny
from tests.graphql.full import FEW, GRAPHQL, SCHEMA, Box, answer, draw, objects_in
from tests.journeys.soaking import fresh_random, full

DRAWN = full(20_000, ci=100)
VALIDATED = full(1_000, ci=20)


def cost_of(text: str, variables: dict[str, Any] | None = None, *, name: str | None = None) -> Cost:
    return Costs(GRAPHQL, valid(text)).of(name, variables)


def valid(text: str) -> DocumentNode:
    document = parse(text)
    assert validate(GRAPHQL, document) == []
    return document


async def test_an_operation_costs_the_objects_that_are_answered_where_every_list_is_full() -> None:
    random = fresh_random()

    for _ in range(DRAWN):
        drawn = draw(random, one_type=True)
        document = parse(drawn.text)
        cost = Costs(GRAPHQL, document).of(None, drawn.variables)
        result = await answer(document, drawn.variables)

        assert result.errors is None, drawn
        assert cost.objects == objects_in(result.data), drawn


async def test_an_operation_costs_no_less_than_is_answered_of_whatever_type_that_is() -> None:
    random = fresh_random()

    for _ in range(DRAWN):
        drawn = draw(random)
        document = parse(drawn.text)
        cost = Costs(GRAPHQL, document).of(None, drawn.variables)
        results = [await answer(document, drawn.variables, some=some) for some in ("THING", "BOX")]

        assert [result.errors for result in results] == [None, None], drawn
        assert cost.objects >= max(objects_in(result.data) for result in results), drawn


def test_operations_that_differ_in_their_fragments_alone_cost_the_same() -> None:
    random = fresh_random()

    for _ in range(DRAWN):
        drawn = draw(random)

        costs = [Costs(GRAPHQL, parse(text)).of(None, drawn.variables) for text in (drawn.text, drawn.plain)]

        assert costs[0] == costs[1], drawn


def test_what_is_drawn_is_valid() -> None:
    random = fresh_random()

    for drawn in (draw(random) for _ in range(VALIDATED)):
        assert [valid(drawn.text), valid(drawn.plain)]


PLAIN = "{ things(first: 3) { nodes { things(first: 3) { nodes { boxes { name } } } } } }"
INLINE = "{ things(first: 3) { ... { nodes { things(first: 3) { ... { nodes { boxes { name } } } } } } } }"
SPELLINGS = {
    "nodes in an inline fragment": INLINE,
    "nodes in an inline fragment of the type": INLINE.replace("... {", "... on ThingConnection {"),
    "nodes in a spread": (
        "{ things(first: 3) { ...A } } fragment A on ThingConnection { nodes { things(first: 3) { ...B } } } "
        "fragment B on ThingConnection { nodes { boxes { name } } }"
    ),
}


@pytest.mark.parametrize("text", SPELLINGS.values(), ids=SPELLINGS)
def test_where_the_page_stands_in_a_fragment_it_costs_what_it_costs_plain(text: str) -> None:
    assert cost_of(text) == cost_of(PLAIN)


def test_what_is_asked_for_twice_in_one_place_is_answered_and_paid_once() -> None:
    twice = PLAIN[:-1] + "...A } fragment A on Query " + PLAIN

    assert cost_of(twice) == cost_of(PLAIN)


def test_the_cost_is_counted_by_hand() -> None:
    objects = 1 + 3 * (1 + 1 + 3 * (1 + FEW))
    values = 1 + 1 + 3 * (1 + 1 + 3 * (1 + FEW))

    assert cost_of(PLAIN) == Cost(objects, values)


@pytest.mark.parametrize(
    ("arguments", "variables", "size"),
    [
        ("", {}, 20),
        ("(first: 5)", {}, 5),
        ("(last: 5)", {}, 5),
        ("(first: null)", {}, 20),
        ("(first: null, last: 7)", {}, 7),
        ("(first: 100000)", {}, 100),
        ("(first: -5)", {}, 0),
        ("(first: $n)", {"n": 5}, 5),
        ("(last: $n)", {"n": 5}, 5),
        ("(first: $n)", {"n": 5.0}, 5),
        ("(first: $n)", {"n": None}, 20),
        ("(first: $n)", {"n": 10**30}, 100),
        ("(first: $n)", {"n": -1}, 0),
        ("(first: $n)", {"n": "many"}, 20),
        ("(first: $n)", {"n": True}, 20),
        ("(first: $n)", {}, 4),
        ("(last: $n, first: 9)", {"n": 3}, 9),
    ],
)
def test_a_size_is_what_the_request_says_it_is(arguments: str, variables: dict[str, Any], size: int) -> None:
    declared = "($n: Int = 4)" if "$n" in arguments else ""

    assert cost_of(f"query{declared} {{ things{arguments} {{ nodes {{ name }} }} }}", variables).objects == 1 + size


@pytest.mark.parametrize(
    ("ids", "variables", "count"),
    [
        ("[]", {}, 0),
        ('["a", "b"]', {}, 2),
        ('"a"', {}, 1),
        ("$ids", {"ids": ["a", "b", "c"]}, 3),
        ("$ids", {"ids": "a"}, 1),
        ("$ids", {"ids": ["a"] * 1_000}, 100),
    ],
)
def test_a_list_of_ids_costs_one_for_each(ids: str, variables: dict[str, Any], count: int) -> None:
    declared = "($ids: [ID!]!)" if "$" in ids else ""

    assert cost_of(f"query{declared} {{ nodes(ids: {ids}) {{ name }} }}", variables).objects == count


def test_of_several_types_the_dearest_counts_and_not_all_of_them() -> None:
    cost = cost_of(
        "{ either { ... on Thing { things(first: 9) { nodes { name } } } ... on Box { more(first: 7) { nodes { name } } } } }"
    )

    assert cost.objects == 1 + 1 + 9


def test_what_stands_in_a_fragment_of_another_type_is_not_paid() -> None:
    cost = cost_of("{ either { ... on Thing { name again: name } ... on Box { other: name } } }")

    assert cost == Cost(1, 1 + 2)


def test_what_is_not_a_page_of_the_list_is_paid_once() -> None:
    assert cost_of("{ things(first: 9) { pageInfo { hasNextPage } totalCount } }").objects == 2


def test_edges_and_nodes_are_both_paid() -> None:
    assert cost_of("{ things(first: 9) { nodes { name } edges { node { name } } } }").objects == 1 + 9 + 2 * 9


def test_of_several_operations_the_one_that_is_named_counts() -> None:
    text = "query A { things(first: 3) { nodes { name } } } query B { box { name } }"

    assert [cost_of(text, name=name).objects for name in ("A", "B", "C", None)] == [4, 1, 0, 0]


def test_what_is_switched_off_costs_nothing() -> None:
    text = "query($s: Boolean!) { box @include(if: $s) { name } things(first: 3) @skip(if: $s) { nodes { name } } }"
    costs = Costs(GRAPHQL, valid(text))

    assert [costs.of(None, {"s": switch}).objects for switch in (True, False, True)] == [1, 4, 1]


def test_however_many_ways_it_is_switched_little_is_kept() -> None:
    names = [f"s{number}" for number in range(12)]
    declared = ", ".join(f"${name}: Boolean!" for name in names)
    text = f"query({declared}) {{ {' '.join(f'a{name}: box @include(if: ${name}) {{ name }}' for name in names)} }}"
    costs = Costs(GRAPHQL, valid(text))

    counted = [costs.of(None, {name: bool(number >> place & 1) for place, name in enumerate(names)}) for number in range(200)]

    assert [cost.objects for cost in counted] == [number.bit_count() for number in range(200)]
    assert len(costs._measured) <= 16  # noqa: SLF001 - what it holds


def test_the_values_of_all_objects_are_counted() -> None:
    cost = cost_of("{ things(first: 9) { nodes { name again: name twin { name } } } }")

    assert cost == Cost(1 + 9 * 2, 1 + 1 + 9 * 4)


def test_what_may_bring_too_much_is_refused_with_the_number_and_by_its_variables_alone() -> None:
    text = "query($n: Int!) { things(first: $n) { nodes { things(first: $n) { nodes { name } } } } }"
    examined = Documents().examine(GRAPHQL, text)

    small, large = (examined.refuse_cost(examined.cost(None, {"n": size})) for size in (5, 100))

    assert small == []
    [error] = large
    assert error.message.startswith("The operation may bring 10,201 objects: at most 5,000. Ask for smaller pages (`first`)")
    assert DEAREST.objects == 5_000


def test_what_a_document_keeps_of_costs_is_of_the_same_operation_and_variables_alone() -> None:
    one, other = (
        f"query {name}($n: Int, $s: Boolean!) {{ things(first: $n) @skip(if: $s) {{ nodes {{ name }} }} }}" for name in "AB"
    )
    text = one + other.replace("{ name }", "{ name twin { name } }")
    examined, costs = Documents().examine(GRAPHQL, text), Costs(GRAPHQL, valid(text))
    values: list[Any] = [1, 1.0, True, "1", None, 40, -1, 2**70, "long" * 1_000, [1], {"n": 1}]
    asked = [
        (name, {"n": number, "s": switch}) for name in ("A", "B", "C", None) for number in values for switch in (True, False)
    ]

    known = [[examined.cost(*each, key=examined.key(*each)) for each in asked] for _ in range(3)]
    repeated = [examined.cost(*each, key=examined.key(*each)) for each in asked for _ in range(2)]

    fresh = [costs.of(name, variables) for name, variables in asked]
    assert known == [fresh] * 3
    assert repeated == [cost for cost in fresh for _ in range(2)]
    assert len(examined._known_costs) <= 16  # noqa: SLF001 - what it holds


def test_nothing_is_kept_of_what_a_mutation_is_given() -> None:
    text = "query A { role } mutation B { wait { name } }"
    examined = Documents().examine(tiny.schema()._schema, text)  # noqa: SLF001 - around the limits

    keys = {name: examined.key(name, {"secret": "s3cret"}) for name in ("A", "B")}

    assert keys == {"A": ("A", b'{"secret":"s3cret"}'), "B": None}


def test_too_many_values_are_refused() -> None:
    names = " ".join(f"a{number}: name" for number in range(29))
    text = f"{{ things(first: 100) {{ nodes {{ things(first: 20) {{ nodes {{ {names} }} }} }} }} }}"

    examined = Documents().examine(GRAPHQL, text)

    [error] = examined.refuse_cost(examined.cost(None, None))

    assert error.message.startswith("The operation may bring 58,202 values: at most 50,000.")


def test_every_list_of_objects_says_how_long_it_may_be() -> None:
    assert SCHEMA.list_sizes["Query.nodes"] == OneForEach("ids")
    assert SCHEMA.list_sizes["Thing.boxes"] == Bounded(FEW)
    assert isinstance(SCHEMA.list_sizes["ThingConnection.edges"], OfPage)


def test_a_schema_with_a_list_that_does_not_say_how_long_it_may_be_is_not_built() -> None:
    @strawberry.type(description="Questions.")
    class Boundless:
        @query(description="Boxes without end.")
        def boxes(self, info: strawberry.Info) -> list[Box]:
            del info
            return []

    with pytest.raises(TypeError, match=r"Boundless\.boxes does not say how long its list may be"):
        Schema(Boundless)
