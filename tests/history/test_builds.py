"""The checker finds what it is there for: in builds that are broken on purpose, and not in ours under the same load."""

import time
from collections import Counter
from pathlib import Path
from random import Random

import asyncpg
import httpx2
import pytest

from tests.databases import POSTGRES_URL
from tests.faults.proxy import Delay
from tests.history.asking import CALL_SECONDS, Caller
from tests.history.builds import (
    LEASES_WITHOUT_AN_OWNER,
    SHORT_LEASES,
    Edit,
    build,
    make_sequences,
    sequence_for_counter,
)
from tests.history.cluster import Cluster, running
from tests.history.findings import Finding
from tests.history.ids import number_of
from tests.history.laws import check
from tests.history.ordeal import Ordeal
from tests.history.reading import read_kept
from tests.history.records import Fault, History, Outcome
from tests.journeys.soaking import fresh_random, say, until
from tests.journeys.test_burst import run_of

pytestmark = [
    pytest.mark.endurance,
    pytest.mark.skipif(not POSTGRES_URL, reason="several processes need PostgreSQL: an own one, beside the run for PostgreSQL"),
]

_WRITES = 120
_MEANT = {"gap", "lease"}
_LOAD_SECONDS = 60.0


async def test_two_servers_that_are_ours_pass(tmp_path: Path) -> None:
    found = await _load(tmp_path, [[], []])

    assert found == []


async def test_a_sequence_and_a_transaction_held_open_between_number_and_commit_are_caught(tmp_path: Path) -> None:
    found = await _load(tmp_path, [sequence_for_counter(is_held_open=True), sequence_for_counter()])

    assert {finding.law for finding in found} >= {"gap"}
    say(f"history, a sequence and a transaction held open: {_summary(found)}")


async def test_a_lease_is_its_owners_also_when_the_owner_was_halted_past_its_end(tmp_path: Path) -> None:
    found = await _steal_lease(tmp_path, SHORT_LEASES)

    assert found == []


async def test_a_lease_without_an_owner_is_caught(tmp_path: Path) -> None:
    found = await _steal_lease(tmp_path, [*SHORT_LEASES, *LEASES_WITHOUT_AN_OWNER])

    assert {finding.law for finding in found} == {"lease"}
    say(f"history, a lease without an owner: {_summary(found)}")


async def _load(folder: Path, edits: list[list[Edit]]) -> list[Finding]:
    """Let clients write and listen at a server for each of the builds; return what is found."""
    random = fresh_random()
    builds = [build(folder / f"build-{number}", edit) for number, edit in enumerate(edits)]
    async with running(folder, random=random, builds=builds, teams=2, prepare=make_sequences) as cluster:
        ordeal = Ordeal(cluster, random, clients=8, longest_pause=0.1, hears_seconds=5.0)

        async def have_written() -> bool:
            writes = [call for call in ordeal.history.writes if call.outcome is Outcome.OK]
            return len(writes) >= _WRITES

        kept = await ordeal.endure(lambda: until(have_written, seconds=_LOAD_SECONDS))
    return check(ordeal.history, kept)


async def _steal_lease(folder: Path, edits: list[Edit]) -> list[Finding]:
    """Halt the server that is posting until the other has taken its delivery over, and let it end its attempt then."""
    random = fresh_random()
    built = build(folder / "build", edits)
    async with running(folder, random=random, builds=[built, built], teams=1) as cluster:
        history = History()
        async with httpx2.AsyncClient(trust_env=False, timeout=CALL_SECONDS) as http:
            await _refuse_one_message_slowly(cluster)
            await _record_a_run(cluster, history, http, random)
        database = await asyncpg.connect(cluster.database_url)
        try:
            await _halt_past_lease(cluster, history, database)
            await until(lambda: _is_delivered(database), seconds=60)
        finally:
            await database.close()
        for server in cluster.servers:
            server.kill()
        kept = await read_kept(cluster.database_url, teams=cluster.teams, sandbox_url=cluster.sandbox_url)
    return check(history, kept)


async def _refuse_one_message_slowly(cluster: Cluster) -> None:
    cluster.outside.impose(Delay(1.2))
    async with httpx2.AsyncClient(trust_env=False) as client:
        fault = {"provider": "slack", "endpoint": "chat.postMessage", "fault": "status", "status": 500, "times": 1}
        assert (await client.post(f"{cluster.sandbox_url}/control/faults", json=fault)).status_code == httpx2.codes.OK


async def _record_a_run(cluster: Cluster, history: History, http: httpx2.AsyncClient, random: Random) -> None:
    [team] = cluster.teams
    caller = Caller("client", team, team.tokens[0], cluster.servers, random, history, http)
    history.began[team.label] = number_of((await caller.read()).answer["eventCursor"])
    settings = {"monitorKey": "monitor", "channelId": team.channels[0]}
    using = {"installedAppId": team.slack}
    asked = {"name": "[t0] integration", "using": using, "settings": {"postMonitoringResults": settings}}
    calls = [
        await caller.write("addIntegration", asked),
        await caller.write("recordMonitorRun", run_of("monitor", "run", "PASSED")),
    ]
    assert [call.outcome for call in calls] == [Outcome.OK, Outcome.OK], calls


async def _halt_past_lease(cluster: Cluster, history: History, database: asyncpg.Connection) -> None:
    async def is_asked() -> bool:
        async with httpx2.AsyncClient(trust_env=False) as client:
            requests = (await client.get(f"{cluster.sandbox_url}/control/state")).json()["requests"]
        return any(request["path"].endswith("/chat.postMessage") for request in requests)

    await until(is_asked, seconds=30)
    owner = await database.fetchval(_OWNER)
    [server] = [server for server in cluster.servers if server.name == owner]
    begun = time.time()
    server.halt()
    try:

        async def is_taken_over() -> bool:
            return bool(await database.fetchval(_OWNER) != owner)

        await until(is_taken_over, seconds=60)
    finally:
        server.go_on()
    history.faults.append(Fault(name="halt", target=server.name, begun=begun, ended=time.time()))


_OWNER = "SELECT server FROM history_turn WHERE subject LIKE 'delivery %' AND now_owner IS NOT NULL ORDER BY at DESC LIMIT 1"


async def _is_delivered(database: asyncpg.Connection) -> bool:
    return bool(await database.fetchval("SELECT status = 'DELIVERED' FROM delivery"))


def _summary(found: list[Finding]) -> str:
    counts = Counter(finding.law for finding in found)
    return f"{dict(counts)}, such as: {next(finding.says for finding in found if finding.law in _MEANT)}"
