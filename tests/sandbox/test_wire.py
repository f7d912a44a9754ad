"""What a client meets on the wire when a fault was ordered."""

import base64
import http.client
import logging
import socket
from urllib.parse import urlsplit

import httpx2
import pytest
from slack_sdk.errors import SlackApiError

from tests.sandbox.running import Sandbox, error_of


def order(sandbox: Sandbox, fault: str, **more: object) -> None:
    answer = sandbox.control("faults", provider="slack", fault=fault, **more)
    assert answer.status_code == 200, answer.text


def server_errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    records = (each for each in caplog.records if each.name.startswith("uvicorn"))
    return [each.getMessage() for each in records if each.levelno >= logging.WARNING]


def test_a_status_is_answered_as_often_as_ordered_and_nothing_is_done(sandbox: Sandbox) -> None:
    bot = sandbox.bot()
    order(sandbox, "status", endpoint="chat.postMessage", status=503, times=2)

    for _ in range(2):
        with pytest.raises(SlackApiError) as refused:
            bot.chat_postMessage(channel="C0ACME001", text="hello")
        assert refused.value.response.status_code == 503
    assert bot.auth_test()["ok"]
    bot.chat_postMessage(channel="C0ACME001", text="at last")

    assert [each["text"] for each in sandbox.state()["messages"]] == ["at last"]


def test_a_rate_limit_says_when_to_come_again(sandbox: Sandbox) -> None:
    bot = sandbox.bot()
    order(sandbox, "rate_limit", endpoint="chat.postMessage", retry_after=7)

    with pytest.raises(SlackApiError) as refused:
        bot.chat_postMessage(channel="C0ACME001", text="hello")

    answer = refused.value.response
    assert (answer.status_code, answer["error"], answer.headers["Retry-After"]) == (429, "ratelimited", "7")


def test_a_slow_answer_outlasts_an_impatient_client(sandbox: Sandbox) -> None:
    order(sandbox, "slow", endpoint="auth.test", seconds=30)

    with pytest.raises(httpx2.ReadTimeout):
        sandbox.http.get("/slack/api/auth.test", timeout=0.2)


def test_a_slow_answer_comes(sandbox: Sandbox) -> None:
    order(sandbox, "slow", endpoint="auth.test", seconds=0.01)

    assert sandbox.bot().auth_test()["ok"]


def test_a_reset_breaks_the_connection_before_anything_is_done(sandbox: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    token = sandbox.install()["access_token"]
    order(sandbox, "reset", endpoint="chat.postMessage")
    address = urlsplit(sandbox.url)
    body = b'{"channel":"C0ACME001","text":"hello"}'
    head = f"Host: {address.netloc}\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n"

    with socket.create_connection((str(address.hostname), int(address.port or 0)), timeout=5) as connection:
        connection.sendall(
            f"POST /slack/api/chat.postMessage HTTP/1.1\r\n{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
        )
        with pytest.raises(ConnectionResetError):
            connection.recv(1024)

    assert sandbox.state()["messages"] == []
    assert sandbox.state()["requests"][-1] == {
        "provider": "slack",
        "method": "POST",
        "path": "/slack/api/chat.postMessage",
        "at": "2026-01-02T03:04:05.678000+00:00",
        "status": None,
        "fault": "reset",
        "caller": None,
    }
    assert server_errors(caplog) == []


def test_a_reset_midway_leaves_done_what_was_asked(sandbox: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    bot = sandbox.bot()
    order(sandbox, "reset", endpoint="chat.postMessage", when="midway")

    with pytest.raises((http.client.IncompleteRead, ConnectionError)):
        bot.chat_postMessage(channel="C0ACME001", text="hello")

    assert [each["text"] for each in sandbox.state()["messages"]] == ["hello"]
    assert server_errors(caplog) == []


@pytest.mark.parametrize(
    ("fault", "body"),
    [
        ({}, b'{"ok": tru'),
        ({"body": "<html>", "content_type": "text/html", "status": 502}, b"<html>"),
        ({"body_base64": base64.b64encode(b"\xff\xfe").decode()}, b"\xff\xfe"),
        ({"body": "[" * 100_000}, b"[" * 100_000),
        ({"body": "x" * 10_000_000}, b"x" * 10_000_000),
    ],
)
def test_any_bytes_can_be_the_answer(sandbox: Sandbox, fault: dict[str, object], body: bytes) -> None:
    order(sandbox, "malformed", headers={"X-Odd": "yes"}, **fault)

    answer = sandbox.http.get("/slack/api/auth.test")

    assert answer.content == body
    assert answer.status_code == fault.get("status", 200)
    assert answer.headers["content-type"] == fault.get("content_type", "application/json; charset=utf-8")
    assert answer.headers["x-odd"] == "yes"


def test_faults_are_met_in_the_order_in_which_they_were_ordered(sandbox: Sandbox) -> None:
    order(sandbox, "status", status=500)
    order(sandbox, "status", status=502, endpoint="*")

    met = [sandbox.http.get("/slack/api/auth.test").status_code for _ in range(3)]

    assert met == [500, 502, 200]


def test_a_token_can_be_revoked_just_before_a_call(sandbox: Sandbox) -> None:
    bot = sandbox.bot()
    order(sandbox, "revoke_token", endpoint="chat.postMessage")

    assert bot.auth_test()["ok"]
    with pytest.raises(SlackApiError) as refused:
        bot.chat_postMessage(channel="C0ACME001", text="hello")

    assert error_of(refused) == "token_revoked"


def test_an_account_fault_can_befall_one_workspace(sandbox: Sandbox) -> None:
    acme, globex = sandbox.bot("Acme"), sandbox.bot("Globex")

    order(sandbox, "uninstall_app", workspace="Acme")

    assert globex.auth_test()["ok"]
    with pytest.raises(SlackApiError) as refused:
        acme.auth_test()
    assert error_of(refused) == "account_inactive"


def test_tokens_that_can_expire_do_so_on_order(sandbox: Sandbox) -> None:
    lasting = sandbox.bot("Globex")
    sandbox.control("settings", provider="slack", rotation=True)
    rotating = sandbox.bot("Acme")

    answer = sandbox.control("faults", provider="slack", fault="expire_tokens")

    assert answer.json() == {"ok": True, "changed": 1}
    assert lasting.auth_test()["ok"]
    with pytest.raises(SlackApiError) as refused:
        rotating.auth_test()
    assert error_of(refused) == "token_expired"
