"""The schema that the service offers: written down, described whole, and never less than the contract."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema as read_schema,
)
from graphql.utilities import find_breaking_changes

from app.service.schema import build_schema
from tests.releases import breaking_changes, undated_deprecations

ROOT = Path(__file__).parents[2]
WRITTEN = ROOT / "schema.graphql"
CONTRACT = ROOT / "tests" / "data" / "contract.graphql"
RELEASED = ROOT / "tests" / "data" / "released.graphql"
"""schema.graphql as of the last release; each release copies it anew."""


LOOSENED = {
    f"Field {field} changed type from {kind}! to {kind}."
    for field, kind in (("PostMonitoringResults.channel", "Channel"), ("ConnectApi.repository", "Repository"))
}
"""What a provider shows can be gone: null says so, and no stored name stands under a living thing's id."""


@pytest.fixture(scope="module")
def served() -> GraphQLSchema:
    return read_schema(build_schema().as_str())


def test_schema_graphql_is_what_the_code_serves() -> None:
    assert WRITTEN.read_text() == build_schema().as_str() + "\n"


def test_nothing_breaks_a_client_written_against_the_contract(served: GraphQLSchema) -> None:
    contract = read_schema(CONTRACT.read_text())

    assert {change.description for change in find_breaking_changes(contract, served)} == LOOSENED


def test_nothing_breaks_a_client_written_against_the_last_release(served: GraphQLSchema) -> None:
    assert set(breaking_changes(RELEASED.read_text(), served, today=datetime.now(UTC).date())) == LOOSENED


def test_every_deprecation_names_the_day_of_the_removal() -> None:
    assert undated_deprecations(WRITTEN.read_text()) == []


def test_every_type_field_argument_and_enum_value_is_described(served: GraphQLSchema) -> None:
    assert [path for kind in _own(served) for path in _undescribed(kind)] == []


def test_no_field_gives_out_a_secret(served: GraphQLSchema) -> None:
    """Secrets go in; what comes out is a hint, but for a fresh access token and an invitation, shown once in their payloads."""
    told = {
        f"{kind.name}.{name}"
        for kind in _own(served)
        if isinstance(kind, GraphQLObjectType)
        for name in kind.fields
        if any(word in name.lower() for word in ("secret", "token", "password", "verifier", "ticket"))
    }

    assert told == {
        "CreateAccessTokenPayload.accessToken",
        "CreateAccessTokenPayload.token",
        "EventOrigin.tokenLastFour",
        "InstalledApp.clientSecretHint",
        "Mutation.createAccessToken",
        "Mutation.revokeAccessToken",
        "Provider.secretFields",
        "RevokeAccessTokenPayload.revokedAccessTokenId",
        "Viewer.accessTokens",
    }


def _own(schema: GraphQLSchema) -> list[GraphQLNamedType]:
    standard = {"String", "Int", "Float", "Boolean", "ID"}
    return [kind for name, kind in schema.type_map.items() if not name.startswith("__") and name not in standard]


def _undescribed(kind: GraphQLNamedType) -> list[str]:
    parts: dict[str, str | None] = {kind.name: kind.description}
    if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
        for name, field in kind.fields.items():
            parts[f"{kind.name}.{name}"] = field.description
            parts.update({f"{kind.name}.{name}({argument})": it.description for argument, it in field.args.items()})
    if isinstance(kind, GraphQLInputObjectType):
        parts.update({f"{kind.name}.{name}": field.description for name, field in kind.fields.items()})
    if isinstance(kind, GraphQLEnumType):
        parts.update({f"{kind.name}.{name}": value.description for name, value in kind.values.items()})
    return [path for path, description in parts.items() if not description]
