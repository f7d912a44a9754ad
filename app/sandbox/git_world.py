"""A Git server's side of the world: people, namespaces, and repositories that some may see and others not."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import IntEnum
from typing import Literal

from app.sandbox.git_objects import Commit, Leaf, Snapshot

_SHA = re.compile(r"[0-9a-f]{7,40}")


class Access(IntEnum):
    """What a member may do, by GitLab's numbers."""

    REPORTER = 20
    DEVELOPER = 30
    MAINTAINER = 40
    OWNER = 50


@dataclass(frozen=True)
class User:
    id: int
    login: str
    name: str

    @property
    def email(self) -> str:
        return f"{self.login}@sandbox.example"

    @property
    def author(self) -> str:
        return f"{self.name} <{self.email}>"


@dataclass(frozen=True)
class Namespace:
    """Where repositories stand: a person's own, or a group (at GitHub: an organization) with its members."""

    id: int
    path: str
    name: str
    kind: Literal["user", "group"]
    members: frozenset[str]


@dataclass
class Repository:
    """A repository: who may do what there, by login, and the heads of its branches."""

    id: int
    namespace: Namespace
    name: str
    description: str
    is_private: bool
    created_at: datetime
    pushed_at: datetime
    access: dict[str, Access]
    ends: dict[str, date] = field(default_factory=dict)
    """On whose day, by login, access ends."""
    default_branch: str | None = None
    branches: dict[str, Commit] = field(default_factory=dict)
    protected: frozenset[str] = frozenset()
    history: dict[str, Commit] = field(default_factory=dict)

    @property
    def path(self) -> str:
        return f"{self.namespace.path}/{self.name}"

    def copy(self) -> "Repository":
        return replace(
            self, access=dict(self.access), ends=dict(self.ends), branches=dict(self.branches), history=dict(self.history)
        )

    def end_access(self, today: date) -> None:
        """Take access from those whose day has come."""
        for login in [login for login, day in self.ends.items() if day <= today]:
            del self.ends[login]
            self.access.pop(login, None)

    def is_visible(self, user: User | None) -> bool:
        return not self.is_private or (user is not None and user.login in self.access)

    def resolve(self, ref: str | None) -> Commit | None:
        """Find a commit by a branch, HEAD (or None for it), or its name, of which seven digits suffice."""
        if ref in {None, "HEAD"}:
            return None if self.default_branch is None else self.branches.get(self.default_branch)
        branch = self.branches.get(str(ref).removeprefix("refs/heads/")) or self.branches.get(str(ref))
        if branch is not None or not _SHA.fullmatch(str(ref)):
            return branch
        return next((commit for sha, commit in self.history.items() if sha.startswith(str(ref))), None)

    def commit(self, branch: str, leaves: dict[str, Leaf], *, message: str, author: str, at: datetime) -> Commit:
        """Put a commit of these files on the branch, which begins there if it is not there yet."""
        before = self.branches.get(branch)
        commit = Commit(Snapshot(leaves), message, author, at, None if before is None else before.sha)
        self.branches[branch] = commit
        self.history[commit.sha] = commit
        self.default_branch = self.default_branch or branch
        self.pushed_at = max(self.pushed_at, at)
        return commit

    def point(self, branch: str, commit: Commit) -> None:
        self.branches[branch] = commit

    def delete_branch(self, branch: str) -> None:
        """Take the branch away. Without its default branch a repository's default is the first that is left."""
        del self.branches[branch]
        if self.default_branch == branch:
            self.default_branch = next(iter(sorted(self.branches)), None)

    def rename_branch(self, branch: str, to: str) -> None:
        self.branches[to] = self.branches.pop(branch)
        if self.default_branch == branch:
            self.default_branch = to
        if branch in self.protected:
            self.protected = self.protected - {branch} | {to}


class World:
    """Everyone and everything on one Git server."""

    def __init__(self, users: Iterable[User], namespaces: Iterable[Namespace]) -> None:
        self.users = {each.login: each for each in users}
        self.namespaces = {each.path: each for each in namespaces}
        self.repositories: dict[int, Repository] = {}

    def copy(self) -> "World":
        """Return a world that goes its own way from here on."""
        world = World(self.users.values(), self.namespaces.values())
        for repository in self.repositories.values():
            world.add(repository.copy())
        return world

    def add(self, repository: Repository) -> None:
        self.repositories[repository.id] = repository

    def remove(self, repository: Repository) -> None:
        del self.repositories[repository.id]

    def repository(self, path: str) -> Repository | None:
        """Find a repository by its path; large and small letters are the same there."""
        return next((each for each in self.repositories.values() if each.path.lower() == path.lower()), None)

    def visible(self, user: User | None) -> list[Repository]:
        return [each for each in self.repositories.values() if each.is_visible(user)]
