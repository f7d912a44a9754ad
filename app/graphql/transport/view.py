"""GraphQL over HTTP: JSON, server-sent events, and the page from which people try it."""

from collections.abc import Awaitable, Callable
from typing import Any, cast

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types.execution import ExecutionResult
from strawberry.types.graphql import OperationType

from app.access.callers import Caller
from app.access.refusals import NoteRefusal, note_nothing
from app.errors import DatabaseAway, OutcomeUnknown, PersistedQueryNotFound, RateLimited, RequestRefused
from app.graphql.context import DEADLINE, Context
from app.graphql.errors import MUTATIONS_GO_BY_POST, is_request_error, present, refuse
from app.graphql.execution.documents import WHICH_OPERATION
from app.graphql.execution.insistence import INSISTENCE, Insistence
from app.graphql.execution.schema import Schema
from app.graphql.execution.turns import Turns
from app.graphql.limits.cost_accounting import admit, charge, find_refusal, retry_after
from app.graphql.limits.failures import counting_failures
from app.graphql.transport import graphiql
from app.graphql.transport.credential_ends import Until, for_ever
from app.graphql.transport.cross_origin import allow_origins
from app.graphql.transport.endpoint import Authenticate, Endpoint
from app.graphql.transport.event_streams import EventStream
from app.graphql.transport.hashes import resolve
from app.graphql.transport.media import Media, choose_media, is_json
from app.graphql.transport.persisted import PersistedDocuments
from app.graphql.transport.requests import LARGEST_BODY, LONGEST_QUERY, Operation, Refused, read_operation, read_parameters
from app.graphql.transport.sockets import Socket
from app.graphql.transport.upgrades import LostUpgrades
from app.services import Services
from app.storage.outages import RETRY_AFTER
from app.web.bodies import READ_SECONDS, NotRead, read_body

_STATUSES = {"UNAUTHENTICATED": 401, "FORBIDDEN": 403, "RATE_LIMITED": 429, "UNAVAILABLE": 503, "INTERNAL": 500}
_ANSWERS = (Media.JSON, Media.GRAPHQL)
_ALLOWED = {"GET": frozenset({OperationType.QUERY}), "POST": frozenset({OperationType.QUERY, OperationType.MUTATION})}
_STREAMED = {method: kinds | {OperationType.SUBSCRIPTION} for method, kinds in _ALLOWED.items()}


class View:
    """The ASGI application at /graphql, for requests and for WebSockets."""

    def __init__(
        self,
        schema: Schema,
        *,
        authenticate: Authenticate,
        services: Services,
        until: Until = for_ever,
        note_refusal: NoteRefusal = note_nothing,
        deadline: float = DEADLINE,
        read_within: float = READ_SECONDS,
        insistence: Insistence = INSISTENCE,
        cpu_seconds: Callable[[], float] | None = None,
    ) -> None:
        self._endpoint = Endpoint(
            schema,
            counting_failures(authenticate, services=services),
            services,
            until,
            deadline,
            persisted=PersistedDocuments(services.circuit_breaker),
            note_refusal=note_refusal,
            turns=Turns(now=cpu_seconds),
            insistence=insistence,
        )
        self._read_within = read_within
        self._lost_upgrades = LostUpgrades()

    def routes(self) -> list[BaseRoute]:
        """The routes of the view."""
        over_http = allow_origins(self, self._endpoint.services.settings.allowed_origins)
        return [Route("/graphql", endpoint=over_http), WebSocketRoute("/graphql", endpoint=self), *graphiql.routes()]

    async def settle(self, *, seconds: float) -> None:
        """Let mutations that are under way come to their end. For the end of the process."""
        await self._endpoint.tasks.settle(seconds=seconds)

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["type"] == "websocket":
            return Socket(WebSocket(scope, receive, send), self._endpoint).serve()
        return self._respond(scope, receive, send)

    async def _respond(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            response = await self._answer(Request(scope, receive))
        except ClientDisconnect:
            return
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        if len(request.scope["query_string"]) > LONGEST_QUERY:
            return _refused(Refused(414, "The address is longer than 32 KiB: ask by POST."), None)
        if (lost := self._lost_upgrades.refuse(request)) is not None:
            return _refused(lost, None)
        media = choose_media(_header(request, "accept"), offered=_offered(request))
        refused = _refuse_head(request, media)
        if refused is not None or media is None:
            return _refused(refused or Refused(406, _NOT_ACCEPTABLE), media)
        return graphiql.page() if media is Media.PAGE else await self._let_in(request, media)

    async def _let_in(self, request: Request, media: Media) -> Response:
        """Find out who asks, and whether they have points left, before anything is read of what they ask."""
        request_id = self._endpoint.request_id()
        try:
            caller = await self._authenticate(request)
        except Exception as error:  # noqa: BLE001 - whatever it was, the client is told in the protocol's own words
            return _not_let_in(refuse(error, request_id=request_id), media)
        context = self._endpoint.context(caller, request, request_id=request_id)
        if media is not Media.EVENTS and (turned_away := find_refusal(context)) is not None:
            return _answered(turned_away.answer(), media, context)
        asked = await _read(request, context, read_within=self._read_within)
        if isinstance(asked, Refused):
            await charge(context, points=1)
            return _refused(asked, media)
        if media is Media.EVENTS:
            return self._open_stream(request.method, asked, context)
        return await self._execute(request.method, media, asked, context)

    def _open_stream(self, method: str, operation: Operation, context: Context) -> Response:
        try:
            return EventStream(self._endpoint, operation, context, allowed=_STREAMED[method])
        except RateLimited as error:
            return _not_let_in(refuse(error, request_id=context.request_id), Media.EVENTS)

    async def _authenticate(self, request: Request) -> Caller | None:
        credential = _header(request, "authorization") if "authorization" in request.headers else None
        if request.method == "GET" and credential is None:
            # Any page may make a browser send a GET with its cookies: they say nothing of who wants it.
            return None
        return await self._endpoint.authenticate(request, credential)

    async def _execute(self, method: str, media: Media, operation: Operation, context: Context) -> Response:
        try:
            operation = await resolve(operation, context)
            turned_away = await admit(operation, context, documents=self._endpoint.schema.documents)
            if turned_away is not None:
                return _answered(turned_away.answer(), media, context)
            result = await self._endpoint.schema.execute(
                operation.query,
                variable_values=dict(operation.variables) if operation.variables is not None else None,
                context_value=context,
                operation_name=operation.name,
                operation_extensions=dict(operation.extensions) if operation.extensions is not None else None,
                allowed_operation_types=_ALLOWED[method],
            )
        except PersistedQueryNotFound as error:
            # Not wrong, and clients that know only application/json read no other answer than 200.
            body = _errors(refuse(error, request_id=context.request_id))
            return _json(body, media, 400 if media is Media.GRAPHQL else 200)
        except RequestRefused as error:
            return _not_let_in(refuse(error, request_id=context.request_id), media)
        except CannotGetOperationTypeError:
            return _refused(Refused(400, WHICH_OPERATION), media)
        except InvalidOperationTypeError as error:
            return _refused(_wrong_way(error.operation_type), media)
        return _answered(result, media, context)


def _answered(result: ExecutionResult, media: Media, context: Context) -> Response:
    if (away := _find_outage(result)) is not None:
        return _not_let_in(refuse(away, request_id=context.request_id), media)
    body = present(result, request_id=context.request_id)
    if (seconds := retry_after(result)) is not None:
        return _come_back(_json(body, media, _STATUSES["RATE_LIMITED"]), seconds)
    # Clients that know only application/json take anything but 200 for a broken connection (GraphQL over HTTP, 6.4.1).
    return _json(body, media, 400 if media is Media.GRAPHQL and is_request_error(result) else 200)


def _find_outage(result: ExecutionResult) -> DatabaseAway | None:
    """Return that the database was away, where nothing at all was read or done for that: who asks may be known without it."""
    if not result.errors or any(value is not None for value in (result.data or {}).values()):
        return None
    first, *others = (error.original_error for error in result.errors)
    if not all(isinstance(cause, DatabaseAway) and not isinstance(cause, OutcomeUnknown) for cause in (first, *others)):
        return None
    return cast(DatabaseAway, first)


def _refuse_head(request: Request, media: Media | None) -> Refused | None:
    """Return why what is asked need not be read."""
    if request.method not in _ALLOWED:
        return Refused(405, "GraphQL takes GET and POST.", {"Allow": "GET, POST"})
    if media is None:
        return Refused(406, _NOT_ACCEPTABLE)
    if request.method == "POST":
        if not is_json(_header(request, "content-type")):
            return Refused(415, "Content-Type has to be application/json, in UTF-8.")
        if _header(request, "content-encoding").lower() not in {"", "identity"}:
            return Refused(415, "The body has to come as it is, without Content-Encoding.", {"Accept-Encoding": "identity"})
    return None


async def _read(request: Request, context: Context, *, read_within: float) -> Operation | Refused:
    """Return what is asked for. Others go on before it is made of what has come: that is done in one piece."""
    if request.method == "GET":
        await context.place.breathe()
        return read_parameters(request.scope["query_string"])
    body = await read_body(request, most=LARGEST_BODY, within=read_within)
    if isinstance(body, NotRead):
        return Refused(body.status, body.message, body.headers)
    await context.place.breathe()
    return read_operation(body)


def _offered(request: Request) -> tuple[Media, ...]:
    asks = request.method == "POST" or {"query", "extensions"} & request.query_params.keys()
    return (*_ANSWERS, Media.EVENTS) if asks else (*_ANSWERS, Media.EVENTS, Media.PAGE)


def _header(request: Request, name: str) -> str:
    """Return the header's value, "" where it is not there; what comes in several lines belongs together (RFC 9110, 5.2)."""
    return ", ".join(request.headers.getlist(name))


_NOT_ACCEPTABLE = f"Accept has to allow {Media.GRAPHQL} or {Media.JSON}; or name {Media.EVENTS} first, for server-sent events."


_SUBSCRIPTIONS_GO = f"Subscriptions go over a WebSocket (graphql-transport-ws), or by GET or POST with `Accept: {Media.EVENTS}`."


def _wrong_way(kind: OperationType) -> Refused:
    if kind is OperationType.SUBSCRIPTION:
        return Refused(400, _SUBSCRIPTIONS_GO)
    return Refused(405, MUTATIONS_GO_BY_POST, {"Allow": "POST"})


def _refused(refused: Refused, media: Media | None) -> Response:
    response = _json(_errors({"message": refused.message, "extensions": {"code": "BAD_USER_INPUT"}}), media, refused.status)
    response.headers.update(refused.headers)
    return response


def _not_let_in(error: dict[str, Any], media: Media) -> Response:
    response = _json(_errors(error), media, _STATUSES.get(error["extensions"]["code"], 400))
    if response.status_code == _STATUSES["UNAUTHENTICATED"]:
        response.headers["WWW-Authenticate"] = "Bearer"
    if response.status_code == _STATUSES["UNAVAILABLE"]:
        response.headers["Retry-After"] = RETRY_AFTER
    return _come_back(response, error["extensions"].get("retryAfter"))


def _come_back(response: Response, seconds: int | None) -> Response:
    if seconds is not None:
        response.headers["Retry-After"] = str(seconds)
    return response


def _errors(error: dict[str, Any]) -> dict[str, Any]:
    return {"errors": [error]}


def _json(body: dict[str, Any], media: Media | None, status: int) -> Response:
    name = Media.GRAPHQL if media is Media.GRAPHQL else Media.JSON
    headers = {"Content-Type": f"{name}; charset=utf-8", "Vary": "Accept", "Cache-Control": "no-store"}
    return Response(orjson.dumps(body), status, headers)
