"""PostgreSQL itself undoes transactions: every second one, at its COMMIT, as for a serialization failure."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

# A sequence is the one thing that a rollback leaves as it is, and a setting that is local to the transaction says that it has
# been judged. A deferred constraint trigger is fired by COMMIT.
_UNDO = """
CREATE SEQUENCE undoing;
CREATE FUNCTION undo_at_first() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF coalesce(current_setting('undoing.judged', true), '') = '' THEN
    PERFORM set_config('undoing.judged', 'yes', true);
    IF nextval('undoing') % 2 = 1 THEN
      RAISE EXCEPTION 'undone by the test' USING ERRCODE = 'serialization_failure';
    END IF;
  END IF;
  RETURN NULL;
END $$;
"""
_ON_EACH_TABLE = """
DO $$
DECLARE name text;
BEGIN
  FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'tortoise_migrations' LOOP
    EXECUTE format('CREATE CONSTRAINT TRIGGER undo_at_first AFTER INSERT OR UPDATE OR DELETE ON %I
                    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION undo_at_first()', name);
  END LOOP;
END $$;
"""
_STOP = "DROP FUNCTION undo_at_first CASCADE; DROP SEQUENCE undoing;"


@asynccontextmanager
async def undoing(url: str) -> AsyncIterator[asyncpg.Connection]:
    """Let every second transaction that writes to the database at `url` be undone by its COMMIT, the first one too.

    Yields a connection of the test's own; `SELECT last_value FROM undoing` on it says how many were judged.
    """
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(_UNDO + _ON_EACH_TABLE)
        try:
            yield connection
        finally:
            await connection.execute(_STOP)
    finally:
        await connection.close()
