"""What asyncpg raises, in the words of ours and of Tortoise."""

from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
from tortoise.exceptions import IntegrityError, OperationalError, TransactionManagementError

from app.storage.outages import of_server

RAISED = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)


async def translating(func: Callable[..., Awaitable[Any]], *args: Any, **kwargs: Any) -> Any:
    """Return what `func` does; it raises what `translated` makes of asyncpg's error."""
    try:
        return await func(*args, **kwargs)
    except RAISED as error:
        raise translated(error) from error


def translated(error: Exception) -> Exception:
    """Return what is raised in the place of asyncpg's error."""
    away = of_server(error)
    if away is not None:
        return away
    match error:
        case asyncpg.SyntaxOrAccessError() | asyncpg.DataError():
            return OperationalError(error)
        case asyncpg.IntegrityConstraintViolationError():
            return IntegrityError(error)
        case asyncpg.InvalidTransactionStateError():
            return TransactionManagementError(error)
    return error
