"""The providers and kinds by their ids."""

from typing import Any

import pytest
from graphql import GraphQLInterfaceType

from app.graphql.context import Context
from app.providers.catalogue import CATALOGUE
from app.service.schema import NODES, build_schema
from app.services import Services
from tests.graphql.tiny import World, caller

SCHEMA = build_schema()
ALL = "{ providers { __typename id key integrationKinds { __typename id key } } }"
FOUND = "query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id ... on Provider { key } ... on IntegrationKind { key } } }"


async def ask(document: str, services: Services, **variables: object) -> dict[str, Any]:
    result = await SCHEMA.execute(
        document, variable_values=variables, context_value=Context(caller=caller(), services=services, request_id="1")
    )
    assert result.errors is None
    assert result.data is not None
    return result.data


async def test_each_is_found_again_by_its_id() -> None:
    services = World().services
    providers = (await ask(ALL, services))["providers"]
    kinds = {kind["id"]: kind for provider in providers for kind in provider.pop("integrationKinds")}
    shown = [*providers, *kinds.values()]

    data = await ask(FOUND, services, ids=[each["id"] for each in shown])

    assert data["nodes"] == shown
    assert len({each["id"] for each in shown}) == len(shown) == len({each["key"] for each in shown})


async def test_an_id_stays_what_it_is_from_version_to_version() -> None:
    providers = (await ask(ALL, World().services))["providers"]

    assert {each["key"]: each["id"] for each in providers} == {
        "github-enterprise-server": "UHJvdmlkZXI6YKqc2MzZUQ-02Juh3zQrRA",
        "gitlab-self-managed": "UHJvdmlkZXI6k5YoAPb2VnOmBwsrEPN_yg",
        "pagerduty": "UHJvdmlkZXI6a1kOJeskXZ65GWDEkkKhYg",
        "slack": "UHJvdmlkZXI6UBd9NkY3UJ6Fgth-yac-vg",
        "webhook": "UHJvdmlkZXI6AC1M--RuVPeVd5heWXp-Sg",
    }


def test_whatever_has_an_id_is_found_by_it() -> None:
    node = SCHEMA._schema.type_map["Node"]  # noqa: SLF001 - Strawberry shows it in no other way
    assert isinstance(node, GraphQLInterfaceType)

    assert {kind.name for kind in SCHEMA._schema.get_possible_types(node)} == NODES.keys()  # noqa: SLF001 - as above


SOUGHT = "query ($search: String) { providers(search: $search) { key } }"


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("gITlAB", ["gitlab-self-managed"]),
        ("connect an api", ["github-enterprise-server", "gitlab-self-managed"]),
        ("monitoring", ["slack", "webhook"]),
        ("nowhere", []),
        ("", ["github-enterprise-server", "gitlab-self-managed", "pagerduty", "slack", "webhook"]),
    ],
)
async def test_they_are_found_by_their_names_and_by_what_integrations_with_them_can_be(search: str, found: list[str]) -> None:
    data = await ask(SOUGHT, World().services, search=search)

    assert [each["key"] for each in data["providers"]] == found


async def test_each_has_a_picture_here_and_says_where_it_helps_people() -> None:
    services = World().services
    public_url = services.settings.public_url

    providers = (await ask("{ providers { key iconUrl helpUrl } }", services))["providers"]

    assert {each["key"]: each["iconUrl"] for each in providers} == {key: f"{public_url}/icons/{key}.svg" for key in CATALOGUE}
    assert {each["key"]: each["helpUrl"] for each in providers} == {key: each.help_url for key, each in CATALOGUE.items()}
