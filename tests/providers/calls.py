"""Every call that a provider of the catalogue answers, as its tests make it."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from app.outbound import Outbound
from app.providers.activity import ActivityEvent, ActivityReport
from app.providers.catalogue import CATALOGUE
from app.providers.contract import Occasion, RunReport
from app.providers.description import Provider
from app.providers.incidents import Severity
from app.sealing.secret import Secret
from tests.providers.pasted import authorized_at
from tests.providers.scripted import ACCESS_TOKEN, CODE, REFRESH_TOKEN, VERIFIER, ScriptedProvider

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
REDIRECT_URI = "https://apps.example.com/callback/here"
REPORT = RunReport(
    delivery_id="delivery-1",
    occasion=Occasion.RECOVERY,
    monitor_name="Checkout",
    outcome="PASSED",
    started_at=NOW,
    duration_ms=1200,
    request_count=3,
    test_count=7,
    failed_test_count=0,
    error_count=0,
)

ACTIVITY = ActivityReport(
    delivery_id="delivery-2",
    occurred_at=NOW,
    actor="Ada",
    event_count=1,
    events=(
        ActivityEvent("event-1", "cursor-1", 1, "TEAM_MEMBER_ADDED", "member-1", None, "Bob was added to the team as MEMBER."),
    ),
)

Call = Callable[[Provider, ScriptedProvider, Outbound], Awaitable[object]]


async def exchange(provider: Provider, there: ScriptedProvider, outbound: Outbound) -> object:
    assert provider.sign_in is not None
    return await provider.sign_in.exchange(
        client=there.client(), code=Secret(CODE), verifier=Secret(VERIFIER), redirect_uri=REDIRECT_URI, now=NOW, outbound=outbound
    )


async def refresh(provider: Provider, there: ScriptedProvider, outbound: Outbound) -> object:
    token = Secret(REFRESH_TOKEN)
    assert provider.sign_in is not None
    return await provider.sign_in.refresh(
        client=there.client(), refresh_token=token, redirect_uri=REDIRECT_URI, now=NOW, outbound=outbound
    )


async def check(provider: Provider, there: ScriptedProvider, outbound: Outbound) -> object:
    assert provider.check is not None
    return await provider.check(authorized=authorized_at(provider, there), outbound=outbound)


async def revoke(provider: Provider, there: ScriptedProvider, outbound: Outbound) -> object:
    assert provider.sign_in is not None
    assert provider.sign_in.revoke is not None
    return await provider.sign_in.revoke(client=there.client(), access=Secret(ACCESS_TOKEN), outbound=outbound)


async def list_channels(provider: Provider, there: ScriptedProvider, outbound: Outbound) -> object:
    assert provider.messaging is not None
    return await provider.messaging.list_channels(authorized=there.authorized(), cursor=None, limit=100, outbound=outbound)


async def find_channel(provider: Provider, there: ScriptedProvider, outbound: Outbound) -> object:
    assert provider.messaging is not None
    return await provider.messaging.find_channel(
        authorized=there.authorized(), channel_id=CHANNEL_IDS[provider.key], outbound=outbound
    )


async def post_report(provider: Provider, there: ScriptedProvider, outbound: Outbound) -> object:
    assert provider.messaging is not None
    return await provider.messaging.post_report(
        authorized=authorized_at(provider, there), channel_id=CHANNEL_IDS[provider.key], report=REPORT, now=NOW, outbound=outbound
    )


async def post_activity(provider: Provider, there: ScriptedProvider, outbound: Outbound) -> object:
    assert provider.messaging is not None
    return await provider.messaging.post_activity(
        authorized=authorized_at(provider, there),
        channel_id=CHANNEL_IDS[provider.key],
        report=ACTIVITY,
        now=NOW,
        outbound=outbound,
    )


async def trigger_incident(provider: Provider, there: ScriptedProvider, outbound: Outbound) -> object:
    assert provider.incidents is not None
    return await provider.incidents.trigger(
        authorized=authorized_at(provider, there), key="incident-1", report=REPORT, severity=Severity.ERROR, outbound=outbound
    )


async def resolve_incident(provider: Provider, there: ScriptedProvider, outbound: Outbound) -> object:
    assert provider.incidents is not None
    return await provider.incidents.resolve(authorized=authorized_at(provider, there), key="incident-1", outbound=outbound)


async def find_server(provider: Provider, there: ScriptedProvider, outbound: Outbound) -> object:
    assert provider.hosting is not None
    return await provider.hosting.find_server(base_url=there.url, origin=there.url, certificates=None, outbound=outbound)


async def list_repositories(provider: Provider, there: ScriptedProvider, outbound: Outbound) -> object:
    assert provider.hosting is not None
    return await provider.hosting.list_repositories(
        authorized=there.authorized(), search=None, cursor=None, limit=20, outbound=outbound
    )


async def search_repositories(provider: Provider, there: ScriptedProvider, outbound: Outbound) -> object:
    assert provider.hosting is not None
    return await provider.hosting.list_repositories(
        authorized=there.authorized(), search="pay", cursor=None, limit=20, outbound=outbound
    )


async def find_repository(provider: Provider, there: ScriptedProvider, outbound: Outbound) -> object:
    assert provider.hosting is not None
    return await provider.hosting.find_repository(**_repository(provider, there, outbound))


async def list_branches(provider: Provider, there: ScriptedProvider, outbound: Outbound) -> object:
    return await _list_branches(provider, there, outbound, search=None)


async def search_branches(provider: Provider, there: ScriptedProvider, outbound: Outbound) -> object:
    return await _list_branches(provider, there, outbound, search="fea")


async def _list_branches(provider: Provider, there: ScriptedProvider, outbound: Outbound, *, search: str | None) -> object:
    assert provider.hosting is not None
    repository = _repository(provider, there, outbound)
    return await provider.hosting.list_branches(**repository, default_branch="main", search=search, cursor=None, limit=20)


async def find_branch(provider: Provider, there: ScriptedProvider, outbound: Outbound) -> object:
    assert provider.hosting is not None
    return await provider.hosting.find_branch(**_repository(provider, there, outbound), name="main", default_branch="main")


async def list_entries(provider: Provider, there: ScriptedProvider, outbound: Outbound) -> object:
    assert provider.hosting is not None
    repository = _repository(provider, there, outbound)
    return await provider.hosting.list_entries(**repository, ref="main", path="", cursor=None, limit=20)


async def read_file(provider: Provider, there: ScriptedProvider, outbound: Outbound) -> object:
    assert provider.hosting is not None
    return await provider.hosting.read_file(**_repository(provider, there, outbound), ref="main", path="openapi/openapi.yaml")


async def find_access_end(provider: Provider, there: ScriptedProvider, outbound: Outbound) -> object:
    assert provider.hosting is not None
    assert provider.hosting.find_access_end is not None
    return await provider.hosting.find_access_end(**_repository(provider, there, outbound), account_id="7")


def _repository(provider: Provider, there: ScriptedProvider, outbound: Outbound) -> dict[str, Any]:
    """What every call about one repository takes."""
    return {"authorized": there.authorized(), "repository_id": REPOSITORY_IDS[provider.key], "outbound": outbound}


# What finds a channel there; a provider of messaging that is added says so here.
CHANNEL_IDS = {"slack": "C0001", "webhook": "address"}
# What finds a repository there; a Git server that is added says so here.
REPOSITORY_IDS = {"github-enterprise-server": "acme/payments-api", "gitlab-self-managed": "42"}
# Whose tokens last: there is nothing that a refresh could ask.
NEVER_REFRESHED = {"github-enterprise-server"}
HOSTING = (
    find_server,
    list_repositories,
    search_repositories,
    find_repository,
    list_branches,
    search_branches,
    find_branch,
    list_entries,
    read_file,
)


# Whose only channel is the address itself: nobody is asked for it.
ITS_OWN_CHANNEL = {"webhook"}
# Standard Webhooks: any 2xx is a success, whatever is in it.
NEEDS_NO_BODY = {("webhook", post_report), ("webhook", post_activity)}


def calls_of(provider: Provider) -> tuple[Call, ...]:
    refreshing = () if provider.key in NEVER_REFRESHED else (refresh,)
    revoking = (revoke,) if provider.sign_in is not None and provider.sign_in.revoke is not None else ()
    signing_in = (exchange, *refreshing, *revoking) if provider.sign_in is not None else ()
    looking = () if provider.key in ITS_OWN_CHANNEL else (list_channels, find_channel)
    posting = (*looking, post_report, post_activity) if provider.messaging is not None else ()
    checking = (check,) if provider.check is not None else ()
    waking = (trigger_incident, resolve_incident) if provider.incidents is not None else ()
    hosting = HOSTING if provider.hosting is not None else ()
    bounding = (find_access_end,) if provider.hosting is not None and provider.hosting.find_access_end is not None else ()
    return (*signing_in, *checking, *posting, *waking, *hosting, *bounding)


PROVIDERS = tuple(CATALOGUE.values())
CALLS = tuple((provider, call) for provider in PROVIDERS for call in calls_of(provider))
SIGNED_IN = tuple(provider for provider in PROVIDERS if provider.sign_in is not None)
PASTED = tuple(provider for provider in PROVIDERS if provider.secret is not None)
