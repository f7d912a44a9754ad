"""A rotation that goes on and on, a step a command, and what has to be true of it after a kill."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from random import Random
from uuid import uuid4

from tests.journeys.commanding import Command
from tests.journeys.statements import run_statement
from tests.processes import Service
from tests.services import services_beside

DATA_KEYS = 250
"""More than one batch of a rewrap."""

ADD = ("keys", "add")

_COMPLETION_SECONDS = 120.0
_KEYS = "SELECT id, state FROM key_state"
_NEEDED = "SELECT key_id, count(*) FROM data_key GROUP BY key_id"
_ALL_DATA_KEYS = "SELECT id, is_active FROM data_key"


@dataclass
class Rotation:
    """`acknowledged` counts the steps that ended with success; the rest is what those have said is so."""

    service: Service
    random: Random
    added: list[str] = field(default_factory=list)
    primary: str | None = None
    retired: set[str] = field(default_factory=set)
    data_keys: int = 0
    acknowledged: int = 0
    cut: int = 0
    seconds: float = 1.0
    """How long a command takes: a kill comes somewhere in this time, or finds that it has ended."""

    _numbers: Iterator[int] = field(default_factory=count)

    async def begin(self) -> None:
        """Make the data keys of many teams."""
        async with services_beside(self.service) as services:
            for _ in range(DATA_KEYS):
                await services.vault.prepare(uuid4())
        self.data_keys = await self._count_data_keys()
        began = time.monotonic()
        await self.verify()
        self.seconds = time.monotonic() - began

    async def take_a_step(self) -> None:
        """Run the command whose turn it is, and kill it at some moment unless it has ended before."""
        step = await self._next()
        command = self._command(*step)
        if not await asyncio.to_thread(command.wait, self.random.uniform(0, self.seconds)):
            command.kill()
            self.cut += 1
        elif command.has_succeeded:
            self._acknowledge(step, command.printed)

    async def verify(self) -> None:
        """See that every step that was acknowledged holds, and that everything sealed opens."""
        states = dict(await run_statement(self.service.database_url, _KEYS))
        assert list(states.values()).count("PRIMARY") == 1, states
        assert set(self.added) <= states.keys(), states
        assert {key for key in self.retired if states[key] != "RETIRED"} == set()
        primary = next(key for key, state in states.items() if state == "PRIMARY")
        assert primary in {self.primary or primary, *self.added[-1:]}, states  # a promotion that was cut off may have been done
        self.primary = primary
        assert await self._count_data_keys() >= self.data_keys
        self.data_keys = await self._count_data_keys()
        opened = self._command("keys", "verify")
        assert await asyncio.to_thread(opened.wait), "keys verify does not end"
        assert opened.has_succeeded, opened.printed

    async def complete(self) -> None:
        """Take all steps of a rotation up to the next one's first, and let each end."""
        async with asyncio.timeout(_COMPLETION_SECONDS):
            while True:
                step = await self._next()
                command = self._command(*step)
                assert await asyncio.to_thread(command.wait), f"{step} does not end"
                if command.has_succeeded:  # else the server does not hold the key yet
                    self._acknowledge(step, command.printed)
                    if step == ADD:
                        return

    async def forget_the_dead(self) -> None:
        """Have processes that were killed taken for dead, as half a minute does."""
        assert self.service.process is not None
        dead = f"DELETE FROM live_process WHERE pid <> {self.service.process.pid}"  # noqa: S608 - a number
        await run_statement(self.service.database_url, dead)

    async def _next(self) -> tuple[str, ...]:
        states = dict(await run_statement(self.service.database_url, _KEYS))
        needed = dict(await run_statement(self.service.database_url, _NEEDED))
        primary = next(key for key, state in states.items() if state == "PRIMARY")
        others = sorted(key for key, state in states.items() if state == "DECRYPT_ONLY")
        newer = [key for key in others if key not in needed and key in self.added[-1:]]
        if newer:
            return "keys", "promote", newer[0]
        if needed.keys() - {primary}:
            return "keys", "rewrap"
        return ("keys", "retire", others[0]) if others else ADD

    def _acknowledge(self, step: tuple[str, ...], printed: str) -> None:
        self.acknowledged += 1
        match step:
            case (_, "add"):
                self.added.append(printed.rsplit(maxsplit=1)[-1])
            case (_, "promote", key):
                self.primary = key
            case (_, "retire", key):
                self.retired.add(key)

    async def _count_data_keys(self) -> int:
        return len(await run_statement(self.service.database_url, _ALL_DATA_KEYS))

    def _command(self, *arguments: str) -> Command:
        printed = Path(self.service.folder) / f"command-{next(self._numbers)}.log"
        return Command(arguments, environment=self.service._environment(), printed=printed)  # noqa: SLF001 - as its own commands have it
