"""docs/clients.md names every type that has no id, and no other."""

import re
from pathlib import Path

from graphql import GraphQLInterfaceType, GraphQLObjectType, GraphQLSchema, GraphQLUnionType, build_schema

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "clients.md").read_text("utf-8")
ROOTS = {"Query", "Mutation", "Subscription"}


def schema() -> GraphQLSchema:
    return build_schema((ROOT / "schema.graphql").read_text("utf-8"))


def test_every_type_without_an_id_has_a_policy() -> None:
    objects = [kind for kind in schema().type_map.values() if isinstance(kind, GraphQLObjectType) and kind.name[:2] != "__"]

    without_id = sorted(kind.name for kind in objects if "id" not in kind.fields and kind.name not in ROOTS)

    pages = [f"{name}{end}" for name in _listed("const paged") for end in ("Connection", "Edge")]
    payloads = [f"{name}Payload" for name in _listed("export const payloads")]
    named = [name for group in ("parts", "rows", "changes") for name in _listed(f"export const {group}")]
    assert sorted([*named, "PageInfo", *pages, *payloads]) == without_id


def test_the_possible_types_are_those_of_the_schema() -> None:
    abstract = [kind for kind in schema().type_map.values() if isinstance(kind, GraphQLInterfaceType | GraphQLUnionType)]

    possible = {kind.name: {each.name for each in schema().get_possible_types(kind)} for kind in abstract}

    assert {name: set(_listed(f"  {name}:")) for name in possible} == possible


def test_whatever_has_an_id_is_named() -> None:
    [sentence] = re.findall(r"is found by `node\(id:\)`: (.*?)\.", PAGE, re.DOTALL)
    node = schema().type_map["Node"]
    assert isinstance(node, GraphQLInterfaceType)

    assert re.findall(r"`(\w+)`", sentence) == sorted(kind.name for kind in schema().get_possible_types(node))


def _listed(begin: str) -> list[str]:
    [names] = re.findall(rf"^{re.escape(begin)}(?: =)? \[(.*?)\]", PAGE, re.DOTALL | re.MULTILINE)
    return re.findall(r"'(\w+)'", names)
