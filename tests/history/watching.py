"""The database's own account of who held which lease, written by triggers in the transactions themselves."""

import asyncpg

_TURN = """
CREATE TABLE history_turn (
  at double precision NOT NULL, server text NOT NULL, subject text NOT NULL,
  owner uuid, until double precision, now_owner uuid, was_open boolean NOT NULL
)"""

_OPEN = {
    "delivery": "NEW.status IN ('PENDING', 'RETRYING')",
    "grant": "NEW.version = OLD.version AND NEW.state = OLD.state",
}
"""Whether what the lease is for is still to be done after the statement that ended it."""

_NOTE = """
CREATE FUNCTION history_note_{table}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO history_turn VALUES (
    extract(epoch FROM clock_timestamp()), session_user, '{table} ' || NEW.id,
    OLD.lease_owner, extract(epoch FROM OLD.lease_until), NEW.lease_owner, COALESCE({is_open}, true)
  );
  RETURN NULL;
END $$"""
_TRIGGERS = """
CREATE TRIGGER history_note AFTER UPDATE ON "{table}" FOR EACH ROW
WHEN (OLD.lease_owner IS DISTINCT FROM NEW.lease_owner) EXECUTE FUNCTION history_note_{table}();
CREATE TRIGGER history_note_new AFTER INSERT ON "{table}" FOR EACH ROW
WHEN (NEW.lease_owner IS NOT NULL) EXECUTE FUNCTION history_note_{table}()"""
"""A row may be made with its lease: then there is none before."""


async def install(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute(_TURN)
        for table, is_open in _OPEN.items():
            await connection.execute(_NOTE.format(table=table, is_open=is_open))
            await connection.execute(_TRIGGERS.format(table=table))
    finally:
        await connection.close()
