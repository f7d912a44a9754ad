"""Whether what integrations are about is there for another authorization: asked of its provider, once for each channel."""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from uuid import UUID

from app.errors import Refusal, TooComplex, UserErrorCode
from app.integrations.kinds.table import ALL
from app.integrations.models import Integration
from app.outbound.budget import Budget
from app.providers.catalogue import CATALOGUE
from app.providers.contract import Channel, ChannelPage, Failure, Fault
from app.services import Services
from app.sign_ins import faults
from app.sign_ins.calls import WRITTEN_DOWN
from app.sign_ins.channels import find_channel, list_channels
from app.sign_ins.lookups import FEW, MOST_ALONE
from app.sign_ins.models import Grant

PAGE = 1000
"""How many channels a provider is asked for at once: as many as it shows."""


async def find_missing(
    integrations: Sequence[Integration], *, grant: Grant, services: Services, budget: Budget
) -> Mapping[UUID, Refusal]:
    """Return why `grant` cannot be used for some of the integrations, by their ids: it does not see their channel or repository.

    A provider that cannot be asked now, or not so much of, is no objection. Never inside a change. At most one question is put
    for each channel or repository. Raises the Refusal of a grant that the provider refuses altogether.
    """
    missing: dict[UUID, Refusal] = {}
    places: dict[str, list[UUID]] = defaultdict(list)
    for kind in ALL:
        of_kind = [integration for integration in integrations if integration.kind == kind.key]
        if not of_kind:
            continue
        if kind.checks is not None:
            missing |= _refused(await kind.checks.find_hidden(of_kind, grant=grant, services=services, budget=budget))
        if kind.messages is not None and CATALOGUE[grant.provider].messaging is not None:
            for key, target in (await kind.messages.targets_of(of_kind)).items():
                places[target.id].append(key)
    gone = await _Search(grant, services, budget).find_gone(places)
    return missing | dict(_refused({key: failure for channel, failure in gone.items() for key in places[channel]}))


def _refused(failures: Mapping[UUID, Failure]) -> Iterator[tuple[UUID, Refusal]]:
    for key, failure in failures.items():
        if failure.fault in WRITTEN_DOWN:
            raise faults.refusal(failure, field=("using",))
        is_gone = failure.fault is Fault.TARGET_GONE
        yield key, Refusal(UserErrorCode.NOT_FOUND, failure.message) if is_gone else faults.refusal(failure)


class _Search:
    """One authorization's search for channels: in the list where they are many, one by one where they are few."""

    def __init__(self, grant: Grant, services: Services, budget: Budget) -> None:
        self._grant = grant
        self._services = services
        self._budget = budget

    async def find_gone(self, wanted: Collection[str]) -> dict[str, Failure]:
        """Return why it cannot be posted to some of the channels; what could not be asked about is not among them."""
        left, questions = sorted(wanted), len(wanted)
        cursor: str | None = None
        is_whole = False
        few = FEW
        while questions > 0 and len(left) > few and not is_whole:
            page = await self._turn(cursor)
            questions, few = questions - 1, min(MOST_ALONE, questions - 1)
            if isinstance(page, Failure):
                return dict.fromkeys(left, page) if page.fault in WRITTEN_DOWN else {}
            shown = {channel.id for channel in page.channels}
            left = [channel for channel in left if channel not in shown]
            cursor, is_whole = page.next_cursor, page.next_cursor is None
        answers = await asyncio.gather(*(self._find(channel) for channel in left[: min(questions, MOST_ALONE)]))
        told = dict(zip(left, answers, strict=False))
        gone = {one: answer for one, answer in told.items() if isinstance(answer, Failure) and not answer.fault.is_transient}
        unasked = [one for one in left if told.get(one) is None]
        # The whole list was read and does not have them: that is the provider's word too.
        return {**gone, **(dict.fromkeys(unasked, _NOT_LISTED) if is_whole else {})}

    async def _turn(self, cursor: str | None) -> ChannelPage | Failure:
        try:
            return await list_channels(self._grant, cursor, PAGE, budget=self._budget, services=self._services, fresh=True)
        except TooComplex as spent:
            return Failure(Fault.BUSY, spent.message)

    async def _find(self, channel_id: str) -> Channel | Failure | None:
        """Ask for one; None where nothing may be asked any more."""
        try:
            return await find_channel(self._grant, channel_id, budget=self._budget, services=self._services)
        except TooComplex:
            return None


_NOT_LISTED = Failure(
    Fault.TARGET_GONE,
    "The channel is archived, gone, or private without the app in it: invite the app there, or choose another channel.",
)
