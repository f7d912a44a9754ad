"""Statements that a test gives to a database itself, beside the service that uses it."""

import contextlib
import sqlite3
from typing import Any

import asyncpg

_PATIENCE_SECONDS = 30.0


async def run_statement(database_url: str, statement: str) -> list[tuple[Any, ...]]:
    """Run a statement on a connection of its own, and return the rows that it finds."""
    if database_url.startswith("sqlite:"):
        with (
            contextlib.closing(sqlite3.connect(database_url.removeprefix("sqlite:///"), timeout=_PATIENCE_SECONDS)) as file,
            file,
        ):
            return file.execute(statement).fetchall()
    connection = await asyncpg.connect(database_url)
    try:
        return [tuple(row) for row in await connection.fetch(statement)]
    finally:
        await connection.close()
