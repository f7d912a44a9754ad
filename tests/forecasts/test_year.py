"""A simulated year: what fails with a date, or after two refusals, is said before; nothing is said in vain, and nothing twice."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import Enum
from pathlib import Path
from random import Random
from uuid import UUID

import pytest

from app.forecasts.jobs import look_due
from app.forecasts.models import Forecast
from app.forecasts.steps import stage_at
from app.installed_apps.checks import check_due as check_servers
from app.installed_apps.models import InstalledApp, InstalledAppStatus
from app.installed_apps.shared_clients import ClientEdit, edit
from app.log.events import Event, Events
from app.outbound.single_flight import SingleFlight
from app.service.reactions import REACTIONS
from app.services import Services
from app.sign_ins.jobs import check_due, refresh_due
from app.sign_ins.refresh import LONG_COOL_DOWN
from tests.forecasts.refusing import be_refused
from tests.forecasts.tls_hosts import Authority, Hosts, hosting
from tests.held import HeldClock
from tests.installed_apps.test_shared_secrets import share as share_hook
from tests.installed_apps.world import People, World, make_people
from tests.journeys.soaking import fresh_random, full, say

pytestmark = pytest.mark.endurance

TEAMS = full(20, ci=2)
DAYS = full(365, ci=60)
DAY = timedelta(days=1)
_NINE_HOURS = timedelta(hours=9)
_ENDED_AT_IT = 0.2
_EVERY = 2
"""The service works on every second day: more is late than needs to be, and the year takes half of the time."""
_WILL_STOP, _WILL_NOT = "INSTALLED_APP_WILL_STOP", "INSTALLED_APP_WILL_NOT_STOP"


class Fate(Enum):
    """What the year brings to an installed app."""

    QUIET = "nothing"
    LAPSES = "its server's certificate ends, and three days later there is a new one"
    CA_LAPSES = "the certificate authority that it trusts ends, and three days later it trusts the next one"
    RENEWED = "its server has a new certificate in time"
    AWAY = "its server cannot be reached for a few days, out of the blue"
    REFUSED = "its renewal is refused until it has stopped"
    REFUSED_TWICE = "its renewal is refused twice, and then not"

    @property
    def fails_as_announced(self) -> bool:
        return self in {Fate.LAPSES, Fate.CA_LAPSES, Fate.REFUSED}


# Of each team: three of Slack, two with a pasted secret, five servers. The 60 failures of 200 apps: 10, 30 and 20.
SLACKS = [Fate.REFUSED, Fate.REFUSED_TWICE]
SERVERS = [
    *[Fate.LAPSES] * 3,
    *[Fate.CA_LAPSES] * 2,
    *[Fate.RENEWED] * 3,
    Fate.AWAY,
    Fate.QUIET,
]


@dataclass
class Life:
    """An installed app; `day` is the one on which its fate comes, `renewed_on` when that is prevented or mended."""

    app: InstalledApp
    people: People
    fate: Fate
    day: int = 0
    renewed_on: int = 0
    ends: datetime | None = None
    stopped_at: list[datetime] = field(default_factory=list)


@pytest.fixture
def clock() -> HeldClock:
    """The machine's own time: by that certificates are accepted."""
    return HeldClock(datetime.now(UTC).replace(microsecond=0))


@pytest.fixture
async def hosts(world: World, clock: HeldClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Hosts]:
    async with hosting(world, tmp_path, corp_ends=clock.now() + 5 * 365 * DAY) as served:
        (tmp_path / "usual.pem").write_text(served.corp.pem)
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "usual.pem"))
        yield served


class Year:
    def __init__(self, hosts: Hosts, random: Random) -> None:
        self.hosts, self.world, self.random = hosts, hosts.world, random
        self.began = self.world.clock.now()
        self.lives: list[Life] = []

    @property
    def services(self) -> Services:
        return self.world.services

    async def populate(self) -> None:
        teams = [await make_people(self.services, name=f"Team {number}") for number in range(TEAMS)]
        for people in teams:
            for workspace in ("Acme", "Globex"):
                self.lives.append(Life(await self.world.share(people.ada, workspace), people, Fate.QUIET))
            for number in range(2):
                hook = await share_hook(self.world, people.ada, f"/webhook/{number}")
                self.lives.append(Life(hook, people, Fate.QUIET))
        assert self.world.sandbox.control("settings", provider="slack", rotation=True).status_code == 200
        for number, people in enumerate(teams):
            fate = SLACKS[number % len(SLACKS)]
            life = Life(await self.world.share(people.ada, "Initech"), people, fate, self.some_day())
            self.lives.append(life)
            for each in range(5):
                await self.add_server(people, SERVERS[(5 * number + each) % len(SERVERS)], number=5 * number + each)

    def some_day(self) -> int:
        return _EVERY * self.random.randint(45 // _EVERY, (DAYS - 10) // _EVERY)

    async def add_server(self, people: People, fate: Fate, *, number: int) -> None:
        host, day = f"git-{number}.corp.example", self.some_day()
        far = self.began + (2 * 365 + number) * DAY
        ends = self.began + day * DAY if fate in {Fate.LAPSES, Fate.CA_LAPSES, Fate.RENEWED} else far
        own = Authority(f"Authority {number}", ends=ends) if fate is Fate.CA_LAPSES else None
        self.hosts.show(host, ends=far if own is not None else ends, by=own)
        app = await self.hosts.add(people.ada, host, certificates=own.pem if own is not None else None, services=self.services)
        renewed_on = day - self.random.randint(1, 44) if fate is Fate.RENEWED else day + 3
        self.lives.append(Life(app, people, fate, day, renewed_on, ends))

    async def live(self) -> None:
        twin = another_process(self.services)
        for day in range(0, DAYS, _EVERY):
            for life in self.lives:
                await self.befall(life, range(day - _EVERY + 1, day + 1))
            await self.work()
            await self.look(twin)
            await self.note()
            refused = [life for life in self.lives if day == life.day and life.fate in _REFUSALS]
            self.world.clock.advance(_NINE_HOURS)
            for _ in range(2):
                for life in refused:
                    await be_refused(self.world, life.app)
                self.world.clock.advance(LONG_COOL_DOWN)
            await self.look(twin)
            self.world.clock.advance(self.began + (day + _EVERY) * DAY - self.world.clock.now())

    async def befall(self, life: Life, days: range) -> None:
        if life.day + _EVERY in days and life.fate is Fate.REFUSED:
            await be_refused(self.world, life.app)
        host, far = life.app.name, self.began + (3 * 365) * DAY
        stranger = Authority("Nobody's", ends=far) if life.day in days and life.fate in _BREAKING else None
        if stranger is not None:
            self.hosts.show(host, ends=far, by=stranger)
        if life.renewed_on in days and life.fate in _BREAKING | {Fate.RENEWED}:
            self.hosts.show(host, ends=far)
            if life.fate is Fate.CA_LAPSES:
                edited = ClientEdit(certificates=self.hosts.corp.pem)
                await edit(life.app.id, edited, caller=life.people.ada, services=self.services)

    async def work(self) -> None:
        """Let the jobs do all that is due."""
        for job in (refresh_due, check_due, check_servers):
            while await job(services=self.services):
                pass

    async def look(self, twin: Services) -> None:
        """Let two processes look at once; now and then one of them is ended at it."""
        tasks = [asyncio.create_task(look_due(services=services)) for services in (self.services, twin)]
        if self.random.random() < _ENDED_AT_IT:
            for _ in range(self.random.randint(0, 200)):
                await asyncio.sleep(0)
            tasks[0].cancel()
        await asyncio.wait(tasks)
        assert [task.exception() for task in tasks if not task.cancelled()] == [None] * sum(
            not each.cancelled() for each in tasks
        )
        while await look_due(services=self.services):
            pass

    async def note(self) -> None:
        working = set(await InstalledApp.filter(status=InstalledAppStatus.ACTIVE).values_list("id", flat=True))
        for life in self.lives:
            if life.app.id not in working:
                life.stopped_at.append(self.world.clock.now())

    async def words(self) -> dict[UUID, list[Event]]:
        found: dict[UUID, list[Event]] = {}
        for event in await Event.filter(type__in=[_WILL_STOP, _WILL_NOT]).order_by("occurred_at", "sequence"):
            found.setdefault(event.subject_id, []).append(event)
        return found


_REFUSALS = {Fate.REFUSED, Fate.REFUSED_TWICE}
_BREAKING = {Fate.LAPSES, Fate.CA_LAPSES, Fate.AWAY}


def another_process(services: Services) -> Services:
    events = Events(clock=services.clock, reactions=REACTIONS, wake=lambda _: None, quotas=services.settings)
    return replace(services, events=events, single_flight=SingleFlight())


def runs(words: Sequence[Event]) -> Iterator[list[Event]]:
    """Yield what was said until it was taken back, that included."""
    run: list[Event] = []
    for word in words:
        run.append(word)
        if word.type == _WILL_NOT:
            yield run
            run = []
    if run:
        yield run


def findings(life: Life, words: Sequence[Event]) -> Iterator[str]:
    """Yield what is wrong with what was said of an installed app."""
    told = [each.occurred_at for each in words if each.type == _WILL_STOP]
    if life.fate in {Fate.QUIET, Fate.AWAY} and words:
        yield "it was told in vain"
    if life.fate.fails_as_announced:
        yield from _unannounced(life, told)
    for run in runs(words):
        stages = [stage_at(life.ends, now=each.occurred_at) for each in run if each.type == _WILL_STOP]
        if sorted(set(stages)) != stages or not stages:
            yield f"it was told at {stages}"
        came_true = bool(life.stopped_at) and run[0].occurred_at < life.stopped_at[0]
        if run[-1].type != _WILL_NOT and not came_true:
            yield "it was not taken back"


def _unannounced(life: Life, told: Sequence[datetime]) -> Iterator[str]:
    if not life.stopped_at:
        yield "it did not stop"
    elif not told or told[0] >= life.stopped_at[0]:
        yield "nobody was told before"
    elif life.ends is not None and life.stopped_at[0] - told[0] < 7 * DAY:
        yield f"it was told late: {life.stopped_at[0] - told[0]} before"


async def test_a_year_of_apps_is_foretold(hosts: Hosts) -> None:
    year = Year(hosts, fresh_random())
    await year.populate()

    await year.live()

    words = await year.words()
    found = {life.app.id: list(findings(life, words.get(life.app.id, []))) for life in year.lives}
    assert {f"{life.app.name} ({life.fate.name})": found[life.app.id] for life in year.lives if found[life.app.id]} == {}
    standing = [said for said in words.values() if said[-1].type == _WILL_STOP]
    assert await Forecast.all().count() == len(standing)
    report(year, words)


def report(year: Year, words: Mapping[UUID, Sequence[Event]]) -> None:
    failed = [life for life in year.lives if life.fate.fails_as_announced]
    before = [life.stopped_at[0] - words[life.app.id][0].occurred_at for life in failed]
    dated = [time for life, time in zip(failed, before, strict=True) if life.ends is not None]
    types = Counter(each.type for said in words.values() for each in said)
    say(f"{len(year.lives)} apps, {DAYS} days, {dict(Counter(life.fate.name for life in year.lives))}")
    say(f"{len(failed)} failed as told, at least {min(before)} before; the {len(dated)} with a date {min(dated)}; {dict(types)}")
