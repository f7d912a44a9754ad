"""Repositories in the API: what a Git server shows to the viewer."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated
from uuid import UUID

import strawberry

from app.access.rules import ASKING_PROVIDERS, PUBLIC_ATTRIBUTE, attributes
from app.errors import BadUserInput, Refusal, UserErrorCode
from app.graphql.connections import ForwardArguments, Page, UncountedConnection
from app.graphql.context import Info
from app.graphql.enums import register_enum
from app.graphql.fields import relation
from app.graphql.objects import object_of
from app.graphql.provider_pages import from_provider_pages
from app.graphql.scalars import URL
from app.graphql.searches import check_search
from app.providers import hosting
from app.repositories import asking
from app.repositories.paths import LONGEST, is_fit, normalise
from app.repositories.references import RepositoryRef

Ref = Annotated[str | None, strawberry.argument(description="A branch, tag or commit; the default branch when left out.")]
SearchBranches = Annotated[
    str | None, strawberry.argument(description="Only those whose name has this in it; at some servers, begins with it.")
]
_LARGEST_INT = 2**31 - 1


class RepositoryEntryType(StrEnum):
    FILE = "FILE"
    DIRECTORY = "DIRECTORY"


register_enum(
    RepositoryEntryType,
    name="RepositoryEntryType",
    description="What stands in a directory.",
    members={
        RepositoryEntryType.FILE: "A file: `file` reads it.",
        RepositoryEntryType.DIRECTORY: "A directory: `entries` lists it.",
    },
)


@strawberry.type(description="A branch of a repository.")
@attributes(PUBLIC_ATTRIBUTE)
class Branch:
    name: str = strawberry.field(description="Its name, without refs/heads/.")
    commit: str = strawberry.field(description="The commit at its head.")
    is_default: bool = strawberry.field(description="Whether it is the repository's default branch.")
    is_protected: bool = strawberry.field(description="Whether the server guards it against pushes.")

    @classmethod
    def of(cls, branch: hosting.Branch) -> "Branch":
        return object_of(cls, branch)


@strawberry.type(description="A file or directory in a directory of a repository.")
@attributes(PUBLIC_ATTRIBUTE)
class RepositoryEntry:
    name: str = strawberry.field(description="The last part of its path.")
    path: str = strawberry.field(description="From the repository's root.")
    type: RepositoryEntryType = strawberry.field(description="Which of both it is.")

    @classmethod
    def of(cls, entry: hosting.Entry) -> "RepositoryEntry":
        kind = RepositoryEntryType.DIRECTORY if entry.is_directory else RepositoryEntryType.FILE
        return cls(name=entry.name, path=entry.path, type=kind)


@strawberry.type(description="A file of a repository as it is in one commit.")
@attributes(PUBLIC_ATTRIBUTE)
class RepositoryFile:
    path: str = strawberry.field(description="From the repository's root.")
    ref: str = strawberry.field(description="The branch, tag or commit that it was asked for in.")
    commit: str = strawberry.field(description="The commit that was read.")
    size: int = strawberry.field(description="In bytes; 2,147,483,647 for anything larger.")
    is_binary: bool = strawberry.field(description="Whether it is no text in UTF-8.")
    text: str | None = strawberry.field(description="What it says. Null when binary or over 1 MiB.")

    @classmethod
    def of(cls, file: hosting.File) -> "RepositoryFile":
        return object_of(cls, file, size=min(file.size, _LARGEST_INT))


@strawberry.type(description="A repository on a Git server; what it holds is read as the viewer, with the viewer's own sign-in.")
@attributes(PUBLIC_ATTRIBUTE)
class Repository:
    where: strawberry.Private[RepositoryRef]
    oauth_client_id: strawberry.Private[UUID | None]
    id: strawberry.ID = strawberry.field(description="Opaque, unique across servers: what repositoryId takes.")
    provider_id: str = strawberry.field(description="The server's own id of it.")
    owner: str = strawberry.field(description="The organization, group or person that it belongs to.")
    name: str = strawberry.field(description="Its name there.")
    full_name: str = strawberry.field(description="Both, as the server writes them.")
    web_url: URL = strawberry.field(description="Where people look at it.")
    default_branch: str | None = strawberry.field(description="Null while nothing was pushed to it.")

    @relation(rule=ASKING_PROVIDERS, description="Its branches. Asks the server; null with an error when that fails.")
    async def branches(
        self, info: Info, page: ForwardArguments, search: SearchBranches = None
    ) -> UncountedConnection[Branch] | None:
        wanted = check_search((search or "").strip())

        async def fetch(cursor: str | None, limit: int) -> tuple[Sequence[hosting.Branch], str | None]:
            question = asking.branches(self.where.repository_id, self.default_branch, wanted, cursor, limit)
            found = await asking.ask_as_viewer(question, self.oauth_client_id, context=info.context)
            return found.branches, found.next_cursor

        return UncountedConnection.of(await from_provider_pages(fetch, page), Branch.of)

    @relation(
        rule=ASKING_PROVIDERS,
        description="What stands in one of its directories. Asks the server; null with an error when that fails.",
    )
    async def entries(
        self,
        info: Info,
        page: ForwardArguments,
        ref: Ref = None,
        path: Annotated[str | None, strawberry.argument(description="The directory; the root when left out.")] = None,
    ) -> UncountedConnection[RepositoryEntry] | None:
        directory = _check_path(path or "")
        at = _check_ref(ref) or self.default_branch
        if at is None and not directory:
            return UncountedConnection.of(Page([], [], has_next=False, has_previous=False), RepositoryEntry.of)

        async def fetch(cursor: str | None, limit: int) -> tuple[Sequence[hosting.Entry], str | None]:
            question = asking.entries(self.where.repository_id, at or _nothing_there(), directory, cursor, limit)
            found = await asking.ask_as_viewer(question, self.oauth_client_id, context=info.context)
            return found.entries, found.next_cursor

        return UncountedConnection.of(await from_provider_pages(fetch, page), RepositoryEntry.of)

    @relation(rule=ASKING_PROVIDERS, description="One of its files. Asks the server; null with an error when that fails.")
    async def file(
        self,
        info: Info,
        path: Annotated[str, strawberry.argument(description="From the repository's root.")],
        ref: Ref = None,
    ) -> RepositoryFile | None:
        checked = _check_path(path)
        if not checked:
            raise BadUserInput("`path` has to name a file.")
        question = asking.file(self.where.repository_id, _check_ref(ref) or self.default_branch or _nothing_there(), checked)
        return RepositoryFile.of(await asking.ask_as_viewer(question, self.oauth_client_id, context=info.context))

    @classmethod
    def of(cls, repository: hosting.Repository, *, provider: str, base_url: str, oauth_client_id: UUID | None) -> "Repository":
        """Make it of what the server at `base_url` said, now or when it was connected.

        `oauth_client_id` is the team's OAuth client there, with which the viewer may have signed in; None when there is none.
        """
        where = RepositoryRef(provider, base_url, repository.id)
        return object_of(
            cls,
            repository,
            where=where,
            oauth_client_id=oauth_client_id,
            id=strawberry.ID(where.id),
            provider_id=repository.id,
        )


def _check_ref(ref: str | None) -> str | None:
    if ref is not None and not is_fit(ref):
        raise BadUserInput(f"`ref` has 1 to {LONGEST:,} characters, and no control characters.")
    return ref


def _check_path(path: str) -> str:
    checked = normalise(path)
    if checked is None:
        raise BadUserInput("`path` is from the repository's root, such as openapi/petstore.yaml: no leading “/” and no “..”.")
    return checked


def _nothing_there() -> str:
    raise Refusal(UserErrorCode.NOT_FOUND, "Nothing was pushed to this repository yet.")
