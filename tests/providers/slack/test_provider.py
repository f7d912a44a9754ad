"""Slack's provider against the stand-in: from the consent page to the message, and every way in which it ends."""

import base64
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from pydantic import SecretStr

from app.outbound import Outbound
from app.providers.contract import (
    Alive,
    Authorized,
    Channel,
    ChannelPage,
    Client,
    Failure,
    Fault,
    Identity,
    NotConfigured,
    Occasion,
    Posted,
    PostedMessage,
    RunReport,
    Tokens,
    Unwanted,
)
from app.providers.slack import provider as slack
from app.providers.slack.channels import MESSAGING
from app.sandbox.slack_app import CLIENT_ID, CLIENT_SECRET
from app.sealing.secret import Secret
from app.settings import Settings
from tests.sandbox.running import Sandbox, query_of, run_sandbox

REDIRECT_URI = "http://127.0.0.1:8000/callback/slack"
VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
GENERAL, ARCHIVED, PRIVATE = "C0ACME001", "C0ACME004", "C0ACME005"


@dataclass(frozen=True)
class World:
    """The stand-in, and the door to it."""

    sandbox: Sandbox
    outbound: Outbound
    client: Client

    @property
    def now(self) -> datetime:
        return self.sandbox.clock.now()

    def consent(self, workspace: str = "Acme") -> str:
        """Agree on the page that the provider names, and return the code."""
        address = slack.authorize_url(
            client=self.client, redirect_uri=REDIRECT_URI, state="the-state", challenge=CHALLENGE, account_id=None
        )
        answer = httpx2.post(address, data={"workspace": workspace, "decision": "approve"}, trust_env=False)
        query = query_of(answer)
        assert query["state"] == "the-state"
        return query["code"]

    async def exchange(self, code: str, verifier: str = VERIFIER) -> tuple[Tokens, Identity] | Unwanted | Failure:
        return await slack.exchange(
            client=self.client,
            code=Secret(code),
            verifier=Secret(verifier),
            redirect_uri=REDIRECT_URI,
            now=self.now,
            outbound=self.outbound,
        )

    async def sign_in(self, workspace: str = "Acme") -> Tokens:
        outcome = await self.exchange(self.consent(workspace))
        assert isinstance(outcome, tuple)
        return outcome[0]

    async def refresh(self, token: Secret) -> Tokens | Failure:
        return await slack.refresh(
            client=self.client, refresh_token=token, redirect_uri=REDIRECT_URI, now=self.now, outbound=self.outbound
        )

    def authorized(self, tokens: Tokens) -> Authorized:
        client = self.client
        return Authorized(access=tokens.access, client_id=client.id, base_url=client.base_url, origin=client.origin)

    async def check(self, tokens: Tokens) -> Alive | Failure:
        return await slack.check(authorized=self.authorized(tokens), outbound=self.outbound)

    async def find(self, tokens: Tokens, channel_id: str) -> Channel | Failure:
        return await MESSAGING.find_channel(authorized=self.authorized(tokens), channel_id=channel_id, outbound=self.outbound)

    async def list_page(self, tokens: Tokens, *, cursor: str | None = None, limit: int = 200) -> ChannelPage:
        page = await MESSAGING.list_channels(
            authorized=self.authorized(tokens), cursor=cursor, limit=limit, outbound=self.outbound
        )
        assert isinstance(page, ChannelPage)
        return page

    async def post(self, tokens: Tokens, channel_id: str) -> Posted | Failure:
        report = RunReport(
            delivery_id="delivery-1",
            occasion=Occasion.THIRD_FAILURE,
            monitor_name="<!channel> Checkout",
            outcome="FAILED",
            started_at=self.now,
            duration_ms=1200,
            request_count=3,
            test_count=7,
            failed_test_count=1,
            error_count=0,
            failures=(("Status code is 200", "expected 500 to equal 200"),),
            url="https://ci.example.com/runs/7",
        )
        return await MESSAGING.post_report(
            authorized=self.authorized(tokens), channel_id=channel_id, report=report, now=self.now, outbound=self.outbound
        )


def client_of(sandbox: Sandbox, *, secret: str = CLIENT_SECRET) -> Client:
    settings = Settings(slack_client_id=CLIENT_ID, slack_client_secret=SecretStr(secret), slack_url=f"{sandbox.url}/slack")
    client = slack.configure(settings)
    assert isinstance(client, Client)
    return client


@asynccontextmanager
async def open_world(*, rotation: bool = False) -> AsyncIterator[World]:
    with run_sandbox(rotation=rotation) as sandbox:
        outbound = Outbound(sandbox=("127.0.0.1", int(sandbox.url.rpartition(":")[2])))
        yield World(sandbox, outbound, client_of(sandbox))
        await outbound.aclose()


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with open_world() as opened:
        yield opened


@pytest.fixture
async def rotating_world() -> AsyncIterator[World]:
    async with open_world(rotation=True) as opened:
        yield opened


async def test_a_sign_in_brings_tokens_and_the_workspace(world: World) -> None:
    outcome = await world.exchange(world.consent())

    assert isinstance(outcome, tuple)
    tokens, identity = outcome
    assert identity == Identity("T0ACME001", "Acme", actor_id="U0ACMEB01", url="https://acme-sandbox.slack.com/")
    assert tokens.scopes == slack.PROVIDER.scopes
    assert (tokens.refresh, tokens.expires_at) == (None, None)
    assert await world.check(tokens) == Alive(identity, scopes=slack.PROVIDER.scopes)


async def test_a_code_is_good_once(world: World) -> None:
    code = world.consent()
    await world.exchange(code)

    outcome = await world.exchange(code)

    assert isinstance(outcome, Failure)
    assert outcome.fault is Fault.REFUSED
    assert "(invalid_code)" in outcome.message


async def test_a_code_needs_its_verifier(world: World) -> None:
    outcome = await world.exchange(world.consent(), verifier="w" * 43)

    assert isinstance(outcome, Failure)
    assert outcome.fault is Fault.REFUSED


async def test_a_wrong_client_secret_is_a_refused_client(world: World) -> None:
    mistaken = replace(world, client=client_of(world.sandbox, secret="mistyped"))

    outcome = await mistaken.exchange(mistaken.consent())

    assert isinstance(outcome, Failure)
    assert outcome.fault is Fault.CLIENT_REFUSED


async def test_a_refresh_token_is_good_once(rotating_world: World) -> None:
    world = rotating_world
    first = await world.sign_in()
    assert first.refresh is not None
    assert first.expires_at == world.now + timedelta(hours=12)

    world.sandbox.clock.advance(timedelta(hours=13))
    expired = await world.check(first)
    second = await world.refresh(first.refresh)
    again = await world.refresh(first.refresh)

    assert isinstance(expired, Failure)
    assert expired.fault is Fault.EXPIRED
    assert isinstance(second, Tokens)
    assert second.refresh is not None
    assert second.refresh.reveal() != first.refresh.reveal()
    assert second.expires_at == world.now + timedelta(hours=12)
    assert isinstance(await world.check(second), Alive)
    assert isinstance(again, Failure)
    assert again.fault is Fault.DEAD_GRANT


async def test_channels_come_page_by_page_without_archived_and_closed_ones(world: World) -> None:
    tokens = await world.sign_in("Globex")

    names, cursor, pages = [], None, 0
    while pages == 0 or cursor:
        page = await world.list_page(tokens, cursor=cursor, limit=200)
        names += [channel.name for channel in page.channels]
        cursor, pages = page.next_cursor, pages + 1

    assert pages == 2
    assert names == ["general", "monitoring", "random", *(f"project-{number:03}" for number in range(1, 261))]


async def test_a_private_channel_is_listed_once_the_app_is_invited(world: World) -> None:
    tokens = await world.sign_in()
    before = await world.list_page(tokens)

    world.sandbox.control("invite", workspace="Acme", channel="ops-private")
    after = await world.list_page(tokens)

    private = Channel(PRIVATE, "ops-private", is_private=True)
    assert private not in before.channels
    assert private in after.channels
    assert await world.find(tokens, PRIVATE) == private


async def test_an_open_channel_is_found(world: World) -> None:
    tokens = await world.sign_in()

    assert await world.find(tokens, GENERAL) == Channel(GENERAL, "general", is_private=False)


@pytest.mark.parametrize(
    ("channel_id", "advice"), [(PRIVATE, "invite the app"), (ARCHIVED, "choose another"), ("C0NOWHERE", "choose another")]
)
async def test_a_closed_channel_says_what_to_do(world: World, channel_id: str, advice: str) -> None:
    tokens = await world.sign_in()

    found, posted = await world.find(tokens, channel_id), await world.post(tokens, channel_id)

    for outcome in (found, posted):
        assert isinstance(outcome, Failure)
        assert outcome.fault is Fault.TARGET_GONE
        assert advice in outcome.message
    assert world.sandbox.state()["messages"] == []


async def test_a_report_stands_in_the_channel(world: World) -> None:
    tokens = await world.sign_in()

    posted = await world.post(tokens, GENERAL)

    [message] = world.sandbox.state()["messages"]
    assert posted == Posted(PostedMessage(GENERAL, message["ts"]))
    assert message["channel"] == GENERAL
    assert message["text"].startswith("❌ &lt;!channel&gt; Checkout failed: ")
    assert message["metadata"] == {"event_type": "monitor_run_reported", "event_payload": {"delivery_id": "delivery-1"}}
    assert (message["unfurl_links"], message["unfurl_media"]) == (False, False)
    assert message["blocks"][0]["text"]["text"] == "❌ *&lt;!channel&gt; Checkout* failed"


async def test_a_revoked_token_is_dead_and_giving_it_back_twice_is_no_failure(world: World) -> None:
    tokens = await world.sign_in()

    first = await slack.revoke(client=world.client, access=tokens.access, outbound=world.outbound)
    second = await slack.revoke(client=world.client, access=tokens.access, outbound=world.outbound)

    assert (first, second) == (None, None)
    for outcome in (await world.check(tokens), await world.post(tokens, GENERAL)):
        assert isinstance(outcome, Failure)
        assert outcome.fault is Fault.DEAD_GRANT


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ({"fault": "status", "status": 503}, Failure(Fault.BROKEN, "Slack has a fault of its own (HTTP 503).")),
        ({"fault": "rate_limit", "retry_after": 7}, Failure(Fault.BUSY, "Slack asks to slow down (HTTP 429).", retry_after=7.0)),
        ({"fault": "malformed"}, Failure(Fault.BROKEN, "Slack's answer (HTTP 200) cannot be read: it is not JSON.")),
    ],
)
async def test_a_fault_passes(world: World, fault: dict[str, object], expected: Failure) -> None:
    tokens = await world.sign_in()
    world.sandbox.control("faults", provider="slack", endpoint="chat.postMessage", times=1, **fault)

    first, second = await world.post(tokens, GENERAL), await world.post(tokens, GENERAL)

    assert first == expected
    assert expected.fault.is_transient
    assert isinstance(second, Posted)


@pytest.mark.parametrize("when", ["before", "midway"])
async def test_a_broken_connection_is_unreachable(world: World, when: str) -> None:
    tokens = await world.sign_in()
    world.sandbox.control("faults", provider="slack", endpoint="chat.postMessage", fault="reset", when=when)

    outcome = await world.post(tokens, GENERAL)

    assert isinstance(outcome, Failure)
    assert outcome.fault is Fault.UNREACHABLE


def test_a_sign_in_can_begin_with_a_workspace() -> None:
    client = Client(id="id", secret=Secret("s"), base_url="https://slack.com", origin="https://slack.com")

    address = slack.authorize_url(
        client=client, redirect_uri="https://a.example/c?d=1", state="s&t", challenge="c", account_id="T1"
    )

    assert urlsplit(address)[:3] == ("https", "slack.com", "/oauth/v2/authorize")
    assert parse_qs(urlsplit(address).query) == {
        "response_type": ["code"],
        "client_id": ["id"],
        "scope": ["chat:write,chat:write.public,channels:read,groups:read"],
        "redirect_uri": ["https://a.example/c?d=1"],
        "state": ["s&t"],
        "code_challenge": ["c"],
        "code_challenge_method": ["S256"],
        "team": ["T1"],
    }


ID, SECRET = "INSTALLED_APPS_SLACK_CLIENT_ID", "INSTALLED_APPS_SLACK_CLIENT_SECRET"


@pytest.mark.parametrize(
    ("client_id", "secret", "missing"),
    [(None, None, (ID, SECRET)), ("id", None, (SECRET,)), (None, "s", (ID,)), ("", "", (ID, SECRET)), ("id", "", (SECRET,))],
)
def test_what_the_operator_has_not_set_is_named(client_id: str | None, secret: str | None, missing: tuple[str, ...]) -> None:
    settings = Settings(slack_client_id=client_id, slack_client_secret=None if secret is None else SecretStr(secret))

    assert slack.configure(settings) == NotConfigured(missing)


def test_the_client_stands_at_its_origin() -> None:
    settings = Settings(slack_client_id="id", slack_client_secret=SecretStr("s"), slack_url="https://Slack.example:443/eu/")

    client = slack.configure(settings)

    assert isinstance(client, Client)
    assert (client.base_url, client.origin) == ("https://Slack.example:443/eu", "https://slack.example")
