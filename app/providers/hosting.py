"""What a Git server can do, and the values in which it tells of repositories."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from app.providers.contract import Failure


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
    """A server that is what it was taken for."""

    version: str


@dataclass(frozen=True)
class Hosting:
    """The functions of a Git server, always as the one whose access token `authorized` holds.

    Cursors are the provider's own; `search` finds names; TARGET_GONE: it is not there, or not for them to see.
    """

    find_server: Callable[..., Awaitable[Server | Failure]]
    """(*, base_url, origin, certificates, outbound): whether such a server answers there. Needs no authorization."""
    list_repositories: Callable[..., Awaitable[RepositoryPage | Failure]]
    """(*, authorized, search: str | None, cursor: str | None, limit: int, outbound)."""
    find_repository: Callable[..., Awaitable[Repository | Failure]]
    """(*, authorized, repository_id, outbound)."""
    list_branches: Callable[..., Awaitable[BranchPage | Failure]]
    """(*, authorized, repository_id, default_branch: str | None, search: str | None, cursor: str | None, limit, outbound)."""
    find_branch: Callable[..., Awaitable[Branch | Failure]]
    """(*, authorized, repository_id, name, default_branch: str | None, outbound)."""
    list_entries: Callable[..., Awaitable[EntryPage | Failure]]
    """(*, authorized, repository_id, ref, path, cursor: str | None, limit, outbound); `path` "" is the root."""
    read_file: Callable[..., Awaitable[File | Failure]]
    """(*, authorized, repository_id, ref, path, outbound)."""
