import pytest
from slack_sdk.errors import SlackApiError

from tests.sandbox.running import SCOPES, Sandbox, error_of


def names(channels: list[dict[str, str]]) -> list[str]:
    return [each["name"] for each in channels]


def test_public_channels_are_listed_and_private_ones_only_with_the_bot_in_them(sandbox: Sandbox) -> None:
    bot = sandbox.bot()
    before = bot.conversations_list(types="public_channel,private_channel")["channels"]
    sandbox.control("invite", workspace="T0ACME001", channel="ops-private")

    after = bot.conversations_list(types="public_channel,private_channel")["channels"]

    assert names(before) == ["general", "monitoring", "random", "old-announcements"]
    assert names(after) == [*names(before), "ops-private"]
    assert names(bot.conversations_list(types="private_channel")["channels"]) == ["ops-private"]


def test_archived_channels_can_be_left_out(sandbox: Sandbox) -> None:
    listed = sandbox.bot().conversations_list(exclude_archived=True)["channels"]

    assert names(listed) == ["general", "monitoring", "random"]


def test_a_page_is_cut_before_anything_is_left_out_of_it(sandbox: Sandbox) -> None:
    page = sandbox.bot("Globex").conversations_list(limit=4, exclude_archived=True)

    assert names(page["channels"]) == ["general", "monitoring", "random"]
    assert page["response_metadata"]["next_cursor"] != ""


@pytest.mark.parametrize("limit", [1, 7, 100, 1000])
def test_pages_lead_through_every_channel_once(sandbox: Sandbox, limit: int) -> None:
    found: list[str] = []

    for page in sandbox.bot("Globex").conversations_list(limit=limit):
        found += names(page["channels"])

    assert found == ["general", "monitoring", "random", "old-announcements", *(f"project-{n:03}" for n in range(1, 261))]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"cursor": "bm9uc2Vuc2U="}, "invalid_cursor"),
        ({"cursor": "!"}, "invalid_cursor"),
        ({"limit": 0}, "invalid_limit"),
        ({"limit": 1001}, "invalid_limit"),
        ({"types": "secret_channel"}, "invalid_types"),
    ],
)
def test_wrong_arguments_have_slacks_errors(sandbox: Sandbox, arguments: dict[str, str | int], error: str) -> None:
    bot = sandbox.bot()

    with pytest.raises(SlackApiError) as refused:
        bot.api_call("conversations.list", params=arguments)

    assert error_of(refused) == error


@pytest.mark.parametrize(("types", "needed"), [("public_channel", "channels:read"), ("private_channel", "groups:read")])
def test_listing_needs_the_scope_of_each_type(sandbox: Sandbox, types: str, needed: str) -> None:
    bot = sandbox.bot("Acme", ("chat:write",))

    with pytest.raises(SlackApiError) as refused:
        bot.conversations_list(types=types)

    answer = refused.value.response
    assert (answer["error"], answer["needed"], answer["provided"]) == ("missing_scope", needed, "chat:write")


def test_arguments_may_stand_in_the_query_and_the_token_in_a_form(sandbox: Sandbox) -> None:
    token = sandbox.install()["access_token"]

    by_query = sandbox.http.get("/slack/api/conversations.list?limit=2", headers={"Authorization": f"Bearer {token}"}).json()
    by_form = sandbox.http.post("/slack/api/conversations.list", data={"token": token, "limit": "2"}).json()
    token_in_query = sandbox.http.get(f"/slack/api/conversations.list?token={token}").json()

    assert names(by_query["channels"]) == names(by_form["channels"]) == ["general", "monitoring"]
    assert token_in_query == {"ok": False, "error": "not_authed"}


def test_a_channel_is_shown_unless_it_is_hidden_from_the_bot(sandbox: Sandbox) -> None:
    bot = sandbox.bot()

    assert bot.conversations_info(channel="C0ACME001")["channel"]["name"] == "general"
    with pytest.raises(SlackApiError) as refused:
        bot.conversations_info(channel="C0ACME005")
    assert error_of(refused) == "channel_not_found"


def test_the_bot_joins_public_channels_that_are_not_archived(sandbox: Sandbox) -> None:
    bot = sandbox.bot()

    assert bot.conversations_join(channel="C0ACME002")["channel"]["is_member"] is True
    with pytest.raises(SlackApiError) as refused:
        bot.conversations_join(channel="C0ACME004")
    assert error_of(refused) == "is_archived"


def test_history_is_read_newest_first_page_by_page(sandbox: Sandbox) -> None:
    bot = sandbox.bot()
    bot.conversations_join(channel="C0ACME002")
    sent = [bot.chat_postMessage(channel="C0ACME002", text=f"run {number}")["ts"] for number in range(5)]

    pages = [[each["ts"] for each in page["messages"]] for page in bot.conversations_history(channel="C0ACME002", limit=2)]
    since = bot.conversations_history(channel="C0ACME002", oldest=sent[2])["messages"]

    assert pages == [[sent[4], sent[3]], [sent[2], sent[1]], [sent[0]]]
    assert [each["text"] for each in since] == ["run 4", "run 3"]


def test_history_is_for_members_with_the_scope(sandbox: Sandbox) -> None:
    bot = sandbox.bot("Acme", SCOPES)
    stranger = sandbox.bot("Globex", ("channels:read",))

    with pytest.raises(SlackApiError) as outside:
        bot.conversations_history(channel="C0ACME002")
    with pytest.raises(SlackApiError) as unscoped:
        stranger.conversations_history(channel="C0GLOBEX002")

    assert (error_of(outside), error_of(unscoped)) == ("not_in_channel", "missing_scope")
