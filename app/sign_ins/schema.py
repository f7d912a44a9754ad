"""Sign-ins in the API."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from functools import partial
from uuid import UUID

import strawberry

from app.errors import BadUserInput
from app.graphql.connections import Arguments, Connection
from app.graphql.context import Context, Info
from app.graphql.execution.insistence import insist
from app.graphql.extension import Fields
from app.graphql.fields import query, relation, subscription
from app.graphql.ids import decode_id
from app.graphql.streams import cursor_of, end_of_log, follow
from app.sign_ins import loaders
from app.sign_ins.models import AuthorizationStatus
from app.sign_ins.revoking import revoke_authorization
from app.sign_ins.types import Authorization
from app.teams.types import Viewer

_TYPE = "Authorization"
_LOOK_EVERY_SECONDS = 1.0


@query(description="One sign-in; the caller's own only.")
async def authorization(info: Info, id: strawberry.ID) -> Authorization | None:
    key = decode_id(id, _TYPE)
    return await info.context.load(_authorizations, key) if key is not None else None


@subscription(
    description=(
        "The caller's own sign-in: first as it is now, then each change; completes after COMPLETED, FAILED or EXPIRED. What a "
        "client waits on while the browser tab is open."
    )
)
async def authorization_changed(info: Info, id: strawberry.ID) -> AsyncGenerator[Authorization, None]:
    context = info.context
    key = decode_id(id, _TYPE)
    after = await end_of_log(context)
    shown = await _find(key, context=context)
    yield shown
    if shown.status is AuthorizationStatus.PENDING:
        yield await _wait_for_end(shown, after, context=context)


@relation(description="The caller's own sign-ins at Git servers that are in force, newest first: `revokeAuthorization` ends one.")
async def connected_accounts(root: Viewer, info: Info, page: Arguments) -> Connection[Authorization]:
    found = await info.context.load(loaders.connected_account_pages, (root.member_key, page))
    return Connection.of(found, partial(Authorization.of, now=info.context.services.clock.now()))


async def _wait_for_end(shown: Authorization, after: str, *, context: Context) -> Authorization:
    """Return the sign-in once it is no longer PENDING: an event says so, or its time runs out, of which there is no event."""
    key = shown.row.id
    find = partial(_find, key, context=context)
    events = follow(context, after, show=cursor_of, subjects=frozenset({key}))
    news = asyncio.ensure_future(anext(events))
    try:
        while shown.status is AuthorizationStatus.PENDING:
            await asyncio.wait({news}, timeout=_LOOK_EVERY_SECONDS)
            if news.done():
                news.result()
                news = asyncio.ensure_future(anext(events))
                shown = await insist(find, insistence=context.insistence)
            elif shown.row.status_at(context.services.clock.now()) is not AuthorizationStatus.PENDING:
                shown = await insist(find, insistence=context.insistence)
        return shown
    finally:
        news.cancel()
        await asyncio.gather(news, return_exceptions=True)


async def _find(key: UUID | None, *, context: Context) -> Authorization:
    found = (await _authorizations([key], context=context))[0] if key is not None else None
    if found is None:
        raise BadUserInput("You have no sign-in with this id.")
    return found


async def _authorizations(keys: Sequence[UUID], *, context: Context) -> list[Authorization | None]:
    now = context.services.clock.now()
    rows = await loaders.authorizations(keys, context=context)
    return [Authorization.of(row, now=now) if row is not None else None for row in rows]


QUERY = {"authorization": authorization}
MUTATION = {"revoke_authorization": revoke_authorization}
SUBSCRIPTION = {"authorization_changed": authorization_changed}
FIELDS: Fields = {Viewer: {"connected_accounts": connected_accounts}}
NODES = {Authorization: _authorizations}
