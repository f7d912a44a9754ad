"""The same answers, written by hand: Starlette, asyncpg or aiosqlite, orjson, and one statement for each list.

`python -m tests.bench.handwritten serve --port N` serves them from the database of INSTALLED_APPS_DATABASE_URL. What it answers
is compared with what the service answers before either is measured.
"""

import asyncio
import hashlib
import json
import os
import sys
import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol
from uuid import UUID

import aiosqlite
import asyncpg
import orjson
import uvicorn
import uvloop
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

JSON = dict[str, Any]
_MOST = 50

_TOKEN = """
SELECT token.expires_at, token.revoked_at, member.id AS member_id, member.team_id, member.role, member.left_at
FROM access_token AS token JOIN member ON member.id = token.member_id WHERE token.hash = $1"""
_VIEWER = """
SELECT member.id, member.name, member.email, member.role, team.id AS team_id, team.name AS team_name
FROM member JOIN team ON team.id = member.team_id WHERE member.id = $1"""
_APP = """
SELECT app.id, app.provider, app.name, app.connected_to, app.url, app.status, app.created_at, app.updated_at,
  member.id AS member_id, member.name AS member_name
FROM installed_app AS app LEFT JOIN member ON member.id = app.installed_by_id
WHERE app.team_id = $1 AND app.id = $2 AND app.deleted_at IS NULL"""
_APPS = """
SELECT app.id, app.provider, app.name, app.connected_to, app.status, app.created_at,
  member.id AS member_id, member.name AS member_name
FROM installed_app AS app LEFT JOIN member ON member.id = app.installed_by_id
WHERE app.team_id = $1 AND app.deleted_at IS NULL ORDER BY app.created_at DESC, app.id DESC LIMIT $2"""
_OF_APPS = """
SELECT * FROM (
  SELECT id, installed_app_id, name, status, connected_to,
    row_number() OVER (PARTITION BY installed_app_id ORDER BY created_at DESC, id DESC) AS place
  FROM integration WHERE team_id = $1 AND deleted_at IS NULL AND installed_app_id {among}
) AS ranked WHERE place <= $3 ORDER BY place"""
_INTEGRATIONS = """
SELECT integration.id, integration.kind, integration.name, integration.status, integration.connected_to, integration.created_at,
  app.id AS app_id, app.name AS app_name, member.name AS member_name
FROM integration
LEFT JOIN installed_app AS app ON app.id = integration.installed_app_id AND app.deleted_at IS NULL
LEFT JOIN member ON member.id = integration.created_by_id
WHERE integration.team_id = $1 AND integration.deleted_at IS NULL
ORDER BY integration.created_at DESC, integration.id DESC LIMIT $2"""
_DELIVERIES = """
SELECT delivery.id, delivery.status, delivery.created_at, delivery.position,
  run.run_id, run.outcome, run.started_at, run.duration_ms
FROM delivery JOIN integration ON integration.id = delivery.integration_id JOIN monitor_run AS run ON run.id = delivery.run_id
WHERE integration.team_id = $1 AND integration.id = $2 AND integration.deleted_at IS NULL
ORDER BY delivery.position DESC LIMIT $3"""
_ATTEMPTS = """
SELECT delivery_id, at, duration_ms, succeeded, error FROM delivery_attempt WHERE delivery_id {among_first} ORDER BY number"""


class Row(Protocol):
    """A row, of either driver."""

    def __getitem__(self, name: str, /) -> Any: ...


class Database(Protocol):
    """What differs: how a statement is asked, and what its values look like."""

    async def fetch(self, statement: str, *values: Any) -> Sequence[Row]:
        """Return the rows of a statement with $1, $2, …; {among} stands for "is one of $2", {among_first} of $1."""

    def key(self, value: Any) -> bytes:
        """Return the sixteen bytes of an id."""

    def moment(self, value: Any) -> datetime:
        """Return the moment that a column has."""

    def ids(self, values: Sequence[Any]) -> Any:
        """Return ids as a value of a statement."""

    def id(self, key: UUID) -> Any:
        """Return one of them."""


class Server:
    """PostgreSQL, by asyncpg's own pool and prepared statements."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self._pool = pool

    async def fetch(self, statement: str, *values: Any) -> Sequence[Row]:
        async with self._pool.acquire() as connection:
            return await connection.fetch(statement.format(among="= ANY($2)", among_first="= ANY($1)"), *values)

    def key(self, value: UUID) -> bytes:
        return value.bytes

    def moment(self, value: datetime) -> datetime:
        return value

    def ids(self, values: Sequence[UUID]) -> Sequence[UUID]:
        return values

    def id(self, key: UUID) -> UUID:
        return key


class File:
    """SQLite, by aiosqlite's one thread."""

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._connection = connection

    async def fetch(self, statement: str, *values: Any) -> Sequence[Row]:
        among = "IN (SELECT value FROM json_each($2))"
        written = statement.format(among=among, among_first=among.replace("$2", "$1")).replace("$", "?")
        return list(await self._connection.execute_fetchall(written, values))

    def key(self, value: str) -> bytes:
        return bytes.fromhex(value.replace("-", ""))

    def moment(self, value: str) -> datetime:
        return datetime.fromisoformat(value)

    def ids(self, values: Sequence[str]) -> str:
        return json.dumps(values)

    def id(self, key: UUID) -> str:
        return str(key)


class Caller:
    """Who has come with the token."""

    __slots__ = ("member_id", "team_id")

    def __init__(self, row: Row) -> None:
        self.member_id, self.team_id = row["member_id"], row["team_id"]


Answer = Callable[[Database, Caller, Request], Awaitable[JSON]]


async def viewer(rows: Database, caller: Caller, _request: Request) -> JSON:
    [row] = await rows.fetch(_VIEWER, caller.member_id)
    member = {"id": _id("TeamMember", rows.key(row["id"])), "name": row["name"], "email": row["email"], "role": row["role"]}
    return {"viewer": {"member": member, "team": {"id": _id("Team", rows.key(row["team_id"])), "name": row["team_name"]}}}


async def app(rows: Database, caller: Caller, request: Request) -> JSON:
    found = await rows.fetch(_APP, caller.team_id, rows.id(UUID(bytes=_key_of(request.path_params["id"]))))
    for row in found:
        shown = _shown_app(rows, row)
        last = {"url": row["url"], "updatedAt": _moment(rows.moment(row["updated_at"])), "installedBy": _installed_by(rows, row)}
        return {"installedApp": shown | last}
    return {"installedApp": None}


async def page(rows: Database, caller: Caller, request: Request) -> JSON:
    first, each = int(request.query_params["first"]), int(request.query_params["each"])
    apps = await rows.fetch(_APPS, caller.team_id, first + 1)
    shown = apps[:first]
    below: dict[Any, list[Row]] = {row["id"]: [] for row in shown}
    for row in await rows.fetch(_OF_APPS, caller.team_id, rows.ids(list(below)), each + 1):
        below[row["installed_app_id"]].append(row)
    nodes = [
        _shown_app(rows, row)
        | {"installedBy": _installed_by(rows, row), "integrations": _shown_below(rows, below[row["id"]], each)}
        for row in shown
    ]
    return {"installedApps": {"nodes": nodes, "pageInfo": _page_info(rows, "installed_app", apps, first)}}


async def integrations(rows: Database, caller: Caller, _request: Request) -> JSON:
    found = await rows.fetch(_INTEGRATIONS, caller.team_id, _MOST + 1)
    nodes = [
        {
            "id": _id("Integration", rows.key(row["id"])),
            "name": row["name"],
            "status": row["status"],
            "connectedTo": row["connected_to"],
            "createdAt": _moment(rows.moment(row["created_at"])),
            "kind": {"key": row["kind"]},
            "installedApp": {"id": _id("InstalledApp", rows.key(row["app_id"])), "name": row["app_name"]},
            "createdBy": {"name": row["member_name"]},
        }
        for row in found[:_MOST]
    ]
    return {"integrations": {"nodes": nodes, "pageInfo": _page_info(rows, "integration", found, _MOST)}}


async def runs(rows: Database, caller: Caller, request: Request) -> JSON:
    integration = rows.id(UUID(bytes=_key_of(request.path_params["id"])))
    found = await rows.fetch(_DELIVERIES, caller.team_id, integration, _MOST + 1)
    shown = found[:_MOST]
    attempts: dict[Any, list[JSON]] = {row["id"]: [] for row in shown}
    for row in await rows.fetch(_ATTEMPTS, rows.ids(list(attempts))):
        attempts[row["delivery_id"]].append(
            {
                "at": _moment(rows.moment(row["at"])),
                "durationMs": row["duration_ms"],
                "succeeded": bool(row["succeeded"]),
                "error": row["error"],
            }
        )
    nodes = [
        {
            "id": _id("Delivery", rows.key(row["id"])),
            "status": row["status"],
            "createdAt": _moment(rows.moment(row["created_at"])),
            "run": {
                "runId": row["run_id"],
                "outcome": row["outcome"],
                "startedAt": _moment(rows.moment(row["started_at"])),
                "durationMs": row["duration_ms"],
            },
            "attempts": attempts[row["id"]],
        }
        for row in shown
    ]
    end = _cursor("delivery -position", shown[-1]["position"]) if shown else None
    info = {"hasNextPage": len(found) > _MOST, "endCursor": end}
    return {"integration": {"deliveries": {"nodes": nodes, "pageInfo": info}}}


def _shown_app(rows: Database, row: Row) -> JSON:
    return {
        "id": _id("InstalledApp", rows.key(row["id"])),
        "name": row["name"],
        "connectedTo": row["connected_to"],
        "status": row["status"],
        "createdAt": _moment(rows.moment(row["created_at"])),
        "provider": {"key": row["provider"], "name": "Slack"},
    }


def _installed_by(rows: Database, row: Row) -> JSON | None:
    if row["member_id"] is None:
        return None
    return {"id": _id("TeamMember", rows.key(row["member_id"])), "name": row["member_name"]}


def _shown_below(rows: Database, found: Sequence[Row], first: int) -> JSON:
    nodes = [
        {
            "id": _id("Integration", rows.key(row["id"])),
            "name": row["name"],
            "status": row["status"],
            "connectedTo": row["connected_to"],
        }
        for row in found[:first]
    ]
    return {"nodes": nodes, "pageInfo": {"hasNextPage": len(found) > first}}


def _page_info(rows: Database, table: str, found: Sequence[Row], first: int) -> JSON:
    if not found:
        return {"hasNextPage": False, "endCursor": None}
    last = found[:first][-1]
    moment = rows.moment(last["created_at"]).isoformat()
    return {
        "hasNextPage": len(found) > first,
        "endCursor": _cursor(f"{table} -created_at -id", moment, rows.key(last["id"]).hex()),
    }


def _cursor(of: str, *position: str | int) -> str:
    return _id("Cursor", json.dumps([zlib.crc32(of.encode()), *position], separators=(",", ":")).encode())


def _id(kind: str, key: bytes) -> str:
    return urlsafe_b64encode(kind.encode() + b":" + key).rstrip(b"=").decode()


def _key_of(id: str) -> bytes:
    return urlsafe_b64decode(id + "=" * (-len(id) % 4)).partition(b":")[2]


def _moment(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")[:23] + "Z"


class Endpoint:
    """Answers by `answer`, where the token is good."""

    def __init__(self, rows: Database, answer: Answer) -> None:
        self._rows = rows
        self._answer = answer

    async def __call__(self, request: Request) -> Response:
        token = request.headers["authorization"].removeprefix("Bearer ")
        found = await self._rows.fetch(_TOKEN, hashlib.sha256(token.encode()).hexdigest())
        if not any(self._is_good(row) for row in found):
            return Response(status_code=401)
        data = await self._answer(self._rows, Caller(found[0]), request)
        return Response(orjson.dumps({"data": data}), media_type="application/json")

    def _is_good(self, row: Row) -> bool:
        is_live = row["revoked_at"] is None and row["left_at"] is None
        return is_live and datetime.now(UTC) < self._rows.moment(row["expires_at"])


async def serve(*, port: int, url: str) -> None:
    if url.startswith("sqlite:///"):
        async with aiosqlite.connect(url.removeprefix("sqlite:///"), isolation_level=None) as connection:
            connection.row_factory = aiosqlite.Row
            await _listen(File(connection), port=port)
    else:
        async with asyncpg.create_pool(url, min_size=1, max_size=10) as pool:
            await _listen(Server(pool), port=port)


async def _listen(rows: Database, *, port: int) -> None:
    endpoints = {"/viewer": viewer, "/apps/{id}": app, "/page": page, "/integrations": integrations, "/runs/{id}": runs}
    routes = [Route(path, Endpoint(rows, answer).__call__) for path, answer in endpoints.items()]
    asgi = Starlette(routes=[*routes, Route("/readyz", lambda _request: Response())])
    config = uvicorn.Config(asgi, port=port, loop="uvloop", http="httptools", access_log=False, log_level="warning")
    await uvicorn.Server(config).serve()


def main() -> None:
    port = int(sys.argv[sys.argv.index("--port") + 1])
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(port=port, url=os.environ["INSTALLED_APPS_DATABASE_URL"]))


if __name__ == "__main__":
    main()
