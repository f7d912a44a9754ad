"""Whatever order operators and processes do things in: what was sealed opens wherever the file is, and there is one primary."""

import asyncio
import contextlib
import json
from datetime import timedelta
from pathlib import Path
from random import Random
from uuid import UUID, uuid4

from hypothesis import HealthCheck, settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from app.errors import ConfigurationError, StatedProblem
from app.sealing.data_keys import count_data_keys
from app.sealing.key_states import KeyState, KeyUse
from app.sealing.keyring import add_key, make_keyring, read_keyring
from app.sealing.presence import LIVE_SECONDS, live_processes
from app.sealing.rewrapping import rewrap
from app.sealing.rotation import add, promote, retire
from app.sealing.secret import Secret
from app.sealing.vault import Vault, open_vault
from tests import databases
from tests.held import HeldClock
from tests.journeys.soaking import full
from tests.sealing.keyrings import Machine, assert_all_open, copy_file, place, quiet, start, states, wrapped_by

MACHINES = 3
EXAMPLES = full(200, ci=4)
STEPS = full(60, ci=40)
MOST_KEYS = 6

machines = st.integers(min_value=0, max_value=MACHINES - 1)
"""The operator types on the first, and copies the file from there to the others."""

others = st.integers(min_value=1, max_value=MACHINES - 1)
choices = st.integers(min_value=0, max_value=1_000)


class Killed(BaseException):
    """A command ends here."""


class Rotation(RuleBasedStateMachine):
    """Three machines, each with its own keyring file, over one database. `steady` are the processes that were never halted."""

    def __init__(self, template: str, folder: Path) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.entropy = Random(1).randbytes  # noqa: S311 - the same steps name the same keys
        self.folder = folder / uuid4().hex
        self.clock = HeldClock()
        self.opened = contextlib.AsyncExitStack()
        self.running: dict[int, Machine] = {}
        self.halted: set[int] = set()
        self.steady: set[int] = set()
        self.sealed: dict[UUID, bytes] = {}
        self.runner.run(self._open(template))

    def teardown(self) -> None:
        self.runner.run(self.opened.aclose())
        self.runner.close()

    @precondition(lambda self: self._awake())
    @rule(choice=choices, again=st.booleans())
    def seal(self, choice: int, again: bool) -> None:
        numbers, teams = sorted(self._awake()), list(self.sealed)
        number = numbers[choice % len(numbers)]
        team_id = teams[choice % len(teams)] if teams and again else uuid4()
        if number in self.steady or self.runner.run(self._is_file_enough(number)):
            sealing = self.running[number].vault.seal(Secret(str(team_id)), bound_to=place(team_id))
            self.sealed[team_id] = self.runner.run(sealing)

    @precondition(lambda self: len(read_keyring(self._path(0)).ids) < MOST_KEYS)
    @rule(is_killed=st.booleans())
    def add(self, is_killed: bool) -> None:
        before = read_keyring(self._path(0)).ids
        added = self._add_and_be_killed() if is_killed else self.runner.run(self._add())
        assert read_keyring(self._path(0)).ids == (*before, added)

    @rule(choice=choices)
    def promote(self, choice: int) -> None:
        self.runner.run(self._promote(choice))

    @rule(batches=st.integers(min_value=0, max_value=3))
    def rewrap(self, batches: int) -> None:
        """Killed after so many batches; 0: not killed."""
        self.runner.run(self._rewrap(batches))

    @rule(choice=choices)
    def retire(self, choice: int) -> None:
        self.runner.run(self._retire(choice))

    @rule(choice=choices)
    def forget(self, choice: int) -> None:
        """The operator removes a retired key from the file."""
        known = self.runner.run(states())
        retired = [key_id for key_id in read_keyring(self._path(0)).ids if known.get(key_id) is KeyUse.RETIRED]
        if retired:
            document = json.loads(self._path(0).read_text())
            del document["keys"][retired[choice % len(retired)]]
            self._path(0).write_text(json.dumps(document))

    @rule(number=others)
    def copy(self, number: int) -> None:
        copy_file(self._path(0), self._path(number))

    @rule(number=machines)
    def look(self, number: int) -> None:
        if number in self._awake():
            self.runner.run(self.running[number].presence.look())

    @rule()
    def let_time_pass(self) -> None:
        """Who is awake reports in time; the others count as dead."""
        self.clock.advance(timedelta(seconds=LIVE_SECONDS))
        for machine in self._awake().values():
            self.runner.run(machine.presence.look())

    @rule(number=machines)
    def halt(self, number: int) -> None:
        self.halted.add(number)
        self.steady.discard(number)

    @rule(number=machines)
    def go_on(self, number: int) -> None:
        self.halted.discard(number)

    @rule(number=machines)
    def kill(self, number: int) -> None:
        self.running.pop(number, None)
        self.halted.discard(number)

    @rule(number=machines)
    def stop(self, number: int) -> None:
        if number in self._awake():
            self.runner.run(self.running.pop(number).leave())

    @rule(number=machines)
    def begin(self, number: int) -> None:
        """A process starts exactly where the file has what is needed."""
        if number in self.running:
            return
        is_enough = self.runner.run(self._is_file_enough(number))
        try:
            self.running[number] = self.runner.run(start(self._path(number), clock=self.clock, embedded=False))
        except ConfigurationError:
            assert not is_enough
        else:
            assert is_enough
            self.halted.discard(number)
            self.steady.add(number)

    @invariant()
    def there_is_one_primary(self) -> None:
        assert list(self.runner.run(states()).values()).count(KeyUse.PRIMARY) == 1

    @invariant()
    def nothing_needs_a_retired_key(self) -> None:
        known = self.runner.run(states())
        assert [key_id for key_id in self.runner.run(wrapped_by()) if known[key_id] is KeyUse.RETIRED] == []

    @invariant()
    def what_was_sealed_opens(self) -> None:
        for number, machine in self._awake().items():
            if number in self.steady or self.runner.run(self._is_file_enough(number)):
                self.runner.run(assert_all_open(self.sealed, vault=machine.vault, clock=self.clock))

    async def _open(self, template: str) -> None:
        self.folder.mkdir()
        url = await self.opened.enter_async_context(databases.copy(template, self.folder))
        await self.opened.enter_async_context(databases.opened(url))
        for number in range(MACHINES):
            self._path(number).parent.mkdir()
        make_keyring(self._path(0), entropy=self.entropy)
        for number in range(1, MACHINES):
            copy_file(self._path(0), self._path(number))
        for number in range(MACHINES):
            self.running[number] = await start(self._path(number), clock=self.clock, embedded=False)
            self.steady.add(number)

    def _path(self, number: int) -> Path:
        return self.folder / str(number) / "keyring.json"

    def _awake(self) -> dict[int, Machine]:
        return {number: machine for number, machine in self.running.items() if number not in self.halted}

    async def _is_file_enough(self, number: int) -> bool:
        """Whether the file there has every key that a data key or the primary's row names."""
        primary = await KeyState.get(state=KeyUse.PRIMARY)
        return {primary.id, *await count_data_keys()} <= set(read_keyring(self._path(number)).ids)

    async def _command(self) -> Vault:
        """Open what a command on the first machine stands on."""
        return await open_vault(self._path(0), embedded=False, clock=self.clock)

    async def _add(self) -> str:
        return await add(self._path(0), clock=self.clock, entropy=self.entropy)

    def _add_and_be_killed(self) -> str:
        return add_key(self._path(0), entropy=self.entropy)

    async def _promote(self, choice: int) -> None:
        vault, known = await self._command(), await states()
        key_id = sorted(known)[choice % len(known)]
        is_held = all(process.has(key_id) for process in await live_processes(now=self.clock.now()))
        is_primary = known[key_id] is KeyUse.PRIMARY
        try:
            await promote(key_id, keyring=vault.keyring, clock=self.clock)
        except StatedProblem:
            assert known[key_id] is KeyUse.RETIRED or not is_held
            assert await states() == known
        else:
            assert is_primary or (is_held and known[key_id] is KeyUse.DECRYPT_ONLY)
            assert (await states())[key_id] is KeyUse.PRIMARY

    async def _rewrap(self, batches: int) -> None:
        left = batches

        def die(_rewrapped: int, _of: int) -> None:
            nonlocal left
            left -= 1
            if not left:
                raise Killed

        vault = await self._command()
        try:
            await rewrap(vault=vault, progress=die if batches else quiet, batch=2)
        except Killed:
            return
        primary = await KeyState.get(state=KeyUse.PRIMARY)
        assert set(await wrapped_by()) <= {primary.id}

    async def _retire(self, choice: int) -> None:
        await self._command()
        known, needed = await states(), await wrapped_by()
        key_id = sorted(known)[choice % len(known)]
        try:
            await retire(key_id, clock=self.clock)
        except StatedProblem:
            assert known[key_id] is KeyUse.PRIMARY or needed.get(key_id)
            assert await states() == known
        else:
            assert known[key_id] is not KeyUse.PRIMARY
            assert not needed.get(key_id)
            assert (await states())[key_id] is KeyUse.RETIRED


def test_in_any_order_of_steps_and_kills_every_value_opens_and_there_is_one_primary(
    database_template: str, tmp_path: Path
) -> None:
    run_state_machine_as_test(
        lambda: Rotation(database_template, tmp_path),  # type: ignore[arg-type]  # it calls it, and asks for no more
        settings=settings(
            max_examples=EXAMPLES, stateful_step_count=STEPS, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
