"""How many integrations and monitors each team has: kept by triggers, so that no version and no way of writing can forget it.

The row in which they are kept is the one that every change of the team holds: nobody waits for it who did not before.
"""

from collections.abc import Iterator
from typing import Any

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

_LIVING = {"integration": '"deleted_at" IS NULL', "monitor": "TRUE"}


def _of_server(table: str) -> Iterator[str]:
    """Many rows that come at once are counted at once: one after the other, each would have to pass the counts before its own."""
    column, living = f'"{table}s"', _LIVING[table]
    for event, rows, sign in (("INSERT", "NEW", "+"), ("DELETE", "OLD", "-")):
        name = f"count_{table}_{event.lower()}"
        yield f"""
CREATE FUNCTION "{name}"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE "counter" SET {column} = "counter".{column} {sign} "some"."count"
  FROM (SELECT "team_id", COUNT(*) AS "count" FROM "these" WHERE {living} GROUP BY "team_id") AS "some"
  WHERE "counter"."team_id" = "some"."team_id";
  RETURN NULL;
END $$"""
        yield f"""
CREATE TRIGGER "{name}" AFTER {event} ON "{table}" REFERENCING {rows} TABLE AS "these"
FOR EACH STATEMENT EXECUTE FUNCTION "{name}"()"""
    if "deleted_at" in living:
        name = f"count_{table}_update"
        yield f"""
CREATE FUNCTION "{name}"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE "counter" SET {column} = {column} + CASE WHEN NEW."deleted_at" IS NULL THEN 1 ELSE -1 END
  WHERE "team_id" = NEW."team_id";
  RETURN NULL;
END $$"""
        yield f"""
CREATE TRIGGER "{name}" AFTER UPDATE OF "deleted_at" ON "{table}"
FOR EACH ROW WHEN ((OLD."deleted_at" IS NULL) <> (NEW."deleted_at" IS NULL)) EXECUTE FUNCTION "{name}"()"""


def _of_file(table: str) -> Iterator[str]:
    column, living = f'"{table}s"', _LIVING[table]
    for event, row, sign in (("INSERT", "NEW", "+"), ("DELETE", "OLD", "-")):
        yield f"""
CREATE TRIGGER "count_{table}_{event.lower()}" AFTER {event} ON "{table}" WHEN {living.replace('"deleted_at"', f'{row}."deleted_at"')}
BEGIN UPDATE "counter" SET {column} = {column} {sign} 1 WHERE "team_id" = {row}."team_id"; END"""
    if "deleted_at" in living:
        yield f"""
CREATE TRIGGER "count_{table}_update" AFTER UPDATE OF "deleted_at" ON "{table}"
WHEN (OLD."deleted_at" IS NULL) <> (NEW."deleted_at" IS NULL)
BEGIN
  UPDATE "counter" SET {column} = {column} + CASE WHEN NEW."deleted_at" IS NULL THEN 1 ELSE -1 END WHERE "team_id" = NEW."team_id";
END"""


async def _keep(_apps: Any, editor: Any) -> None:
    statements = _of_server if editor.client.capabilities.dialect == "postgres" else _of_file
    for table, living in _LIVING.items():
        # First what nobody may write beside until the commit, so that what is counted then is all there is.
        for statement in statements(table):
            await editor.client.execute_query(statement)
        counted = f'SELECT COUNT(*) FROM "{table}" WHERE "team_id" = "counter"."team_id" AND {living}'
        await editor.client.execute_query(f'UPDATE "counter" SET "{table}s" = ({counted})')


class Migration(migrations.Migration):
    dependencies = [('models', '0017_lists_of_pages')]

    initial = False

    operations = [
        ops.AddField(
            model_name='Counter',
            name='integrations',
            field=fields.BigIntField(default=0, db_default=0),
        ),
        ops.AddField(
            model_name='Counter',
            name='monitors',
            field=fields.BigIntField(default=0, db_default=0),
        ),
        ops.RunPython(_keep, ops.RunPython.noop),
    ]
