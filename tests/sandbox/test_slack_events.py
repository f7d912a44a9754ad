import json
import queue
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from slack_sdk.signature import Clock, SignatureVerifier
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.sandbox.slack_app import CLIENT_ID, CLIENT_SECRET, SIGNING_SECRET
from tests.sandbox.running import Sandbox, run_sandbox
from tests.servers import run_server


class SandboxTime(Clock):
    """Slack's verifier compares with the time at which the event was signed."""

    def now(self) -> float:
        return 1_767_323_045.0


@dataclass(frozen=True)
class Received:
    headers: dict[str, str]
    body: bytes

    @property
    def wrapper(self) -> Any:
        return json.loads(self.body)


@dataclass
class Hook:
    """Where the events arrive; answers with these statuses first, then 200."""

    statuses: list[int] = field(default_factory=list)
    received: "queue.Queue[Received]" = field(default_factory=queue.Queue)

    async def take(self, request: Request) -> Response:
        self.received.put(Received(dict(request.headers), await request.body()))
        return Response(status_code=self.statuses.pop(0) if self.statuses else 200)

    def next(self) -> Received:
        return self.received.get(timeout=5)


@contextmanager
def sandbox_with_hook(hook: Hook) -> Iterator[Sandbox]:
    receiver = Starlette(routes=[Route("/hooks/slack", hook.take, methods=["POST"])])
    with (
        run_server(receiver) as address,
        run_sandbox(events_url=f"{address}/hooks/slack", retry_after=(0.0, 0.0, 0.0)) as sandbox,
    ):
        yield sandbox


def test_a_revocation_is_announced_signed() -> None:
    hook = Hook()
    with sandbox_with_hook(hook) as sandbox:
        sandbox.bot().auth_revoke()

        revoked, uninstalled = hook.next(), hook.next()

    verifier = SignatureVerifier(SIGNING_SECRET, clock=SandboxTime())
    assert verifier.is_valid_request(revoked.body, revoked.headers)
    assert verifier.is_valid_request(uninstalled.body, uninstalled.headers)
    assert not verifier.is_valid_request(revoked.body + b" ", revoked.headers)
    assert revoked.wrapper["event"] == {"type": "tokens_revoked", "tokens": {"oauth": [], "bot": ["U0ACMEB01"]}}
    assert uninstalled.wrapper["event"] == {"type": "app_uninstalled"}
    assert (revoked.wrapper["type"], revoked.wrapper["team_id"], revoked.wrapper["api_app_id"]) == (
        "event_callback",
        "T0ACME001",
        "A0SANDBOX01",
    )
    assert revoked.wrapper["event_id"] != uninstalled.wrapper["event_id"]


@pytest.mark.parametrize(
    ("order", "types"),
    [
        ("revoked_first", ["tokens_revoked", "app_uninstalled"]),
        ("uninstalled_first", ["app_uninstalled", "tokens_revoked"]),
    ],
)
@pytest.mark.parametrize("fault", ["revoke_token", "uninstall_app"])
def test_the_order_of_the_events_is_whatever_is_ordered(fault: str, order: str, types: list[str]) -> None:
    hook = Hook()
    with sandbox_with_hook(hook) as sandbox:
        sandbox.install()
        answer = sandbox.control("faults", provider="slack", fault=fault, order=order)

        arrived = [hook.next().wrapper["event"]["type"] for _ in range(2)]

    assert answer.json() == {"ok": True, "changed": 1}
    assert arrived == types


def test_an_uninstallation_through_the_api_is_announced() -> None:
    hook = Hook()
    with sandbox_with_hook(hook) as sandbox:
        sandbox.bot().apps_uninstall(client_id=CLIENT_ID, client_secret=CLIENT_SECRET)

        arrived = [hook.next().wrapper["event"]["type"] for _ in range(2)]

    assert arrived == ["tokens_revoked", "app_uninstalled"]


def test_an_event_that_is_refused_comes_again_unchanged_and_counted() -> None:
    hook = Hook(statuses=[500, 500])
    with sandbox_with_hook(hook) as sandbox:
        sandbox.bot().auth_revoke()

        arrived = [hook.next() for _ in range(4)]

    by_id: dict[str, list[Received]] = {}
    for each in arrived:
        by_id.setdefault(each.wrapper["event_id"], []).append(each)
    assert sorted([one.headers.get("x-slack-retry-num") for one in attempts] for attempts in by_id.values()) == [
        [None, "1"],
        [None, "1"],
    ]
    assert all(len({one.body for one in attempts}) == 1 for attempts in by_id.values())


def test_silence_can_be_ordered(sandbox: Sandbox) -> None:
    sandbox.install()

    sandbox.control("faults", provider="slack", fault="uninstall_app", events=False)

    assert [each["ended"] for each in sandbox.state()["grants"]] == ["account_inactive"]
    assert sandbox.state()["events"] == []
