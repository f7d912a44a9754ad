"""A team's own OAuth clients at the sandbox's Git servers, and members who sign in there."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.access.callers import Caller
from app.installed_apps.models import InstalledApp
from app.installed_apps.shared_clients import NewClient, add
from app.providers.catalogue import CATALOGUE
from app.providers.contract import Alive, Authorized, Failure
from app.sealing.secret import Secret
from app.sign_ins.beginning import Departure, begin, depart
from app.sign_ins.callbacks import Returned
from app.sign_ins.calls import call
from app.sign_ins.completion import complete
from app.sign_ins.grants import live_grant_of
from app.sign_ins.jobs import revoke_due
from app.sign_ins.models import Authorization, Grant
from tests.installed_apps.world import World
from tests.sandbox.running import query_of


@dataclass(frozen=True)
class Host:
    """A kind of Git server: the provider's key, and what the sandbox calls it."""

    provider: str
    name: str

    @property
    def client_id(self) -> str:
        return f"sandbox-{self.name}"

    @property
    def secret(self) -> str:
        return f"sandbox-{self.name}-secret"

    def url(self, world: World) -> str:
        return f"{world.sandbox.url}/{self.name}"

    def client(self, world: World, **changed: Any) -> NewClient:
        told = {
            "provider": self.provider,
            "url": self.url(world),
            "client_id": self.client_id,
            "secret": Secret(self.secret),
            "certificates": None,
        }
        return NewClient(**{**told, **changed})

    async def add(self, world: World, caller: Caller, *, name: str = "Git", **changed: Any) -> InstalledApp:
        return await add(self.client(world, **changed), name=name, caller=caller, services=world.services)

    async def begin(self, world: World, caller: Caller, app: InstalledApp) -> Authorization:
        return await begin(
            provider_key=self.provider, oauth_client_id=app.oauth_client_id, caller=caller, services=world.services
        )

    async def consent(self, world: World, row: Authorization, user: str = "ada") -> Returned:
        """Go to the server and allow it there; the code is still to be exchanged."""
        departure = await depart(row, services=world.services)
        assert isinstance(departure, Departure)
        answer = world.sandbox.http.post(departure.url, data={"user": user, "decision": "approve"})
        return Returned(await Authorization.get(id=row.id), Secret(query_of(answer)["code"]), None)

    async def sign_in(self, world: World, caller: Caller, app: InstalledApp, user: str = "ada") -> Authorization:
        """Sign in at the app as one of the server's people, and return the sign-in however it ended."""
        row = await self.begin(world, caller, app)
        return await complete(await self.consent(world, row, user), services=world.services)

    async def use(self, world: World, grant: Grant) -> Alive | Failure:
        """Ask the server for the grant, as whatever uses it would."""

        async def put(authorized: Authorized) -> Alive | Failure:
            check = CATALOGUE[self.provider].check
            assert check is not None
            return await check(authorized=authorized, outbound=world.services.outbound)

        return await call(grant.id, put, services=world.services)

    def tokens(self, world: World) -> list[dict[str, Any]]:
        """Return the server's tokens that were not revoked."""
        held = world.sandbox.state()["grants"]
        return [each for each in held if each.get("provider") == self.name and not each["is_revoked"]]

    def asked(self, world: World, endpoint: str) -> int:
        """Count what the server was asked, by the end of the path."""
        seen = world.sandbox.state()["requests"]
        return sum(each["path"].startswith(f"/{self.name}/") and each["path"].endswith(f"/{endpoint}") for each in seen)

    def renew_secret(self, world: World, secret: str) -> None:
        assert world.sandbox.http.post(f"/control/{self.name}/renew_secret", json={"secret": secret}).status_code == 200

    def fault(self, world: World, fault: str, **more: object) -> None:
        assert world.sandbox.control("faults", provider=self.name, fault=fault, **more).status_code == 200


GITHUB = Host("github-enterprise-server", "github")
GITLAB = Host("gitlab-self-managed", "gitlab")
HOSTS = (GITHUB, GITLAB)


async def own_grant(app: InstalledApp, caller: Caller) -> Grant:
    fresh = await InstalledApp.get(id=app.id)
    grant = await live_grant_of(UUID(str(fresh.oauth_client_id)), caller.member_id)
    assert grant is not None
    return grant


async def give_back(world: World) -> None:
    """Let the revocation job come to its end."""
    while await revoke_due(services=world.services):
        pass
