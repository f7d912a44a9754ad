"""Every call of the Git servers' providers, for tests that hold for each of them. One that is added is a row of `KINDS`."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from app.outbound import NotAllowed, Outbound, Outcome, Request, origin_of
from app.providers.contract import Authorized
from app.providers.description import Provider
from app.providers.github import provider as github
from app.providers.gitlab import provider as gitlab
from app.providers.hosting import Hosting
from tests.providers.scripted import Asked

COMMIT = "0" * 40


@dataclass(frozen=True)
class Kind:
    """A kind of Git server: where its API lies, a repository there, and the list of them.

    Its links set `paged_by`, `page` being one of them; `size` asks for so many rows. `lists` are those that come in pages, by the
    names of what asks for them, each with an answer of one row.
    """

    provider: Provider
    api: str
    repository_id: str
    repositories: str
    page: str
    paged_by: tuple[str, ...]
    size: str
    lists: Mapping[str, object]

    @property
    def hosting(self) -> Hosting:
        assert self.provider.hosting is not None
        return self.provider.hosting


_GITHUBS_REPOSITORY = {
    "name": "payments-api",
    "full_name": "acme/payments-api",
    "owner": {"login": "acme"},
    "html_url": "https://git.example/acme/payments-api",
}
_GITLABS_PROJECT = {
    "id": 42,
    "path": "payments-api",
    "path_with_namespace": "acme/payments-api",
    "namespace": {"full_path": "acme"},
    "web_url": "https://git.example/acme/payments-api",
}
_GITLABS_BRANCH = {"name": "main", "commit": {"id": COMMIT}, "default": True, "protected": False}

GITHUB = Kind(
    github.PROVIDER,
    api="/api/v3",
    repository_id="acme/payments-api",
    repositories="/api/v3/user/repos",
    page="page",
    paged_by=("page",),
    size="per_page",
    # A search of branches and a directory come whole.
    lists={
        "list_repositories": [_GITHUBS_REPOSITORY],
        "search_repositories": {"items": [_GITHUBS_REPOSITORY]},
        "list_branches": [{"name": "main", "commit": {"sha": COMMIT}, "protected": False}],
    },
)
GITLAB = Kind(
    gitlab.PROVIDER,
    api="/api/v4",
    repository_id="42",
    repositories="/api/v4/projects",
    page="id_after",
    paged_by=("page", "page_token", "id_after", "cursor"),
    size="per_page",
    lists={
        "list_repositories": [_GITLABS_PROJECT],
        "search_repositories": [_GITLABS_PROJECT],
        "list_branches": [_GITLABS_BRANCH],
        "search_branches": [_GITLABS_BRANCH],
        "list_entries": [{"name": "docs", "path": "docs", "type": "tree", "mode": "040000"}],
    },
)
KINDS = (GITHUB, GITLAB)

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
