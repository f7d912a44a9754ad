"""The whole API: the capabilities' fields put together."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import strawberry
from strawberry.tools import create_type
from strawberry.types.field import StrawberryField

from app.activity import schema as activity
from app.catalogue import schema as catalogue
from app.deliveries import schema as deliveries
from app.forecasts import schema as forecasts
from app.graphql.context import Info
from app.graphql.execution.executor import BoundedExecutor
from app.graphql.execution.schema import Schema
from app.graphql.extension import extend_types
from app.graphql.fields import query
from app.graphql.lists import one_for_each
from app.graphql.nodes import Node, find_node, find_nodes, nodes_of
from app.installed_apps import schema as installed_apps
from app.integrations import schema as integrations
from app.monitors import schema as monitors
from app.repositories import schema as repositories
from app.sign_ins import schema as sign_ins
from app.teams import schema as teams

NODES = nodes_of(
    teams.NODES,
    catalogue.NODES,
    sign_ins.NODES,
    monitors.NODES,
    installed_apps.NODES,
    integrations.NODES,
    deliveries.NODES,
    activity.NODES,
)

FIELDS = (
    sign_ins.FIELDS,
    installed_apps.FIELDS,
    repositories.FIELDS,
    integrations.FIELDS,
    forecasts.FIELDS,
    deliveries.FIELDS,
    activity.FIELDS,
)
"""Fields that a capability adds to the types of those below it."""


_Ids = Annotated[list[strawberry.ID], strawberry.argument(description="The ids that they were given out with.")]


@query(description="Whatever has this id in the caller's team; null for anything else.")
async def node(info: Info, id: strawberry.ID) -> Node | None:
    return await find_node(id, nodes=NODES, context=info.context)


@query(description="The same for up to 100 ids, in their order.", size=one_for_each("ids"))
async def nodes(info: Info, ids: _Ids) -> list[Node | None]:
    return await find_nodes(ids, nodes=NODES, context=info.context)


QUERIES = (
    teams.QUERY,
    {"node": node, "nodes": nodes},
    catalogue.QUERY,
    installed_apps.QUERY,
    integrations.QUERY,
    sign_ins.QUERY,
    monitors.QUERY,
    activity.QUERY,
)
MUTATIONS = (sign_ins.MUTATION, installed_apps.MUTATION, integrations.MUTATION, deliveries.MUTATION, teams.MUTATION)
SUBSCRIPTIONS = (
    integrations.SUBSCRIPTION,
    installed_apps.SUBSCRIPTION,
    sign_ins.SUBSCRIPTION,
    deliveries.SUBSCRIPTION,
    activity.SUBSCRIPTION,
)


def build_schema(*, executor: type[BoundedExecutor] = BoundedExecutor) -> Schema:
    """Return the schema. Raises when two capabilities name the same field or a field lacks its rule or description."""
    for fields in FIELDS:
        extend_types(fields)
    return Schema(
        query=_root("Query", QUERIES, "Reading. Everything is the caller's own team's."),
        mutation=_root(
            "Mutation", MUTATIONS, "Changing. What a client can do wrong is a row of `userErrors`, with nothing changed."
        ),
        subscription=_root("Subscription", SUBSCRIPTIONS, "Listening. Every change once and in order, resumable by its cursor."),
        first=activity.FIRST,
        executor=executor,
    )


def _root(name: str, tables: Sequence[Mapping[str, Any]], description: str) -> type:
    fields: dict[str, StrawberryField] = {}
    for table in tables:
        for python_name, field in table.items():
            if python_name in fields:
                raise ValueError(f"{name} has two fields {python_name}.")
            field.python_name = python_name
            fields[python_name] = field
    return create_type(name, list(fields.values()), description=description)
