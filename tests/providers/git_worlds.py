"""A provider of Git hosting in a world that answers as its servers do, and what can be asked of it there."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from app.outbound import Outbound
from app.providers.contract import Alive, Authorized, Client, Failure
from app.providers.description import Provider
from app.providers.hosting import Branch, File, Hosting
from app.providers.oauth import OAuth
from app.sealing.secret import Secret
from tests.providers.git_doors import authorized_at, client_at, door_to_url
from tests.providers.git_lists import read_branches, read_entries, read_repositories
from tests.sandbox.git_sign_ins import REDIRECT_URI, VERIFIER, GitServer
from tests.sandbox.running import Sandbox, run_sandbox

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
PAYMENTS = "acme/payments-api"


@dataclass(frozen=True)
class GitWorld:
    """A Git server of the sandbox, its provider, and the way out to it. Repositories are named by their paths."""

    provider: Provider
    server: GitServer
    outbound: Outbound

    @property
    def hosting(self) -> Hosting:
        assert self.provider.hosting is not None
        return self.provider.hosting

    @property
    def sign_in(self) -> OAuth:
        assert self.provider.sign_in is not None
        return self.provider.sign_in

    @property
    def scope(self) -> str:
        """All that a sign-in asks for."""
        return " ".join(self.provider.scopes)

    def client(self, *, secret: str | None = None) -> Client:
        known = self.server.client
        return client_at(self.server.url, id=known["client_id"], secret=secret or known["client_secret"])

    def member(self, name: str, *, scope: str | None = None) -> Authorized:
        return self.holder(self.server.token(name, scope=scope or self.scope))

    def holder(self, token: str) -> Authorized:
        return authorized_at(self.server.url, token)

    async def exchange(self, code: str, *, verifier: str = VERIFIER, client: Client | None = None) -> object:
        return await self.sign_in.exchange(
            client=client or self.client(),
            code=Secret(code),
            verifier=Secret(verifier),
            redirect_uri=REDIRECT_URI,
            now=NOW,
            outbound=self.outbound,
        )

    async def revoke(self, token: str, *, client: Client | None = None) -> Failure | None:
        assert self.sign_in.revoke is not None
        return await self.sign_in.revoke(client=client or self.client(), access=Secret(token), outbound=self.outbound)

    async def check(self, authorized: Authorized) -> Alive | Failure:
        assert self.provider.check is not None
        return await self.provider.check(authorized=authorized, outbound=self.outbound)

    async def id_of(self, path: str, authorized: Authorized) -> str:
        """Return what the provider knows the repository by, as whoever sees it finds it."""
        found = await read_repositories(self.hosting, authorized, self.outbound, search=path.rpartition("/")[2])
        return next(one.id for one in found if one.full_name == path)

    async def repositories(
        self, authorized: Authorized, *, search: str | None = None, limits: tuple[int, ...] = (100,)
    ) -> list[str]:
        found = await read_repositories(self.hosting, authorized, self.outbound, search=search, limits=limits)
        return [one.full_name for one in found]

    async def branches(
        self, authorized: Authorized, *, of: str = PAYMENTS, search: str | None = None, limit: int = 100
    ) -> list[Branch]:
        of = await self.id_of(of, authorized)
        return await read_branches(self.hosting, authorized, self.outbound, of=of, search=search, limit=limit)

    async def branch(self, authorized: Authorized, name: str) -> Branch | Failure:
        return await self.hosting.find_branch(
            authorized=authorized,
            repository_id=await self.id_of(PAYMENTS, authorized),
            name=name,
            default_branch="main",
            outbound=self.outbound,
        )

    async def entries(self, authorized: Authorized, path: str, *, ref: str = "main") -> list[tuple[str, bool]] | Failure:
        of = await self.id_of(PAYMENTS, authorized)
        return await read_entries(self.hosting, authorized, self.outbound, of=of, path=path, ref=ref)

    async def file(self, authorized: Authorized, path: str, *, ref: str = "main") -> File | Failure:
        return await self.hosting.read_file(
            authorized=authorized,
            repository_id=await self.id_of(PAYMENTS, authorized),
            ref=ref,
            path=path,
            outbound=self.outbound,
        )


@asynccontextmanager
async def git_world(provider: Provider, server_of: Callable[[Sandbox], GitServer]) -> AsyncIterator[GitWorld]:
    with run_sandbox() as running:
        server = server_of(running)
        async with door_to_url(server.url) as outbound:
            yield GitWorld(provider, server, outbound)
