"""Threads, as slack_sdk's own client makes them and reads them back."""

from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.models.metadata import Metadata

from tests.sandbox.running import Sandbox, error_of

GENERAL = "C0ACME001"


def joined(sandbox: Sandbox) -> WebClient:
    bot = sandbox.bot()
    bot.conversations_join(channel=GENERAL)
    return bot


def post(bot: WebClient, text: str, **more: Any) -> str:
    return str(bot.chat_postMessage(channel=GENERAL, text=text, **more)["ts"])


def texts(answer: Any) -> list[str]:
    return [message["text"] for message in answer["messages"]]


def test_thread_broadcast_and_metadata_are_read_back(sandbox: Sandbox) -> None:
    bot = joined(sandbox)
    parent = post(bot, "down", metadata=Metadata(event_type="run", event_payload={"delivery_id": "1"}))
    silent = post(bot, "still down", thread_ts=parent)
    answer = bot.chat_postMessage(
        channel=GENERAL,
        text="up",
        thread_ts=parent,
        reply_broadcast=True,
        metadata=Metadata(event_type="run", event_payload={"delivery_id": "3"}),
    )

    thread = bot.conversations_replies(channel=GENERAL, ts=parent, include_all_metadata=True)
    history = bot.conversations_history(channel=GENERAL, include_all_metadata=True)

    assert answer["message"]["thread_ts"] == parent
    assert texts(thread) == ["down", "still down", "up"]
    first, second, last = thread["messages"]
    assert (first["thread_ts"], first["reply_count"], first["latest_reply"]) == (parent, 2, answer["ts"])
    assert (second["ts"], second["thread_ts"], second["parent_user_id"]) == (silent, parent, first["user"])
    assert (last["subtype"], last["root"]["ts"]) == ("thread_broadcast", parent)
    assert [each.get("metadata", {}).get("event_payload") for each in thread["messages"]] == [
        {"delivery_id": "1"},
        None,
        {"delivery_id": "3"},
    ]
    assert texts(history) == ["up", "down"]
    assert history["messages"][0]["metadata"]["event_payload"] == {"delivery_id": "3"}


def test_metadata_is_shown_to_who_asks_for_it(sandbox: Sandbox) -> None:
    bot = joined(sandbox)
    ts = post(bot, "down", metadata=Metadata(event_type="run", event_payload={"delivery_id": "1"}))

    [thread, history] = bot.conversations_replies(channel=GENERAL, ts=ts), bot.conversations_history(channel=GENERAL)

    assert "metadata" not in thread["messages"][0]
    assert "metadata" not in history["messages"][0]


def test_an_answer_to_what_is_not_there_is_a_message_of_its_own(sandbox: Sandbox) -> None:
    bot = joined(sandbox)
    parent = post(bot, "down")
    bot.chat_delete(channel=GENERAL, ts=parent)

    orphan = bot.chat_postMessage(channel=GENERAL, text="up", thread_ts=parent, reply_broadcast=True)
    lost = bot.chat_postMessage(channel=GENERAL, text="up too", thread_ts="1.000001")

    assert "thread_ts" not in orphan["message"]
    assert "thread_ts" not in lost["message"]
    history = bot.conversations_history(channel=GENERAL)
    assert [(each["text"], each["subtype"]) for each in history["messages"]] == [("up too", "bot_message"), ("up", "bot_message")]


def test_an_answer_to_an_answer_belongs_to_the_same_thread(sandbox: Sandbox) -> None:
    bot = joined(sandbox)
    parent = post(bot, "down")
    answer = post(bot, "still down", thread_ts=parent)

    second = bot.chat_postMessage(channel=GENERAL, text="up", thread_ts=answer)

    assert second["message"]["thread_ts"] == parent
    assert texts(bot.conversations_replies(channel=GENERAL, ts=parent)) == ["down", "still down", "up"]
    assert texts(bot.conversations_replies(channel=GENERAL, ts=answer)) == ["still down"]


def test_a_deleted_parent_stays_as_a_tombstone_while_it_has_answers(sandbox: Sandbox) -> None:
    bot = joined(sandbox)
    parent = post(bot, "down")
    post(bot, "still down", thread_ts=parent)

    sandbox.control("delete", workspace="Acme", channel="general", ts=parent)
    answer = bot.chat_postMessage(channel=GENERAL, text="up", thread_ts=parent)

    assert answer["message"]["thread_ts"] == parent
    thread = bot.conversations_replies(channel=GENERAL, ts=parent)["messages"]
    assert [(each["text"], each["subtype"]) for each in thread] == [
        ("This message was deleted.", "tombstone"),
        ("still down", "bot_message"),
        ("up", "bot_message"),
    ]


def test_a_thread_is_read_page_by_page(sandbox: Sandbox) -> None:
    bot = joined(sandbox)
    parent = post(bot, "0")
    for number in range(1, 5):
        post(bot, str(number), thread_ts=parent)

    pages = [texts(page) for page in bot.conversations_replies(channel=GENERAL, ts=parent, limit=2)]

    assert pages == [["0", "1"], ["2", "3"], ["4"]]


def test_a_message_has_an_address_and_an_answer_one_in_its_thread(sandbox: Sandbox) -> None:
    bot = sandbox.bot("Acme", ("chat:write", "chat:write.public"))
    parent = post(bot, "down")
    answer = post(bot, "up", thread_ts=parent)

    links = [str(bot.chat_getPermalink(channel=GENERAL, message_ts=ts)["permalink"]) for ts in (parent, answer)]

    page = f"https://acme-sandbox.slack.com/archives/{GENERAL}/p"
    assert links == [
        f"{page}{parent.replace('.', '')}",
        f"{page}{answer.replace('.', '')}?thread_ts={parent}&cid={GENERAL}",
    ]


@pytest.mark.parametrize(
    ("method", "arguments", "error"),
    [
        ("chat.getPermalink", {"channel": "C0NOWHERE", "message_ts": "1.1"}, "channel_not_found"),
        ("chat.getPermalink", {"channel": GENERAL, "message_ts": "1.1"}, "message_not_found"),
        ("chat.getPermalink", {"channel": GENERAL}, "invalid_arguments"),
        ("chat.delete", {"channel": "C0NOWHERE", "ts": "1.1"}, "channel_not_found"),
        ("chat.delete", {"channel": GENERAL, "ts": "1.1"}, "message_not_found"),
        ("conversations.replies", {"channel": GENERAL, "ts": "1.1"}, "thread_not_found"),
        ("conversations.replies", {"channel": "C0NOWHERE", "ts": "1.1"}, "channel_not_found"),
        ("conversations.replies", {"channel": "C0ACME002", "ts": "1.1"}, "not_in_channel"),
    ],
)
def test_what_is_not_there_is_refused(sandbox: Sandbox, method: str, arguments: dict[str, str], error: str) -> None:
    bot = joined(sandbox)

    with pytest.raises(SlackApiError) as refused:
        bot.api_call(method, params=arguments)

    assert error_of(refused) == error


def test_a_deleted_message_has_no_address(sandbox: Sandbox) -> None:
    bot = joined(sandbox)
    gone, tombstone = post(bot, "down"), post(bot, "down too")
    post(bot, "still down", thread_ts=tombstone)

    refusals = []
    for ts in (gone, tombstone):
        bot.chat_delete(channel=GENERAL, ts=ts)
        with pytest.raises(SlackApiError) as refused:
            bot.chat_getPermalink(channel=GENERAL, message_ts=ts)
        refusals.append(error_of(refused))

    assert refusals == ["message_not_found"] * 2


def test_answers_are_shown_below_what_they_answer(sandbox: Sandbox) -> None:
    bot = joined(sandbox)
    parent = post(bot, "down")
    post(bot, "another")
    post(bot, "up", thread_ts=parent, reply_broadcast=True)

    page = sandbox.http.get("/").text

    assert page.index("down") < page.index("<li class=answer>") < page.index("(also in the channel)") < page.index("another")
