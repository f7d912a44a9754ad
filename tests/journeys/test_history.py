"""Whatever is done to four servers and what they stand on: what clients were told agrees with itself and with what is there."""

import json
from collections import Counter
from dataclasses import asdict
from pathlib import Path

import pytest

from tests.databases import POSTGRES_URL
from tests.history.cluster import running
from tests.history.laws import check
from tests.history.nemesis import Nemesis
from tests.history.ordeal import Ordeal
from tests.history.records import Outcome
from tests.journeys.soaking import fresh_random, full, say

pytestmark = [
    pytest.mark.endurance,
    pytest.mark.skipif(not POSTGRES_URL, reason="several processes need PostgreSQL: an own one, beside the run for PostgreSQL"),
]

SECONDS = full(30 * 60, ci=3 * 60)
LEAST_FAULTS = full(300, ci=30)
LEAST_WRITES = full(2_000, ci=200)
KINDS = {"kill", "halt", "stop hard", "restart", "flush"}
CLIENTS = 20
TEAMS = 3


async def test_nothing_is_found_in_the_history_of_four_servers_under_faults(tmp_path: Path) -> None:
    random = fresh_random()
    async with running(tmp_path, random=random, teams=TEAMS) as cluster:
        ordeal = Ordeal(cluster, random, clients=CLIENTS)
        nemesis = Nemesis(cluster, random, ordeal.history)
        history = ordeal.history
        try:
            kept = await ordeal.endure(lambda: nemesis.rage(seconds=SECONDS))
        finally:
            history.keep(tmp_path / "history.jsonl")

    found = check(history, kept)
    (tmp_path / "kept.json").write_text(json.dumps(asdict(kept)))
    (tmp_path / "findings.txt").write_text("\n".join(f"{finding.law}: {finding.says}" for finding in found))

    outcomes = Counter((call.is_read, call.outcome) for call in history.calls)
    say(
        f"history: {len(history.faults)} faults {dict(Counter(fault.name for fault in history.faults))}, "
        f"{outcomes[False, Outcome.OK]} writes acknowledged, {outcomes[False, Outcome.REFUSED]} refused, "
        f"{outcomes[False, Outcome.UNKNOWN]} without an answer, {outcomes[True, Outcome.OK]} reads, "
        f"{len(history.heard)} events told over {len(history.attached)} subscriptions, "
        f"{len(kept.messages)} messages of {len({message.delivery for message in kept.messages})} deliveries"
    )
    assert found == [], f"{len(found)} findings; they, the history, what was kept and the servers' logs are in {tmp_path}"
    assert len(history.faults) >= LEAST_FAULTS
    assert {fault.name for fault in history.faults} >= KINDS
    assert outcomes[False, Outcome.OK] >= LEAST_WRITES
