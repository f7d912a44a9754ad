import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from app.sign_ins.events import GrantTroubled
from app.sign_ins.hooks import MAX_BYTES
from app.sign_ins.jobs import check_due
from app.sign_ins.models import Grant, StatusReason
from tests.sandbox.running import Sandbox
from tests.sign_ins.world import World, open_world, rows

UNINSTALLED: dict[str, Any] = {"type": "app_uninstalled"}
BOT_REVOKED: dict[str, Any] = {"type": "tokens_revoked", "tokens": {"oauth": [], "bot": ["U0ACMEB01"]}}
PERSON_REVOKED: dict[str, Any] = {"type": "tokens_revoked", "tokens": {"oauth": ["U0ACME001"], "bot": []}}


def wrap(event: dict[str, Any], *, workspace: str = "T0ACME001", id: str = "Ev1") -> dict[str, Any]:
    return {"type": "event_callback", "team_id": workspace, "event_id": id, "event": event, "event_time": 1}


async def due(world: World) -> list[Any]:
    return [grant.id for grant in await Grant.filter(next_check_at__lte=world.clock.now())]


@pytest.mark.parametrize("order", [(UNINSTALLED, BOT_REVOKED), (BOT_REVOKED, UNINSTALLED)])
async def test_every_grant_of_the_workspace_in_all_teams_learns_it_in_either_order(
    world: World, order: Sequence[dict[str, Any]]
) -> None:
    mine, theirs = await world.grant(), await world.grant(member=await world.other_team())
    waiting = await world.sign_in()
    another = await world.grant("Globex")
    world.fault(None, "uninstall_app", workspace="Acme")

    answers = [await world.hear(wrap(event)) for event in order]
    rounds = [await check_due(services=world.services) for _ in range(3)]

    assert (rounds[0], rounds[2]) == (3, 0)  # side by side, one may have had another looked at once more
    assert [(answer.status_code, answer.text) for answer in answers] == [(200, ""), (200, "")]
    troubles = {grant.id: grant.trouble for grant in await Grant.all()}
    revoked = StatusReason.REVOKED
    assert troubles == {mine.id: revoked, theirs.id: revoked, waiting.grant_id: revoked, another.id: None}
    assert len(world.told) == 3


async def test_a_late_event_does_not_end_a_sign_in_that_came_after_it(world: World) -> None:
    await world.grant()
    world.fault(None, "uninstall_app", workspace="Acme")
    fresh = await world.grant()

    for event in (UNINSTALLED, BOT_REVOKED):
        await world.hear(wrap(event))
    await check_due(services=world.services)

    troubled = [told.grant_id for told in world.told if isinstance(told, GrantTroubled)]
    assert len(troubled) == 1
    assert fresh.id not in troubled
    assert (await Grant.get(id=fresh.id)).trouble is None


async def test_the_same_event_a_hundred_times_is_one_check(world: World) -> None:
    await world.grant()
    before = world.requests("auth.test")

    answers = await asyncio.gather(*(world.hear(wrap(BOT_REVOKED)) for _ in range(100)))
    while await check_due(services=world.services):
        pass

    assert {answer.status_code for answer in answers} == {200}
    assert world.requests("auth.test") == before + 1
    assert world.told == []


async def test_what_concerns_others_concerns_nobody_here(world: World) -> None:
    await world.grant()
    before = await rows()

    answers = [
        await world.hear(wrap(PERSON_REVOKED)),
        await world.hear(wrap(UNINSTALLED, workspace="T0GLOBEX002")),
        await world.hear(wrap({"type": "message", "text": "hello"})),
        await world.hear({"type": "app_rate_limited", "minute_rate_limited": 1}),
    ]

    assert {answer.status_code for answer in answers} == {200}
    assert await rows() == before


async def test_the_challenge_is_answered_as_text_and_only_where_it_is_signed(world: World) -> None:
    body = {"type": "url_verification", "challenge": "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P"}

    signed, forged = await world.hear(body), await world.hear(body, secret="another")

    assert (signed.status_code, signed.text) == (200, body["challenge"])
    assert signed.headers["content-type"].startswith("text/plain")
    assert forged.status_code == 401
    assert body["challenge"] not in forged.text


def _headers(name: str, value: str | None) -> Callable[[dict[str, str]], dict[str, str]]:
    def change(headers: dict[str, str]) -> dict[str, str]:
        kept = {key: held for key, held in headers.items() if key != name}
        return kept if value is None else {**kept, name: value}

    return change


@pytest.mark.parametrize(
    "spoil",
    [
        _headers("X-Slack-Signature", None),
        _headers("X-Slack-Signature", ""),
        _headers("X-Slack-Signature", "v0=" + "0" * 64),
        _headers("X-Slack-Signature", "v1=" + "0" * 64),
        _headers("X-Slack-Signature", "v0=" + "0" * 63),
        _headers("X-Slack-Signature", "sha256=" + "0" * 64),
        _headers("X-Slack-Request-Timestamp", None),
        _headers("X-Slack-Request-Timestamp", "0"),
        _headers("X-Slack-Request-Timestamp", "-1"),
        _headers("X-Slack-Request-Timestamp", "1_7"),
        _headers("X-Slack-Request-Timestamp", "1e3"),
        _headers("X-Slack-Request-Timestamp", "9" * 20),
    ],
)
async def test_what_is_not_signed_as_it_should_be_changes_nothing(
    world: World, spoil: Callable[[dict[str, str]], dict[str, str]]
) -> None:
    await world.grant()
    raw = json.dumps(wrap(UNINSTALLED)).encode()
    before = await rows()
    async with world.client() as http:
        answer = await http.post("/hooks/slack", content=raw, headers=spoil(world.sign(raw)))

    assert answer.status_code == 401
    assert await rows() == before


@pytest.mark.parametrize(("seconds", "status"), [(300, 200), (301, 401)])
async def test_a_replay_counts_for_five_minutes_only(world: World, seconds: int, status: int) -> None:
    raw = json.dumps(wrap(UNINSTALLED)).encode()
    headers = world.sign(raw)
    world.clock.advance(timedelta(seconds=seconds) - timedelta(microseconds=world.clock.now().microsecond))
    async with world.client() as http:
        answer = await http.post("/hooks/slack", content=raw, headers=headers)

    assert answer.status_code == status


async def test_a_body_that_differs_by_a_byte_is_forged(world: World) -> None:
    raw = json.dumps(wrap(UNINSTALLED)).encode()
    async with world.client() as http:
        answer = await http.post("/hooks/slack", content=raw + b" ", headers=world.sign(raw))

    assert answer.status_code == 401


async def test_too_much_is_refused_whatever_it_says_of_its_length(world: World) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(MAX_BYTES // 65_536 + 1):
            yield b" " * 65_536

    async with world.client() as http:
        answer = await http.post("/hooks/slack", content=pieces(), headers=world.sign(b""))

    assert answer.status_code == 413


@pytest.mark.parametrize("provider", ["github", "nobody", "Slack"])
async def test_an_unknown_providers_address_is_not_there(world: World, provider: str) -> None:
    assert (await world.hear(wrap(UNINSTALLED), provider=provider)).status_code == 404


async def test_without_a_signing_secret_the_address_is_not_there(database: str, sandbox: Sandbox, tmp_path: Path) -> None:
    del database
    async with open_world(sandbox, folder=tmp_path, slack_signing_secret=None) as world:
        assert (await world.hear(wrap(UNINSTALLED))).status_code == 404


async def test_ones_own_revocation_that_comes_back_as_an_event_ends_nothing_else(world: World) -> None:
    first = await world.grant()
    await world.retire(first)
    kept = await world.grant("Globex")

    await world.hear(wrap(BOT_REVOKED))

    assert await due(world) == []
    assert (await Grant.get(id=kept.id)).trouble is None
