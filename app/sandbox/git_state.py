"""What the stand-in for a Git server holds: a world, its one OAuth client, and what was granted to it."""

from collections.abc import Callable

from app.clock import Clock
from app.sandbox.faults import AccountFault
from app.sandbox.git_client import Client
from app.sandbox.git_grants import Grants, Token
from app.sandbox.git_world import Repository, User, World
from app.sandbox.state import Snapshot


class GitState:
    """The state of one Git server; `name` is the first part of its paths."""

    def __init__(
        self, *, name: str, clock: Clock, entropy: Callable[[int], bytes], client: Client, seed: Callable[[], World]
    ) -> None:
        self.name = name
        self.clock = clock
        self.entropy = entropy
        self._client_at_first = client
        self._seed = seed
        self.client = client
        self._world: World | None = None
        self.grants = Grants(clock=clock, entropy=entropy)

    @property
    def world(self) -> World:
        """As new, until something changes it. It is made when it is first asked for: most tests ask one provider alone."""
        if self._world is None:
            self._world = self._seed()
        return self._world

    def reset(self) -> None:
        """Be as new."""
        self.client = self._client_at_first
        self._world = None
        self.grants = Grants(clock=self.clock, entropy=self.entropy)

    def accepts(self, client: Client | None) -> bool:
        return client == self.client

    def strike(self, fault: AccountFault) -> int:
        """Let the fault befall one person's tokens, or everyone's."""
        user = None if fault.user is None else self.world.users.get(fault.user)
        if fault.user is not None and user is None:
            return 0
        return self.grants.expire_all(user) if fault.fault == "expire_tokens" else self.grants.revoke_all(user)

    def snapshot(self) -> Snapshot:
        return {
            "users": [_show_user(self.name, each) for each in self.world.users.values()],
            "repositories": [_show_repository(self.name, each) for each in self.world.repositories.values()],
            "grants": [_show_token(self.name, each) for each in self.grants.tokens],
        }


def _show_user(provider: str, user: User) -> dict[str, object]:
    return {"provider": provider, "id": user.id, "login": user.login, "name": user.name}


def _show_repository(provider: str, repository: Repository) -> dict[str, object]:
    return {
        "provider": provider,
        "id": repository.id,
        "path": repository.path,
        "is_private": repository.is_private,
        "default_branch": repository.default_branch,
        "branches": len(repository.branches),
        "head": None if (head := repository.resolve("HEAD")) is None else head.sha,
        "access": {login: int(level) for login, level in repository.access.items()},
    }


def _show_token(provider: str, token: Token) -> dict[str, object]:
    return {
        "provider": provider,
        "user": token.user.login,
        "scopes": list(token.scopes),
        "access_token": token.access,
        "refresh_token": token.refresh,
        "created_at": token.created_at.isoformat(),
        "expires_at": None if token.expires_at is None else token.expires_at.isoformat(),
        "is_revoked": token.is_revoked,
    }
