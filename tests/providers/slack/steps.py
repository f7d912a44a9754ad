"""Every call of Slack's provider, with one odd answer where the test wants it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from app.outbound import Outbound
from app.providers.contract import (
    Alive,
    Authorized,
    Client,
    Failure,
    Fault,
    Identity,
    Occasion,
    Posted,
    RunReport,
    Tokens,
    Unwanted,
)
from app.providers.slack import provider as slack
from app.providers.slack.channels import MESSAGING
from app.sealing.secret import Secret
from tests.providers.scripted import (
    ACCESS_TOKEN,
    CODE,
    REFRESH_TOKEN,
    SECRETS,
    VERIFIER,
    Asked,
    ScriptedProvider,
    Wire,
    door_to,
    http,
    scripted,
)

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
REDIRECT_URI = "https://apps.example.com/callback/slack"
TEAM = {"id": "T0ACME001", "name": "Acme"}
TOKENS = {
    "ok": True,
    "access_token": "xoxb-new",
    "token_type": "bot",
    "scope": ",".join(slack.PROVIDER.scopes),
    "bot_user_id": "U0ACMEB01",
    "team": TEAM,
    "enterprise": None,
    "is_enterprise_install": False,
}
ROTATED = TOKENS | {"access_token": "xoxe.xoxb-1-new", "refresh_token": "xoxe-1-new", "expires_in": 43_200}
WHO = {
    "ok": True,
    "url": "https://acme.slack.com/",
    "team": "Acme",
    "user": "app",
    "team_id": "T0ACME001",
    "user_id": "U0ACMEB01",
}
REPORT = RunReport(
    delivery_id="delivery-1",
    occasion=Occasion.RUN,
    monitor_name="Checkout",
    outcome="PASSED",
    started_at=NOW,
    duration_ms=1200,
    request_count=3,
    test_count=7,
    failed_test_count=0,
    error_count=0,
)

Call = Callable[[ScriptedProvider | Client, Outbound], Awaitable[Any]]


async def call_exchange(provider: ScriptedProvider | Client, outbound: Outbound) -> tuple[Tokens, Identity] | Unwanted | Failure:
    client = provider if isinstance(provider, Client) else provider.client()
    return await slack.exchange(
        client=client, code=Secret(CODE), verifier=Secret(VERIFIER), redirect_uri=REDIRECT_URI, now=NOW, outbound=outbound
    )


async def call_refresh(provider: ScriptedProvider | Client, outbound: Outbound) -> Tokens | Failure:
    client = provider if isinstance(provider, Client) else provider.client()
    token = Secret(REFRESH_TOKEN)
    return await slack.refresh(client=client, refresh_token=token, redirect_uri=REDIRECT_URI, now=NOW, outbound=outbound)


async def call_revoke(provider: ScriptedProvider | Client, outbound: Outbound) -> Failure | None:
    client = provider if isinstance(provider, Client) else provider.client()
    return await slack.revoke(client=client, access=Secret(ACCESS_TOKEN), outbound=outbound)


async def call_check(provider: ScriptedProvider | Client, outbound: Outbound) -> Alive | Failure:
    return await slack.check(authorized=authorized_at(provider), outbound=outbound)


async def call_post(provider: ScriptedProvider | Client, outbound: Outbound) -> Posted | Failure:
    return await MESSAGING.post_report(
        authorized=authorized_at(provider), channel_id="C0ACME001", report=REPORT, now=NOW, outbound=outbound
    )


async def call_list(provider: ScriptedProvider | Client, outbound: Outbound) -> object:
    return await MESSAGING.list_channels(authorized=authorized_at(provider), cursor=None, limit=100, outbound=outbound)


async def call_find(provider: ScriptedProvider | Client, outbound: Outbound) -> object:
    return await MESSAGING.find_channel(authorized=authorized_at(provider), channel_id="C0ACME001", outbound=outbound)


def authorized_at(provider: ScriptedProvider | Client) -> Authorized:
    base = provider.base_url if isinstance(provider, Client) else provider.url
    return Authorized(access=Secret(ACCESS_TOKEN), client_id="client-id", base_url=base, origin=base)


@dataclass(frozen=True)
class Step:
    """A call, and at which of the methods that it uses the odd answer comes."""

    call: Call
    odd: str
    before: Mapping[str, Wire]


TOKEN_METHOD = "/api/oauth.v2.access"
STEPS = {
    "exchange": Step(call_exchange, TOKEN_METHOD, {}),
    "exchange, asking whose token": Step(call_exchange, "/api/auth.test", {TOKEN_METHOD: http(TOKENS)}),
    "refresh": Step(call_refresh, TOKEN_METHOD, {}),
    "revoke": Step(call_revoke, "/api/auth.revoke", {}),
    "check": Step(call_check, "/api/auth.test", {}),
    "post": Step(call_post, "/api/chat.postMessage", {}),
    "list": Step(call_list, "/api/conversations.list", {}),
    "find": Step(call_find, "/api/conversations.info", {}),
}
every_step = pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)


def answering(step: Step, odd: Wire) -> Callable[[Asked], Wire]:
    answers = {**step.before, step.odd: odd}
    return lambda asked: answers[asked.target]


async def outcome_of(step: Step, odd: Wire) -> Any:
    """Return what comes of it, or why not, whether or not there are tokens to give back."""
    async with scripted(answering(step, odd)) as provider, door_to(provider) as outbound:
        return failed(await step.call(provider, outbound))


def failed(outcome: object) -> object:
    """Return why tokens that came are not wanted; all else as it is."""
    return outcome.failure if isinstance(outcome, Unwanted) else outcome


async def fault_of(step: Step, odd: Wire) -> Fault | None:
    outcome = await outcome_of(step, odd)
    if isinstance(outcome, Failure):
        assert 0 < len(outcome.message) <= 300
        assert not any(secret in repr(outcome) for secret in SECRETS)
        return outcome.fault
    return None


def without(answer: Mapping[str, object], name: str) -> Mapping[str, object]:
    return {key: value for key, value in answer.items() if key != name}
