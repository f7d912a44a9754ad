"""Tables of another application in the database: seen before the first table is made."""

import logging
from collections.abc import Collection

from tortoise.backends.base.client import BaseDBAsyncClient

from app.errors import ConfigurationError
from app.storage.addresses import SETTING

_SHOWN = 5
_ON_SERVER = """
SELECT relname AS name FROM pg_class
WHERE relnamespace = to_regnamespace(quote_ident(current_schema())) AND relkind IN ('r', 'p', 'v', 'm', 'f')
  AND NOT EXISTS (SELECT 1 FROM pg_depend WHERE objid = pg_class.oid AND deptype = 'e')
ORDER BY relname"""
_IN_FILE = (
    "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name"
)


async def refuse_taken_names(connection: BaseDBAsyncClient, *, ours: Collection[str], remarks: logging.Logger) -> None:
    """Say to `remarks` which tables there are already, before any is ours. What an extension of the server made does not count.

    Raises ConfigurationError where one has a name that we need.
    """
    is_server = connection.capabilities.dialect == "postgres"
    found = [row["name"] for row in await connection.execute_query_dict(_ON_SERVER if is_server else _IN_FILE)]
    taken = [name for name in found if name in ours]
    if taken:
        raise ConfigurationError(
            f"{SETTING}: another application has tables there ({_named(taken)}): name a database that is this service's own."
        )
    if found:
        remarks.warning("The database has tables of another application (%s): one of its own would be better.", _named(found))


def _named(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
