"""The schema of teams alone, and a caller who asks it."""

from typing import Any

import strawberry
from strawberry.tools import create_type

from app.access.callers import Caller
from app.graphql.context import Context, Info
from app.graphql.execution.schema import Schema
from app.graphql.fields import query
from app.graphql.nodes import Node, find_node, nodes_of
from app.services import Services
from app.teams import schema as teams

NODES = nodes_of(teams.NODES)


@query(description="A thing by its id.")
async def node(info: Info, id: strawberry.ID) -> Node | None:
    return await find_node(id, nodes=NODES, context=info.context)


def root(name: str, fields: dict[str, Any]) -> type:
    for python_name, field in fields.items():
        field.python_name = python_name
    return create_type(name, list(fields.values()))


def schema() -> Schema:
    return Schema(
        query=root("Query", teams.QUERY | {"node": node}),
        mutation=root("Mutation", teams.MUTATION),
        types=list(teams.NODES),
    )


SCHEMA = schema()

MUTATIONS = {
    "addTeamMember": 'addTeamMember(input: {name: "Eve", email: "eve@example.com", role: ADMIN}) { userErrors { code field } }',
    "changeTeamMemberRole": "changeTeamMemberRole(input: {id: ID, role: VIEWER}) { userErrors { code field } }",
    "removeTeamMember": "removeTeamMember(input: {id: ID}) { userErrors { code field } }",
    "createSignInLink": "createSignInLink(input: {id: ID}) { userErrors { code field } }",
    "createAccessToken": 'createAccessToken(input: {name: "CI", scopes: [READ]}) { userErrors { code field } }',
    "revokeAccessToken": "revokeAccessToken(input: {id: ID}) { userErrors { code field } }",
}
OF_ADMINS = ("addTeamMember", "changeTeamMemberRole", "removeTeamMember", "createSignInLink")


async def ask(document: str, caller: Caller | None, services: Services) -> dict[str, Any]:
    """Return the answer's data, or raise what was raised."""
    result = await SCHEMA.execute(document, context_value=Context(caller=caller, services=services, request_id="1"))
    for error in result.errors or []:
        raise error.original_error or error
    assert result.data is not None
    return result.data


async def mutate(name: str, caller: Caller | None, services: Services, *, id: str = "unknown") -> Any:
    data = await ask("mutation { " + MUTATIONS[name].replace("ID", f'"{id}"') + " }", caller, services)
    return data[name]
