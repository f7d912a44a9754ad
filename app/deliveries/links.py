"""Where a posted message is read: asked for at its provider once, and kept."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

from app.access.rules import ASKING_PROVIDERS
from app.deliveries import loaders
from app.deliveries.models import Delivery
from app.errors import TooComplex
from app.graphql.context import Context
from app.integrations.loaders import integrations
from app.integrations.models import Integration
from app.integrations.sources import grant_of
from app.outbound import Sender
from app.providers.catalogue import CATALOGUE
from app.providers.contract import Authorized, Failure, PostedMessage
from app.sign_ins.answers import ask
from app.sign_ins.models import Grant
from app.storage import database


async def links(keys: Sequence[UUID], *, context: Context) -> list[str | None]:
    """Return the addresses of the deliveries' messages; None where the provider has none, or cannot be asked now.

    What is not known yet is asked for, as far as the operation may, and by whom may ask providers.
    """
    rows = await loaders.deliveries(keys, context=context)
    asked = [row for row in rows if row is not None and row.message_id is not None and row.message_url is None]
    found: dict[UUID, str | None] = {}
    if asked and ASKING_PROVIDERS.admits(context.viewer.role):
        placed = zip(asked, await integrations([row.integration_id for row in asked], context=context), strict=True)
        answers = await asyncio.gather(*(_find_link(row, integration, context=context) for row, integration in placed))
        found = {row.id: link for row, link in zip(asked, answers, strict=True)}
    return [row.message_url or found.get(row.id) if row is not None else None for row in rows]


async def _find_link(delivery: Delivery, integration: Integration | None, *, context: Context) -> str | None:
    """Ask for it with what the integration has now, and keep it."""
    messaging = CATALOGUE[integration.provider].messaging if integration is not None else None
    grant_id = await grant_of(integration) if integration is not None else None
    if messaging is None or messaging.find_link is None or grant_id is None:
        return None
    grant, find = await Grant.get(id=grant_id), messaging.find_link
    message = PostedMessage(str(delivery.channel_id), str(delivery.message_id), delivery.thread_id)

    async def put(authorized: Authorized, outbound: Sender) -> str | Failure:
        return await find(authorized=authorized, message=message, outbound=outbound)

    key = ("link", message.channel_id, message.id)
    try:
        link = await ask(grant, key, put, budget=context.budget, services=context.services, method="link")
    except TooComplex:
        return None
    if isinstance(link, Failure):
        return None
    await database.update(Delivery.filter(id=delivery.id), message_url=link)
    return link
