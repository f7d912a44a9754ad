"""Texts, ids, numbers and moments that no database takes, at every argument of a root field: answered, and never a fault."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    build_schema,
    is_leaf_type,
)

from app.graphql.ids import encode_id, encode_key
from tests.abuse.inside import told_of_the_inside
from tests.abuse.service import Service, serving
from tests.tenancy.values import NOBODYS

SCHEMA = build_schema((Path(__file__).parent.parent.parent / "schema.graphql").read_text("utf-8"))
TEXTS: Mapping[str, str] = {
    "nothing": "",
    "a null character": "a\0b",
    "marks": "a" + "\u0301\u0316" * 50_000,
    "a long text": "x" * 100_000,
    "percent signs": "%" * 60_000,
    "beyond the basic plane": "\U0001f600" * 20_000,
    "nothing that is seen": "\u200b\u200d\ufeff",
    "an id of nobody": encode_id("InstalledApp", NOBODYS),
    "a channel of null characters": encode_key("Channel", "slack:\0:\0"),
    "a repository of null characters": encode_key("Repository", json.dumps(["gitlab-self-managed", "https://a\0", "\0"])),
    "a cursor beyond the years": encode_key("Cursor", json.dumps([0, "0001-01-01T00:00:00+14:00", "0" * 32])),
    "a cursor beyond 64 bits": encode_key("Cursor", json.dumps(["log", "0" * 32, 2**64])),
    "an address": "https://" + "é." * 2_000,
    "a moment": "0001-01-01T00:00:00+14:00",
    "the last moment": "9999-12-31T23:59:59.999-23:59",
    "digits": "9" * 5_000,
}


def documents(root: str) -> Iterator[tuple[str, str, GraphQLField]]:
    kind = {"query": SCHEMA.query_type, "mutation": SCHEMA.mutation_type}[root]
    assert kind is not None
    for name, field in kind.fields.items():
        if field.args and name != "signOut":
            declared = ", ".join(f"${each}: {argument.type}" for each, argument in field.args.items())
            given = ", ".join(f"{each}: ${each}" for each in field.args)
            shown = "" if is_leaf_type(field.type) else " { __typename }"
            yield name, f"{root} ({declared}) {{ {name}({given}){shown} }}", field


def fill(kind: GraphQLInputType, text: str) -> Any:
    """Return a value of the type, with the text wherever one goes, or None where the type is an enum without it."""
    match kind:
        case GraphQLNonNull(of_type=inner):
            return fill(inner, text)
        case GraphQLList(of_type=inner):
            return [fill(inner, text)]
        case GraphQLEnumType(values=values):
            return next(iter(values))
        case GraphQLInputObjectType(fields=fields, is_one_of=is_one_of):
            chosen = list(fields.items())[-1:] if is_one_of else fields.items()
            return {name: fill(member.type, text) for name, member in chosen}
        case _:
            plain = {"Int": 2**31 - 1, "Float": 1e308, "Boolean": True, "DateTime": "9999-12-31T23:59:59.999-23:59"}
            return plain.get(getattr(kind, "name", ""), text)


@pytest.mark.parametrize("root", ["query", "mutation"])
async def test_no_value_is_a_fault_of_the_service(root: str, database_url: str, tmp_path: Path) -> None:
    asked = 0
    async with serving(database_url, tmp_path, rate_limit_per_minute=0, team_rate_limit_per_minute=0) as service:
        for name, document, field in documents(root):
            for what, text in TEXTS.items():
                for variables in given(field, text):
                    answer = await ask(service, document, variables)
                    assert '"code":"INTERNAL"' not in answer, (name, what)
                    assert told_of_the_inside(answer) == [], (name, what)
                    asked += 1

    assert asked >= 200


def given(field: GraphQLField, text: str) -> Iterator[dict[str, Any]]:
    """Yield the arguments: all of them at once, and each that can be left out without the others."""
    whole = {name: fill(argument.type, text) for name, argument in field.args.items()}
    sizes = {"first", "last", "before"} & whole.keys()
    yield {name: value for name, value in whole.items() if name not in sizes}
    if "before" in whole:
        yield {"last": 1, "before": text}


async def ask(service: Service, document: str, variables: dict[str, Any]) -> str:
    headers = [(b"authorization", f"Bearer {service.token.reveal()}".encode()), (b"content-type", b"application/json")]
    body = json.dumps({"query": document, "variables": variables}).encode()
    return (await service.ask("POST", "/graphql", headers=headers, body=body)).text
