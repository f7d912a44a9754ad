from collections.abc import Mapping

import pytest

from app.providers.contract import Failure, Fault
from app.providers.slack.channels import MESSAGING
from tests.providers.scripted import (
    door_to,
    http,
    scripted,
)
from tests.providers.slack.steps import NOW, REPORT, STEPS, authorized_at, fault_of

ODD_POSTS: Mapping[str, Mapping[str, object]] = {
    "no ts": {"ok": True, "channel": "C0ACME001"},
    "no channel": {"ok": True, "ts": "1700000000.000100"},
    "a ts that is a number": {"ok": True, "channel": "C0ACME001", "ts": 1_700_000_000.0001},
    "an empty ts": {"ok": True, "channel": "C0ACME001", "ts": ""},
    "a channel that is an object": {"ok": True, "channel": {"id": "C0ACME001"}, "ts": "1700000000.000100"},
}


@pytest.mark.parametrize("odd", ODD_POSTS.values(), ids=ODD_POSTS)
async def test_a_message_stands_only_by_slacks_word(odd: Mapping[str, object]) -> None:
    assert await fault_of(STEPS["post"], http(odd)) is Fault.BROKEN


ODD_CHANNELS: Mapping[str, object] = {
    "no channels": {"ok": True},
    "channels that are an object": {"ok": True, "channels": {}},
    "a cursor that is a number": {"ok": True, "channels": [], "response_metadata": {"next_cursor": 5}},
}


@pytest.mark.parametrize("odd", ODD_CHANNELS.values(), ids=ODD_CHANNELS)
async def test_channels_that_make_no_sense_are_not_listed(odd: object) -> None:
    assert await fault_of(STEPS["list"], http(odd)) is Fault.BROKEN


async def test_a_cursor_that_leads_to_itself_is_the_end() -> None:
    answer = http({"ok": True, "channels": [], "response_metadata": {"next_cursor": "again"}})

    async with scripted(lambda _: answer) as provider, door_to(provider) as outbound:
        first = await MESSAGING.list_channels(authorized=authorized_at(provider), cursor=None, limit=9, outbound=outbound)
        second = await MESSAGING.list_channels(authorized=authorized_at(provider), cursor="again", limit=9, outbound=outbound)

    assert not isinstance(first, Failure)
    assert not isinstance(second, Failure)
    assert (first.next_cursor, second.next_cursor) == ("again", None)


async def test_another_channel_than_asked_about_is_broken() -> None:
    odd = http({"ok": True, "channel": {"id": "C0OTHER01", "name": "x", "is_private": False}})

    assert await fault_of(STEPS["find"], odd) is Fault.BROKEN


@pytest.mark.parametrize("channel_id", ["", "C0 1", "C0ACME001&team=T1", "#general", "\ud800", "C" * 65])
async def test_what_is_no_channels_id_is_not_asked_about(channel_id: str) -> None:
    async with scripted(lambda _: http(status=500)) as provider, door_to(provider) as outbound:
        found = await MESSAGING.find_channel(authorized=authorized_at(provider), channel_id=channel_id, outbound=outbound)
        posted = await MESSAGING.post_report(
            authorized=authorized_at(provider), channel_id=channel_id, report=REPORT, now=NOW, outbound=outbound
        )

    assert isinstance(found, Failure)
    assert found.fault is Fault.TARGET_GONE
    assert posted == found
    assert provider.asked == []
