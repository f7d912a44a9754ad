"""A Git server's certificate, and the one that it is trusted by, are seen at each check; their ends are said before."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.forecasts.jobs import look_due
from app.forecasts.models import Forecast
from app.installed_apps.checking import check
from app.installed_apps.models import InstalledApp
from app.installed_apps.shared_clients import ClientEdit, edit
from app.log.counters import head
from tests.forecasts.tls_hosts import Authority, Hosts, hosting
from tests.held import HeldClock
from tests.installed_apps.git_servers import GITLAB
from tests.installed_apps.world import World, gid, log_since

HOST = "git.corp.example"
DAY = timedelta(days=1)
READ = "query ($id: ID!) { installedApp(id: $id) { expiresAt forecast { code message at } } }"


@pytest.fixture
def clock() -> HeldClock:
    """The machine's own time: by that certificates are accepted."""
    return HeldClock(datetime.now(UTC).replace(microsecond=0))


@pytest.fixture
async def hosts(world: World, clock: HeldClock, tmp_path: Path) -> AsyncIterator[Hosts]:
    async with hosting(world, tmp_path, corp_ends=clock.now() + 300 * DAY) as served:
        yield served


async def read(hosts: Hosts, app: InstalledApp) -> Any:
    return (await hosts.world.ask(READ, hosts.world.people.bob, id=gid("InstalledApp", app.id)))["installedApp"]


async def look(hosts: Hosts) -> None:
    while await look_due(services=hosts.world.services):
        pass


def shown(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")


async def test_the_end_is_known_at_once_and_said_thirty_seven_and_one_days_before(hosts: Hosts) -> None:
    ada, clock = hosts.world.people.ada, hosts.world.clock
    ends = clock.now() + 40 * DAY
    hosts.show(HOST, ends=ends)
    app = await hosts.add(ada, HOST, certificates=hosts.corp.pem)
    before = await head(app.team_id)

    heard = []
    for _ in range(41):
        await look(hosts)
        heard.append(len(await log_since(before, team_id=app.team_id)))
        clock.advance(DAY)

    assert (await read(hosts, app))["expiresAt"] == shown(ends)
    assert [day for day in range(1, 41) if heard[day] > heard[day - 1]] == [10, 33, 39]
    assert await log_since(before, team_id=app.team_id) == ["INSTALLED_APP_WILL_STOP"] * 3
    forecast = (await read(hosts, app))["forecast"]
    assert (forecast["code"], forecast["at"]) == ("SERVER_CERTIFICATE_EXPIRES", shown(ends))
    assert f"https://{HOST} ends on {ends:%Y-%m-%d}" in forecast["message"]


async def test_a_new_certificate_takes_the_word_back_at_the_next_check(hosts: Hosts) -> None:
    people, clock = hosts.world.people, hosts.world.clock
    hosts.show(HOST, ends=clock.now() + 20 * DAY)
    app = await hosts.add(people.ada, HOST, certificates=hosts.corp.pem)
    before = await head(app.team_id)
    await look(hosts)

    hosts.show(HOST, ends=clock.now() + 200 * DAY)
    await check(app.id, caller=people.bob, services=hosts.world.services)

    assert await log_since(before, team_id=app.team_id) == ["INSTALLED_APP_WILL_STOP", "INSTALLED_APP_WILL_NOT_STOP"]
    assert await read(hosts, app) == {"expiresAt": shown(clock.now() + 200 * DAY), "forecast": None}
    assert await Forecast.all().count() == 0


async def test_a_certificate_authority_that_was_given_ends_too_until_the_next_is_put_in(hosts: Hosts) -> None:
    people, clock = hosts.world.people, hosts.world.clock
    old = Authority("Old", ends=clock.now() + 5 * DAY)
    hosts.show(HOST, ends=clock.now() + 200 * DAY, by=old)
    app = await hosts.add(people.ada, HOST, certificates=old.pem + hosts.corp.pem)
    before = await head(app.team_id)
    await look(hosts)
    told = (await read(hosts, app))["forecast"]

    hosts.show(HOST, ends=clock.now() + 200 * DAY)
    await edit(app.id, ClientEdit(certificates=hosts.corp.pem), caller=people.ada, services=hosts.world.services)

    assert (told["code"], told["at"]) == ("CA_CERTIFICATE_EXPIRES", shown(clock.now() + 5 * DAY))
    assert await log_since(before, team_id=app.team_id) == [
        "INSTALLED_APP_WILL_STOP",
        "INSTALLED_APP_EDITED",
        "INSTALLED_APP_WILL_NOT_STOP",
    ]


async def test_an_authority_that_is_not_needed_ends_nothing(hosts: Hosts, monkeypatch: pytest.MonkeyPatch) -> None:
    people, clock = hosts.world.people, hosts.world.clock
    (hosts.folder / "usual.pem").write_text(hosts.corp.pem)
    monkeypatch.setenv("SSL_CERT_FILE", str(hosts.folder / "usual.pem"))
    hosts.show(HOST, ends=clock.now() + 200 * DAY)

    app = await hosts.add(people.ada, HOST, certificates=Authority("Another", ends=clock.now() + 5 * DAY).pem)
    await look(hosts)

    assert await read(hosts, app) == {"expiresAt": shown(clock.now() + 200 * DAY), "forecast": None}


async def test_a_server_without_tls_has_no_certificate_that_could_end(world: World) -> None:
    app = await GITLAB.add(world, world.people.ada)

    assert (await world.ask(READ, world.people.bob, id=gid("InstalledApp", app.id)))["installedApp"] == {
        "expiresAt": None,
        "forecast": None,
    }
