import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.models.blocks import HeaderBlock, SectionBlock
from slack_sdk.models.metadata import Metadata

from tests.sandbox.running import Sandbox, error_of

SECTION = {"type": "section", "text": {"type": "mrkdwn", "text": "*failed*"}}


def test_a_message_is_kept_as_it_was_sent(sandbox: Sandbox) -> None:
    answer = sandbox.bot().chat_postMessage(
        channel="C0ACME002",
        text="Checkout failed",
        blocks=[HeaderBlock(text="Checkout"), SectionBlock(text="*failed*")],
        metadata=Metadata(event_type="run", event_payload={"id": "1"}),
        unfurl_links=False,
    )

    assert (answer["channel"], answer["ts"]) == ("C0ACME002", "1767323045.678000")
    assert answer["message"]["text"] == "Checkout failed"
    assert sandbox.state()["messages"] == [
        {
            "workspace": "T0ACME001",
            "workspace_name": "Acme",
            "channel": "C0ACME002",
            "channel_name": "monitoring",
            "text": "Checkout failed",
            "blocks": [{"type": "header", "text": {"type": "plain_text", "text": "Checkout", "emoji": True}}, SECTION],
            "at": "2026-01-02T03:04:05.678000+00:00",
            "ts": "1767323045.678000",
            "attachments": [],
            "metadata": {"event_type": "run", "event_payload": {"id": "1"}},
            "thread_ts": None,
            "reply_broadcast": False,
            "unfurl_links": False,
            "unfurl_media": None,
        }
    ]


def test_json_and_form_say_the_same(sandbox: Sandbox) -> None:
    bot, blocks = sandbox.bot(), '[{"type":"divider"}]'
    authorization = {"Authorization": f"Bearer {bot.token}"}

    by_json = sandbox.http.post(
        "/slack/api/chat.postMessage", json={"channel": "#general", "blocks": [{"type": "divider"}]}, headers=authorization
    )
    by_form = sandbox.http.post(
        "/slack/api/chat.postMessage", data={"channel": "general", "blocks": blocks}, headers=authorization
    )

    assert by_json.json()["channel"] == by_form.json()["channel"] == "C0ACME001"
    assert [each["blocks"] for each in sandbox.state()["messages"]] == [[{"type": "divider"}]] * 2


def test_timestamps_rise_while_the_clock_stands_still(sandbox: Sandbox) -> None:
    bot = sandbox.bot()

    sent = [bot.chat_postMessage(channel="C0ACME001", text="again")["ts"] for _ in range(20)]

    assert sent == sorted(set(sent))


@pytest.mark.parametrize(
    ("message", "error"),
    [
        ({"channel": "C0NOWHERE"}, "channel_not_found"),
        ({"channel": "C0ACME005"}, "channel_not_found"),
        ({"channel": "C0GLOBEX001"}, "channel_not_found"),
        ({"channel": "C0ACME004"}, "is_archived"),
        ({"text": ""}, "no_text"),
        ({"text": "x" * 40_001}, "msg_too_long"),
        ({"blocks": "no JSON"}, "invalid_blocks_format"),
        ({"blocks": "{}"}, "invalid_blocks_format"),
        ({"blocks": [{"type": "divider"}] * 51}, "invalid_blocks"),
        ({"blocks": [{"type": "banner"}]}, "invalid_blocks"),
        ({"blocks": [{"type": "section"}]}, "invalid_blocks"),
        ({"blocks": [{"type": "header", "text": {"type": "mrkdwn", "text": "x"}}]}, "invalid_blocks"),
        ({"blocks": [SECTION | {"block_id": "one"}] * 2}, "invalid_blocks"),
        ({"blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3001}}]}, "invalid_blocks"),
        ({"metadata": "no JSON"}, "invalid_metadata_format"),
    ],
)
def test_what_cannot_be_posted_is_refused_and_not_kept(sandbox: Sandbox, message: dict[str, object], error: str) -> None:
    bot = sandbox.bot()

    with pytest.raises(SlackApiError) as refused:
        bot.api_call("chat.postMessage", json={"channel": "C0ACME001", "text": "hello"} | message)

    assert error_of(refused) == error
    assert sandbox.state()["messages"] == []


def test_the_longest_text_and_the_most_blocks_are_posted(sandbox: Sandbox) -> None:
    sandbox.bot().chat_postMessage(channel="C0ACME001", text="x" * 40_000, blocks=[{"type": "divider"}] * 50)

    assert len(sandbox.state()["messages"]) == 1


def test_posting_needs_its_scope(sandbox: Sandbox) -> None:
    bot = sandbox.bot("Acme", ("channels:read",))

    with pytest.raises(SlackApiError) as refused:
        bot.chat_postMessage(channel="C0ACME001", text="hello")

    answer = refused.value.response
    assert (answer["error"], answer["needed"], answer["provided"]) == ("missing_scope", "chat:write", "channels:read")


def test_without_the_public_scope_the_bot_must_be_in_the_channel(sandbox: Sandbox) -> None:
    bot = sandbox.bot("Acme", ("chat:write", "channels:join"))

    with pytest.raises(SlackApiError) as refused:
        bot.chat_postMessage(channel="C0ACME001", text="hello")
    bot.conversations_join(channel="C0ACME001")
    bot.chat_postMessage(channel="C0ACME001", text="hello")

    assert error_of(refused) == "not_in_channel"
    assert len(sandbox.state()["messages"]) == 1


def test_an_invited_bot_posts_into_a_private_channel(sandbox: Sandbox) -> None:
    bot = sandbox.bot()
    sandbox.control("invite", workspace="Acme", channel="ops-private")

    answer = bot.chat_postMessage(channel="C0ACME005", text="hello")

    assert answer["channel"] == "C0ACME005"


@pytest.mark.parametrize(("body", "error"), [("{", "invalid_json"), ("[]", "json_not_object"), ("\ud800", "invalid_json")])
def test_a_body_that_is_no_json_object_is_refused(sandbox: Sandbox, body: str, error: str) -> None:
    headers = {"Authorization": f"Bearer {sandbox.bot().token}", "Content-Type": "application/json"}

    answer = sandbox.http.post("/slack/api/chat.postMessage", content=body.encode(errors="surrogatepass"), headers=headers)

    assert answer.json() == {"ok": False, "error": error}


def test_an_unknown_method_is_called_that(sandbox: Sandbox) -> None:
    with pytest.raises(SlackApiError) as refused:
        sandbox.bot().api_call("chat.shout")

    assert error_of(refused) == "unknown_method"
