import pytest

from app.errors import BadUserInput, Refusal, TooComplex, UserErrorCode
from app.graphql.connections import ForwardArguments
from app.graphql.ids import encode_key
from app.outbound.budget import Budget
from app.sign_ins.channels import ChannelRef, decode_channel, page_of_channels
from tests.sign_ins.world import World


async def test_the_channels_that_can_be_posted_to_are_paged_through_without_gap_or_repeat(world: World) -> None:
    grant = await world.grant("Globex")
    names: list[str] = []
    after: str | None = None
    while True:
        page = await page_of_channels(
            grant.id, ForwardArguments(first=70, after=after), None, budget=Budget(), services=world.services
        )
        names += [channel.name for channel in page.rows]
        if not page.has_next:
            break
        after = page.cursors[-1]

    assert len(names) == len(set(names)) == 263
    assert "old-announcements" not in names
    assert "ops-private" not in names


@pytest.mark.parametrize("search", ["PROJECT-26", " #project-26"])
async def test_a_search_looks_into_the_names(world: World, search: str) -> None:
    grant = await world.grant("Globex")
    names: list[str] = []
    after: str | None = None
    for _ in range(10):
        page = await page_of_channels(grant.id, ForwardArguments(after=after), search, budget=Budget(), services=world.services)
        names += [channel.name for channel in page.rows]
        if not page.has_next:
            break
        after = page.cursors[-1] if page.cursors else page.resume

    assert names == ["project-260"]


async def test_a_channel_is_found_by_its_own_id(world: World) -> None:
    grant = await world.grant()

    page = await page_of_channels(grant.id, ForwardArguments(), "c0acme002", budget=Budget(), services=world.services)

    assert [channel.provider_id for channel in page.rows] == ["C0ACME002"]


async def test_a_search_takes_a_call_for_each_five_hundred_channels(world: World) -> None:
    grant = await world.grant("Globex")

    page = await page_of_channels(grant.id, ForwardArguments(), "project-26", budget=Budget(), services=world.services)

    assert "project-260" in [channel.name for channel in page.rows]
    assert (page.has_next, world.requests("conversations.list")) == (False, 1)


@pytest.mark.parametrize("search", ["x" * 1_025, "x" * 100_000, "a\0", "\ud800"])
async def test_a_search_that_no_name_can_have_in_it_is_bad_input_and_asks_nobody(world: World, search: str) -> None:
    grant, budget = await world.grant("Globex"), Budget()

    with pytest.raises(BadUserInput, match="at most 1,024 characters"):
        await page_of_channels(grant.id, ForwardArguments(), search, budget=budget, services=world.services)


async def test_a_private_channel_appears_once_the_app_is_in_it(world: World) -> None:
    grant = await world.grant()
    assert world.sandbox.control("invite", workspace="Acme", channel="ops-private").status_code == 200

    page = await page_of_channels(grant.id, ForwardArguments(), "ops", budget=Budget(), services=world.services)

    [channel] = page.rows
    assert (channel.name, channel.is_private, channel.provider_id) == ("ops-private", True, "C0ACME005")
    assert decode_channel(channel.id) == ChannelRef("slack", "T0ACME001", "C0ACME005")


async def test_one_operation_asks_twenty_times_at_most(world: World) -> None:
    grant = await world.grant("Globex")
    budget = Budget()

    for size in range(1, 21):
        await page_of_channels(grant.id, ForwardArguments(first=size), None, budget=budget, services=world.services)
    with pytest.raises(TooComplex):
        await page_of_channels(grant.id, ForwardArguments(first=21), None, budget=budget, services=world.services)

    assert world.requests("conversations.list") == 20


async def test_what_the_provider_refuses_is_refused_with_its_code(world: World) -> None:
    grant = await world.grant()
    world.fault("conversations.list", "rate_limit", retry_after=7)

    with pytest.raises(Refusal) as refused:
        await page_of_channels(grant.id, ForwardArguments(), None, budget=Budget(), services=world.services)

    assert (refused.value.code, refused.value.retry_after) == (UserErrorCode.PROVIDER_BUSY, 7)


async def test_a_cursor_of_another_list_is_bad_input(world: World) -> None:
    grant = await world.grant()

    with pytest.raises(BadUserInput):
        await page_of_channels(grant.id, ForwardArguments(after="nonsense"), None, budget=Budget(), services=world.services)


@pytest.mark.parametrize(
    "id",
    [
        "",
        "nonsense",
        encode_key("Channel", "slack:T1"),
        encode_key("Channel", "slack:T1:"),
        encode_key("Channel", "slack::C1"),
        encode_key("Channel", "slack:T1:C1:more"),
        encode_key("Channel", "nobody:T1:C1"),
        encode_key("Cursor", "slack:T1:C1"),
        encode_key("Channel", '["slack", "T1"]'),
        encode_key("Channel", '["slack", "T1", ""]'),
        encode_key("Channel", '["slack","T1","C1"]'),
        encode_key("Channel", '["nobody", "T1", "C1"]'),
        encode_key("Channel", '["slack", "T1", 7]'),
    ],
)
def test_what_is_no_channels_id_names_none(id: str) -> None:
    assert decode_channel(id) is None


def test_a_channels_own_id_may_hold_colons() -> None:
    ref = ChannelRef("slack", "T1", "19:meeting_abc@thread.tacv2")

    assert decode_channel(ref.id) == ref


def test_an_id_that_a_client_has_from_before_still_names_its_channel() -> None:
    assert decode_channel(encode_key("Channel", "slack:T0ACME001:C0ACME001")) == ChannelRef("slack", "T0ACME001", "C0ACME001")
