"""The schema, put together with everything that it stands on."""

from collections.abc import Iterable
from functools import cache
from typing import Any

import strawberry
from graphql import GraphQLError
from strawberry.extensions import SchemaExtension
from strawberry.schema.config import StrawberryConfig
from strawberry.schema.name_converter import NameConverter
from strawberry.types.execution import ExecutionContext

from app.access.rules import rules_of
from app.graphql.execution.documents import Documents, ExamineDocuments
from app.graphql.execution.executor import BoundedExecutor
from app.graphql.execution.telemetry import ObserveOperations
from app.graphql.limits.cost_accounting import ChargeOperations
from app.graphql.lists import require_list_sizes
from app.graphql.scalars import SCALARS
from app.graphql.transport.hashes import KeepDocuments


class _RememberedNames(NameConverter):
    """Strawberry's names, made once: it asks for them for each argument of each field of each row."""

    def apply_naming_config(self, name: str) -> str:
        return _camel_case(name)


@cache
def _camel_case(name: str) -> str:
    return NameConverter().apply_naming_config(name)


class Schema(strawberry.Schema):
    """A schema with its limits and scalars; the documents that it was asked are kept with it.

    Every field of it has a rule, and every list of objects a size. Raises TypeError for a field that has none.
    """

    def __init__(
        self,
        query: type,
        mutation: type | None = None,
        subscription: type | None = None,
        types: Iterable[Any] = (),
        extensions: Iterable[type[SchemaExtension]] = (),
        *,
        executor: type[BoundedExecutor] = BoundedExecutor,
    ) -> None:
        super().__init__(
            query,
            mutation,
            subscription,
            types=types,
            extensions=[ObserveOperations, ExamineDocuments, ChargeOperations, KeepDocuments, *extensions],
            execution_context_class=executor,
            config=StrawberryConfig(scalar_map=SCALARS, name_converter=_RememberedNames()),
        )
        self.rules = rules_of(self._schema)
        self.list_sizes = require_list_sizes(self._schema)
        self.documents = Documents()

    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        """Log nothing here: `errors.describe` logs what nobody expected, without the values that Strawberry would write down."""
