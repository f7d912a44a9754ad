"""Presence: each process that serves or works says that it lives and which keys it holds, so that none is promoted too early."""

import asyncio
import contextlib
import os
import platform
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime, timedelta
from uuid import uuid4

import structlog
from tortoise import fields
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.models import Model

from app.clock import APART, Clock
from app.errors import ConfigurationError
from app.sealing.key_states import lacks_primary, lock_primary
from app.sealing.vault import Vault
from app.storage import database
from app.storage.database import write

LIVE_SECONDS = 30.0
"""How long a process that was last seen counts as alive: six reports that failed."""

LOOK_SECONDS = 1.0
BEAT_SECONDS = 5.0

_KEPT = timedelta(hours=1)
_GOODBYE_SECONDS = 5.0
_LONGEST_HOST = 255


class LiveProcess(Model):
    """A process as it last reported itself; `key_ids` are those of the keys that it holds, between spaces.

    `behind` is the private address that hands all requests to it, though no setting names that as a proxy.
    """

    id = fields.UUIDField(primary_key=True)
    host = fields.CharField(max_length=_LONGEST_HOST)
    pid = fields.IntField()
    key_ids = fields.TextField()
    behind: str | None = fields.CharField(max_length=64, null=True)  # type: ignore[assignment]  # null=True is not in its type
    started_at = fields.DatetimeField()
    seen_at = fields.DatetimeField()

    class Meta:
        table = "live_process"

    @property
    def name(self) -> str:
        """The place of the process, for an operator: host:pid."""
        return f"{self.host}:{self.pid}"

    def has(self, key_id: str) -> bool:
        return key_id in self.key_ids.split()


async def live_processes(*, now: datetime) -> Sequence[LiveProcess]:
    """Return the processes that were seen lately, in the order in which they started."""
    after = now - timedelta(seconds=LIVE_SECONDS)
    seen = LiveProcess.filter(seen_at__gt=after, seen_at__lte=now + APART)  # a clock may have been set back since it crashed
    return await seen.order_by("started_at", "id")


@contextlib.asynccontextmanager
async def present(
    *,
    vault: Vault,
    clock: Clock,
    look_every: float = LOOK_SECONDS,
    beat_every: float = BEAT_SECONDS,
    behind: Callable[[], str | None] = lambda: None,
) -> AsyncIterator[None]:
    """Report this process and take over the keyring file as it changes, until left.

    Raises ConfigurationError when the keyring lacks the primary.
    """
    process = Presence(vault, clock=clock, beat_every=beat_every, behind=behind)
    await write(process.announce)
    going = asyncio.Event()
    living = asyncio.create_task(process.live(until=going, look_every=look_every), name="presence")
    try:
        yield
    finally:
        going.set()  # not cancelled: a report under way would come after the goodbye
        _, unfinished = await asyncio.wait({living}, timeout=_GOODBYE_SECONDS)
        for task in unfinished:
            task.cancel()
        with contextlib.suppress(*database.OUTAGES, TimeoutError):  # it counts as dead in a while
            async with asyncio.timeout(_GOODBYE_SECONDS):
                await write(process.leave)


class Presence:
    """One process's row: announced, looked after again and again, and removed by `leave`."""

    def __init__(
        self,
        vault: Vault,
        *,
        clock: Clock,
        beat_every: float = BEAT_SECONDS,
        behind: Callable[[], str | None] = lambda: None,
    ) -> None:
        self._vault = vault
        self._behind = behind
        self._clock = clock
        self._beat_every = timedelta(seconds=beat_every)
        self.id = uuid4()
        self._started_at = clock.now()
        self._reported: tuple[datetime, str] | None = None
        self._complaint = ""
        self._log = structlog.get_logger("presence")

    async def announce(self, _: BaseDBAsyncClient) -> None:
        """Save the row. Whoever promotes a key holds the same lock: it has seen this process, or is seen here."""
        primary = await lock_primary()
        self._vault.learn(primary.id)
        if self._vault.keyring.get(primary.id) is None:
            raise lacks_primary(primary.id)
        now, key_ids = self._clock.now(), self._key_ids()
        await LiveProcess.create(
            id=self.id,
            host=platform.node()[:_LONGEST_HOST],
            pid=os.getpid(),
            key_ids=key_ids,
            behind=self._behind(),
            started_at=self._started_at,
            seen_at=now,
        )
        self._reported = now, key_ids

    async def leave(self, _: BaseDBAsyncClient) -> None:
        await LiveProcess.filter(id=self.id).delete()

    async def live(self, *, until: asyncio.Event, look_every: float) -> None:
        while not until.is_set():
            await self.look()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(look_every):  # not wait_for: Python 3.11's can lose a cancellation
                    await until.wait()

    async def look(self) -> None:
        """Take the keyring file over if it changed, and report what is held if that changed or is due. What fails is logged."""
        try:
            await self._take_over_file()
            if self._is_due():
                await write(self._beat)
        except database.OUTAGES as error:
            self._log.warning("presence interrupted", error=type(error).__name__)
        except ConfigurationError as error:
            self._complain(error)
        except Exception:  # noqa: BLE001 - a bug here must not end the reports; it is logged whole
            self._log.exception("presence failed")

    async def _take_over_file(self) -> None:
        try:
            await self._vault.reread()
        except ConfigurationError as error:
            self._complain(error)
        else:
            self._complaint = ""

    def _complain(self, error: ConfigurationError) -> None:
        """Say it once, not every second."""
        if error.message != self._complaint:
            self._log.error("keyring file not taken over: the keys that are held stay", why=error.message)
        self._complaint = error.message

    def _is_due(self) -> bool:
        if self._reported is None:
            return True
        at, key_ids = self._reported
        return key_ids != self._key_ids() or not at <= self._clock.now() < at + self._beat_every

    async def _beat(self, connection: BaseDBAsyncClient) -> None:
        now, key_ids = self._clock.now(), self._key_ids()
        of_mine = LiveProcess.filter(id=self.id)
        if not await of_mine.update(seen_at=now, key_ids=key_ids, behind=self._behind()):
            await self.announce(connection)  # it was halted for so long that its row was swept
        await LiveProcess.filter(seen_at__lt=now - _KEPT).delete()
        self._reported = now, key_ids

    def _key_ids(self) -> str:
        return " ".join(self._vault.keyring.ids)
