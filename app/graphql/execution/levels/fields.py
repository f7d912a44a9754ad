"""A field of a document, as it stands in the schema."""

from collections.abc import Hashable
from typing import Any

from graphql import FieldNode, GraphQLObjectType, GraphQLSchema
from graphql.execution.collect_fields import FieldDetailsList
from graphql.execution.executor import to_nodes

from app.graphql.execution.levels.shapes import shape_of


class Field:
    """A field of an object type in one place of a document: `key` is its name in the answer. The document has to be valid."""

    def __init__(self, key: str, details: FieldDetailsList, parent: GraphQLObjectType, schema: GraphQLSchema) -> None:
        self.key = key
        self.details = details
        self.nodes: list[FieldNode] = to_nodes(details)
        self.name = self.nodes[0].name.value
        self.parent = parent
        definition = schema.get_field(parent, self.name)
        if definition is None:
            raise LookupError(self.name)
        self.definition = definition
        self.shape = shape_of(definition.type)
        self.known: dict[Hashable, Any] = {}
        """What others have found out about it, by whatever they know it again."""
