"""Hosting: what a Git server can do, and the values in which it tells of repositories."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from app.outbound import Sender
from app.providers.contract import Authorized, Failure


@dataclass(frozen=True)
class Repository:
    """A repository as the one who asks sees it. `id` is what the provider finds it by; an empty one has no default branch."""

    id: str
    owner: str
    name: str
    full_name: str
    web_url: str
    default_branch: str | None


@dataclass(frozen=True)
class Branch:
    """`commit` is the id of the one at its head."""

    name: str
    commit: str
    is_default: bool
    is_protected: bool


@dataclass(frozen=True)
class Entry:
    """Something in a directory; `path` is from the repository's root."""

    name: str
    path: str
    is_directory: bool


@dataclass(frozen=True)
class File:
    """A file at `commit`. `text` is None when it is binary or over 1 MiB; `size` is in bytes."""

    path: str
    ref: str
    commit: str
    size: int
    is_binary: bool
    text: str | None


@dataclass(frozen=True)
class RepositoryPage:
    repositories: tuple[Repository, ...]
    next_cursor: str | None


@dataclass(frozen=True)
class BranchPage:
    branches: tuple[Branch, ...]
    next_cursor: str | None


@dataclass(frozen=True)
class EntryPage:
    entries: tuple[Entry, ...]
    next_cursor: str | None


@dataclass(frozen=True)
class Server:
    """A server that is what it was taken for. `certificate` is the one that it has shown, in DER; None without TLS."""

    version: str
    certificate: bytes | None = None


@dataclass(frozen=True)
class AccessEnd:
    """When an account loses access to a repository; None: no end is set."""

    at: datetime | None


class FindServer(Protocol):
    """Say whether such a server answers there. Needs no authorization. REFUSED: something else answers."""

    async def __call__(self, *, base_url: str, origin: str, certificates: str | None, outbound: Sender) -> Server | Failure: ...


class ListRepositories(Protocol):
    async def __call__(
        self, *, authorized: Authorized, search: str | None, cursor: str | None, limit: int, outbound: Sender
    ) -> RepositoryPage | Failure: ...


class FindRepository(Protocol):
    async def __call__(self, *, authorized: Authorized, repository_id: str, outbound: Sender) -> Repository | Failure: ...


class ListBranches(Protocol):
    """Return a page of branches. `default_branch` is the repository's, where it is known already."""

    async def __call__(
        self,
        *,
        authorized: Authorized,
        repository_id: str,
        default_branch: str | None,
        search: str | None,
        cursor: str | None,
        limit: int,
        outbound: Sender,
    ) -> BranchPage | Failure: ...


class FindBranch(Protocol):
    async def __call__(
        self, *, authorized: Authorized, repository_id: str, name: str, default_branch: str | None, outbound: Sender
    ) -> Branch | Failure: ...


class ListEntries(Protocol):
    """Return a page of what stands in a directory; `path` "" is the root."""

    async def __call__(
        self,
        *,
        authorized: Authorized,
        repository_id: str,
        ref: str,
        path: str,
        cursor: str | None,
        limit: int,
        outbound: Sender,
    ) -> EntryPage | Failure: ...


class ReadFile(Protocol):
    async def __call__(
        self, *, authorized: Authorized, repository_id: str, ref: str, path: str, outbound: Sender
    ) -> File | Failure: ...


class FindAccessEnd(Protocol):
    """Return when the account that asks loses access to the repository."""

    async def __call__(
        self, *, authorized: Authorized, repository_id: str, account_id: str, outbound: Sender
    ) -> AccessEnd | Failure: ...


@dataclass(frozen=True)
class Hosting:
    """The functions of a Git server, always as the one whose access token `authorized` holds.

    Cursors are the provider's own; `search` finds names; TARGET_GONE: it is not there, or not for them to see.
    """

    find_server: FindServer
    list_repositories: ListRepositories
    find_repository: FindRepository
    list_branches: ListBranches
    find_branch: FindBranch
    list_entries: ListEntries
    read_file: ReadFile
    find_access_end: FindAccessEnd | None = None
    """None: it does not tell for how long access was given."""
