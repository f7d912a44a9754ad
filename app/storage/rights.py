"""Rights of a role on a server, looked at before they are needed. What is lacking is one line with the GRANT."""

from collections.abc import Sequence

from tortoise.backends.base.client import BaseDBAsyncClient

from app.errors import ConfigurationError
from app.storage.addresses import SETTING

_OF_SCHEMA = """
SELECT quote_ident(current_user) AS role, quote_ident(coalesce(current_schema(), 'public')) AS schema,
  current_schema() IS NOT NULL AS may_use, coalesce(has_schema_privilege(current_schema(), 'CREATE'), false) AS may_create,
  (SELECT quote_ident(tableowner) FROM pg_tables
   WHERE schemaname = current_schema() AND NOT pg_has_role(tableowner, 'USAGE') AND tablename = ANY($1) LIMIT 1) AS owner"""

_OF_ROWS = """
SELECT coalesce(bool_and(coalesce(
  has_table_privilege(id, 'SELECT') AND has_table_privilege(id, 'INSERT')
  AND has_table_privilege(id, 'UPDATE') AND has_table_privilege(id, 'DELETE'), true)), true) AS may
FROM (SELECT to_regclass(quote_ident(name)) AS id FROM unnest($1::text[]) AS name) AS tables"""


async def require_changes(connection: BaseDBAsyncClient, *, tables: Sequence[str]) -> None:
    """Raise ConfigurationError where the role cannot make tables, or change those that there are."""
    [found] = await connection.execute_query_dict(_OF_SCHEMA, [list(tables)])
    if not found["may_create"]:
        grant = f"GRANT USAGE, CREATE ON SCHEMA {found['schema']} TO {found['role']};"
    elif found["owner"] is not None:
        grant = f"GRANT {found['owner']} TO {found['role']};"
    else:
        return
    raise ConfigurationError(
        f"{SETTING}: a migration is due, and the role {found['role']} may not make it: run `migrate` as the role to which the "
        f"tables belong, or first let the database's operator run: {grant}"
    )


async def require_rows(connection: BaseDBAsyncClient, *, tables: Sequence[str]) -> None:
    """Raise ConfigurationError where the role cannot read and write the rows of each of the tables."""
    [schema] = await connection.execute_query_dict(_OF_SCHEMA, [[]])
    [rows] = await connection.execute_query_dict(_OF_ROWS, [list(tables)])
    if not schema["may_use"] or not rows["may"]:
        role, name = schema["role"], schema["schema"]
        raise ConfigurationError(
            f"{SETTING}: the role {role} may not read and write every table: let the database's operator run: "
            f"GRANT USAGE ON SCHEMA {name} TO {role}; "
            f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {name} TO {role};"
        )
