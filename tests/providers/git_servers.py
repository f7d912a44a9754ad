"""Every call of both Git servers' providers, for tests that hold for each of them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from app.outbound import NotAllowed, Outbound, Outcome, Request, origin_of
from app.providers.contract import Authorized
from app.providers.description import Provider
from app.providers.github import provider as github
from app.providers.gitlab import provider as gitlab
from app.providers.hosting import Hosting
from tests.providers.scripted import Asked


@dataclass(frozen=True)
class Kind:
    """A kind of Git server: where its API lies, a repository there, the list of them, and what its links set."""

    provider: Provider
    api: str
    repository_id: str
    page: str
    repositories: str

    @property
    def hosting(self) -> Hosting:
        assert self.provider.hosting is not None
        return self.provider.hosting


GITHUB = Kind(github.PROVIDER, "/api/v3", "acme/payments-api", "page", "/api/v3/user/repos")
GITLAB = Kind(gitlab.PROVIDER, "/api/v4", "42", "id_after", "/api/v4/projects")

Ask = Callable[[Kind, Authorized, Outbound, str], Awaitable[object]]


async def ask_repository(kind: Kind, authorized: Authorized, outbound: Outbound, name: str) -> object:
    return await kind.hosting.find_repository(authorized=authorized, repository_id=name, outbound=outbound)


async def ask_owner(kind: Kind, authorized: Authorized, outbound: Outbound, name: str) -> object:
    return await kind.hosting.find_repository(authorized=authorized, repository_id=f"{name}/payments-api", outbound=outbound)


async def ask_name(kind: Kind, authorized: Authorized, outbound: Outbound, name: str) -> object:
    return await kind.hosting.find_repository(authorized=authorized, repository_id=f"acme/{name}", outbound=outbound)


async def ask_search(kind: Kind, authorized: Authorized, outbound: Outbound, name: str) -> object:
    return await kind.hosting.list_repositories(authorized=authorized, search=name, cursor=None, limit=20, outbound=outbound)


async def ask_cursor(kind: Kind, authorized: Authorized, outbound: Outbound, name: str) -> object:
    for cursor in (name, f"{kind.page}={name}&size=20&skip=0"):
        await kind.hosting.list_repositories(authorized=authorized, search=None, cursor=cursor, limit=20, outbound=outbound)
    return None


async def ask_branches(kind: Kind, authorized: Authorized, outbound: Outbound, name: str) -> object:
    return await kind.hosting.list_branches(
        authorized=authorized,
        repository_id=kind.repository_id,
        default_branch="main",
        search=name,
        cursor=None,
        limit=20,
        outbound=outbound,
    )


async def ask_branch(kind: Kind, authorized: Authorized, outbound: Outbound, name: str) -> object:
    return await kind.hosting.find_branch(
        authorized=authorized, repository_id=kind.repository_id, name=name, default_branch="main", outbound=outbound
    )


async def ask_directory(kind: Kind, authorized: Authorized, outbound: Outbound, name: str) -> object:
    return await kind.hosting.list_entries(
        authorized=authorized,
        repository_id=kind.repository_id,
        ref="main",
        path=name,
        cursor=None,
        limit=20,
        outbound=outbound,
    )


async def ask_ref(kind: Kind, authorized: Authorized, outbound: Outbound, name: str) -> object:
    return await kind.hosting.list_entries(
        authorized=authorized,
        repository_id=kind.repository_id,
        ref=name,
        path="docs",
        cursor=None,
        limit=20,
        outbound=outbound,
    )


async def ask_root(kind: Kind, authorized: Authorized, outbound: Outbound, name: str) -> object:
    return await kind.hosting.list_entries(
        authorized=authorized,
        repository_id=kind.repository_id,
        ref=name,
        path="",
        cursor=None,
        limit=20,
        outbound=outbound,
    )


async def ask_file(kind: Kind, authorized: Authorized, outbound: Outbound, name: str) -> object:
    return await kind.hosting.read_file(
        authorized=authorized, repository_id=kind.repository_id, ref="0" * 40, path=name, outbound=outbound
    )


ASKS: tuple[Ask, ...] = (
    ask_repository,
    ask_owner,
    ask_name,
    ask_search,
    ask_cursor,
    ask_branches,
    ask_branch,
    ask_directory,
    ask_ref,
    ask_root,
    ask_file,
)


class WatchedOutbound(Outbound):
    """The real door; notes where each call goes and where its secrets are at home, and lets none be refused."""

    origins: list[tuple[str, str]]

    def __init__(self, *, port: int) -> None:
        super().__init__(sandbox=("127.0.0.1", port))
        self.origins = []

    async def send(
        self,
        request: Request,
        *,
        origin: str,
        deadline: float = 10.0,
        max_bytes: int = 2 * 1024 * 1024,
        certificates: str | None = None,
    ) -> Outcome:
        self.origins.append((str(origin_of(request.url)), origin))
        outcome = await super().send(request, origin=origin, deadline=deadline, max_bytes=max_bytes, certificates=certificates)
        assert not isinstance(outcome, NotAllowed)
        return outcome


def segments_of(asked: Asked) -> list[str]:
    return asked.target.partition("?")[0].split("/")
