"""A team with its own client at a GitLab whose refresh tokens work once, and grants of any age there."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg

from app.providers.contract import Tokens
from app.sealing.secret import Secret
from app.services import Services
from app.sign_ins.freshness import LEASE
from app.sign_ins.models import Grant, GrantState, OAuthClient
from app.sign_ins.oauth_clients import seal_secret
from app.sign_ins.sealing import open_access, open_refresh, seal_tokens
from app.teams.models import Member
from tests.journeys.refreshing import Start
from tests.journeys.single_use import CLIENT_ID, CLIENT_SECRET, LIFETIME, SingleUse
from tests.journeys.soaking import until
from tests.services import make_services
from tests.sign_ins.world import write
from tests.teams.people import found

NOT_DUE, DUE, EXPIRED = LIFETIME / 2, LIFETIME * 7 / 8, LIFETIME * 2
"""How long ago the sign-in of such a grant was."""

_PROVIDER = "gitlab-self-managed"


@dataclass
class World:
    """`warm` is a grant that nothing happens to: a process that has asked for it has the team's key."""

    services: Services
    provider: SingleUse
    start: Start
    member: Member
    client: OAuthClient
    accounts: "count[int]"
    warm: Grant

    async def grant(self, *, ago: timedelta) -> Grant:
        return await _make_grant(
            next(self.accounts), ago, self.client, self.member, provider=self.provider, services=self.services
        )

    async def holds_valid_tokens(self, grant: Grant) -> bool:
        """Whether what is kept for the grant is what is valid at the provider."""
        row = await Grant.get(id=grant.id)
        access, refresh = await open_access(row, services=self.services), await open_refresh(row, services=self.services)
        assert access is not None
        assert refresh is not None
        valid = self.provider.pair_of(int(row.account_id))
        assert (access.reveal() == valid.access) is (refresh.reveal() == valid.refresh)
        return access.reveal() == valid.access

    async def is_leased(self, grant: Grant) -> bool:
        row = await Grant.get(id=grant.id)
        return row.lease_until is not None and row.lease_until > self.services.clock.now()

    def pass_lease(self) -> None:
        self.start.clock.advance(LEASE + timedelta(seconds=1))

    async def until_somebody_is_blocked(self) -> None:
        connection = await asyncpg.connect(self.start.database_url)

        async def is_blocked() -> bool:
            blocked = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            return bool(await connection.fetchval(blocked))

        try:
            await until(is_blocked, seconds=30.0)
        finally:
            await connection.close()


@asynccontextmanager
async def open_world(folder: Path, *, database_url: str) -> AsyncIterator[World]:
    """Yield it over the database that is open."""
    clock = Start(folder, database_url, 0).clock
    provider = SingleUse(clock=clock)
    with provider.served() as url:
        start = Start(folder, database_url, urlsplit(url).port or 0)
        async with make_services(folder=folder, clock=clock, settings=start.settings) as services:
            member = (await found(services)).admin
            client = await _make_client(url, member, services=services)
            warm = await _make_grant(1, timedelta(0), client, member, provider=provider, services=services)
            yield World(services, provider, start, member, client, count(2), warm)


async def _make_client(url: str, member: Member, *, services: Services) -> OAuthClient:
    client = OAuthClient(
        id=uuid4(),
        team_id=member.team_id,
        provider=_PROVIDER,
        base_url=url,
        origin=url,
        client_id=CLIENT_ID,
        created_at=services.clock.now(),
    )
    sealed = await seal_secret(Secret(CLIENT_SECRET), client, version=1, services=services)
    sealed.put_into(client)
    await write(lambda: client.save(force_create=True))
    return client


async def _make_grant(
    account: int, ago: timedelta, client: OAuthClient, member: Member, *, provider: SingleUse, services: Services
) -> Grant:
    """Return a working grant of a sign-in so long ago."""
    now = services.clock.now() - ago
    pair = provider.issue(account, ago=ago)
    grant = Grant(
        id=uuid4(),
        team_id=member.team_id,
        member_id=member.id,
        provider=_PROVIDER,
        oauth_client_id=client.id,
        origin=client.origin,
        client_id=CLIENT_ID,
        redirect_uri="http://127.0.0.1:8000/callback/gitlab-self-managed/0123456789abcdef",
        account_id=str(account),
        account_name=f"member-{account}",
        scope_names="api",
        state=GrantState.ACTIVE,
        created_at=now,
    )
    tokens = Tokens(Secret(pair.access), Secret(pair.refresh), now + LIFETIME, ("api",))
    sealed = await seal_tokens(tokens, grant, version=1, now=now, services=services)
    grant.update_from_dict(sealed.columns())
    await write(lambda: grant.save(force_create=True))
    return grant
