"""What a search of integrations looks at stands in the index by which SQLite goes through them: it reads no rows but those found.

PostgreSQL has to read the rows anyway, to see whether they are there for it, or a map that says so: it is no faster by that.
"""

from typing import Any

from tortoise import migrations
from tortoise.migrations import operations as ops


async def _widen(_apps: Any, editor: Any) -> None:
    if editor.client.capabilities.dialect == "postgres":
        return
    columns = '"team_id", "created_at", "id", "name", "connected_to"'
    await editor.client.execute_query('DROP INDEX "idx_integration_living"')
    await editor.client.execute_query(
        f'CREATE INDEX "idx_integration_living" ON "integration" ({columns}) WHERE "deleted_at" IS NULL'
    )


class Migration(migrations.Migration):
    dependencies = [('models', '0018_kept_totals')]

    initial = False

    operations = [
        ops.RunPython(_widen, ops.RunPython.noop),
    ]
