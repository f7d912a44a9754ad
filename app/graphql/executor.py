"""No operation is executed for longer than its deadline, over whatever transport it came; of a subscription, no event is.

And none leaves anything behind once it is answered.
"""

import asyncio
from collections.abc import Awaitable
from typing import Any, cast

from graphql import ExecutionResult, GraphQLError, OperationType
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from app.errors import Overdue
from app.graphql.context import Context

LATE = "This took too long and was given up: ask for less at once, or again later."
LATE_CHANGE = "This took too long and is no longer waited for. It may still be done: look before you ask again."


class BoundedExecutor(StrawberryGraphQLCoreExecutionContext):
    """graphql-core's executor, which gives up after the context's `deadline` and answers with Overdue and no data.

    What the operation waits for is cancelled. A mutation that is under way is only waited for no longer: see `Tasks`.
    """

    @classmethod
    def build(cls, *given: Any, **options: Any) -> Any:
        """Build an executor that does not look which names are like a wrong one.

        Nobody is told them, and for fifty long values of an enum that took a tenth of a second.
        """
        return super().build(*given, **{**options, "hide_suggestions": True})

    def build_per_event_executor(self, payload: Any) -> Any:
        """Build the executor of one event, with a memory of its own.

        graphql-core's share one, in which no event finds again what another has put there, and which grew as long as somebody
        listened.
        """
        executor = super().build_per_event_executor(payload)
        executor._relevant_sub_fields = {}  # noqa: SLF001 - one of our own
        return executor

    def execute_operation(self, serially: bool | None = None) -> Any:
        result = super().execute_operation(serially)
        if self.is_awaitable(result):
            return self._in_time(cast(Awaitable[ExecutionResult], result))
        self._let_go()
        return result

    async def _in_time(self, result: Awaitable[ExecutionResult]) -> ExecutionResult:
        waiting = asyncio.timeout(self._context.deadline)
        try:
            async with waiting:
                return await result
        except TimeoutError:
            if not waiting.expired():  # somebody else's
                raise
        finally:
            self._let_go()
        error = Overdue(LATE_CHANGE if self.operation.operation is OperationType.MUTATION else LATE)
        return ExecutionResult(None, [GraphQLError(error.message, original_error=error)])

    def _let_go(self) -> None:
        """Forget the fields and rows that were found: the executor and the context are in cycles, and wait for a collection.

        Whoever goes on beyond the end finds them anew.
        """
        self._relevant_sub_fields.clear()
        self._context.clear_loaders()

    @property
    def _context(self) -> Context:
        return cast(Context, self.context_value)
