"""The way out to a Git server on this machine, and how to speak for someone there."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app.outbound import Outbound, origin_of
from app.providers.contract import Authorized, Client
from app.sealing.secret import Secret


@asynccontextmanager
async def door_to_url(base_url: str) -> AsyncIterator[Outbound]:
    outbound = Outbound(sandbox=("127.0.0.1", int(origin_at(base_url).rpartition(":")[2])))
    try:
        yield outbound
    finally:
        await outbound.aclose()


def client_at(base_url: str, *, id: str, secret: str) -> Client:
    return Client(id=id, secret=Secret(secret), base_url=base_url, origin=origin_at(base_url))


def authorized_at(base_url: str, token: str) -> Authorized:
    return Authorized(access=Secret(token), client_id="client-id", base_url=base_url, origin=origin_at(base_url))


def origin_at(base_url: str) -> str:
    origin = origin_of(base_url)
    assert isinstance(origin, str)
    return origin
