"""No operation is executed for longer than its deadline, over whatever transport it came; of a subscription, no event is."""

import asyncio
from collections.abc import Awaitable
from typing import Any, cast

from graphql import ExecutionResult, GraphQLError, OperationType
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from app.errors import Overdue
from app.graphql.context import Context

LATE = "This took too long and was given up: ask for less at once, or again later."
LATE_CHANGE = "This took too long and is no longer waited for. It may still be done: look before you ask again."


class TimedExecutor(StrawberryGraphQLCoreExecutionContext):
    """graphql-core's executor, which gives up after the context's `deadline` and answers with Overdue and no data.

    What the operation waits for is cancelled. A mutation that is under way is only waited for no longer: see `Tasks`.
    """

    @classmethod
    def build(cls, *given: Any, **options: Any) -> Any:
        """Build an executor that does not look which names are like a wrong one.

        Nobody is told them, and for fifty long values of an enum that took a tenth of a second.
        """
        return super().build(*given, **{**options, "hide_suggestions": True})

    def execute_operation(self, serially: bool | None = None) -> Any:
        result = super().execute_operation(serially)
        return self._in_time(cast(Awaitable[ExecutionResult], result)) if self.is_awaitable(result) else result

    async def _in_time(self, result: Awaitable[ExecutionResult]) -> ExecutionResult:
        waiting = asyncio.timeout(cast(Context, self.context_value).deadline)
        try:
            async with waiting:
                return await result
        except TimeoutError:
            if not waiting.expired():  # somebody else's
                raise
        error = Overdue(LATE_CHANGE if self.operation.operation is OperationType.MUTATION else LATE)
        return ExecutionResult(None, [GraphQLError(error.message, original_error=error)])
