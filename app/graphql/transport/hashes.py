"""Operations by the hash of their document, so that clients need not send it each time (Apollo's automatic persisted queries).

A client first sends the SHA-256 alone; where its document is not known it is told so (PERSISTED_QUERY_NOT_FOUND) and sends both.
Only what is valid, within the limits and paid for is kept, and no mutation that holds a text: it may be a secret.
"""

import hashlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Any

from graphql import DocumentNode, OperationDefinitionNode, OperationType, StringValueNode, Visitor, visit
from strawberry.extensions import SchemaExtension

from app.errors import BadUserInput, PersistedQueryNotFound
from app.graphql.context import Context
from app.graphql.limits.cost_accounting import charge
from app.graphql.transport.requests import Operation, digest_in


async def resolve(operation: Operation, context: Context) -> Operation:
    """Return the operation with the document that it names by hash, or as it is where it names none.

    Raises PersistedQueryNotFound where its team has none of that hash, BadUserInput for a hash that is not that of its document,
    RateLimited for whoever has asked for too many that are not known: a miss costs a point.
    """
    if operation.digest is None:
        return operation
    if not operation.query:
        text = await _find(operation.digest, context)
        if text is None:
            charged = await charge(context, points=1)
            raise charged.refusal if charged is not None and charged.refusal is not None else PersistedQueryNotFound
        return replace(operation, query=text)
    if _digest_of(operation.query) != operation.digest:
        raise BadUserInput("`sha256Hash` is not the SHA-256 of `query`, as UTF-8, in lower-case hexadecimal digits.")
    return operation


class KeepDocuments(SchemaExtension):
    """Keeps documents that came with their hash, once they are valid and paid for: stands behind what finds that."""

    async def on_validate(self) -> AsyncIterator[None]:
        execution = self.execution_context
        if not execution.pre_execution_errors and execution.graphql_document is not None:
            await keep_document(
                execution.operation_extensions, execution.query or "", execution.graphql_document, execution.context
            )
        yield


async def keep_document(extensions: Mapping[str, Any] | None, text: str, document: DocumentNode, context: Context) -> None:
    """Keep a document that is valid and paid for, where its hash came with it."""
    digest = digest_in(extensions)
    if isinstance(digest, str):
        await _keep(digest, text, document, context)


async def _find(digest: str, context: Context) -> str | None:
    if context.caller is None or context.persisted is None:
        return None
    return await context.persisted.find(context.caller.team_id, digest)


async def _keep(digest: str, text: str, document: DocumentNode, context: Context) -> None:
    if context.caller is not None and context.persisted is not None and not _says_a_text(document):
        await context.persisted.keep(context.caller.team_id, digest, text)


def _digest_of(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _says_a_text(document: DocumentNode) -> bool:
    """Whether there is a mutation in the document, and a text."""
    operations = [node.operation for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    texts = _Texts()
    visit(document, texts)
    return OperationType.MUTATION in operations and texts.are_there


class _Texts(Visitor):
    are_there = False

    def enter_string_value(self, _: StringValueNode, *__: Any) -> None:
        self.are_there = True
