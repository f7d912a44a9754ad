"""Questions to a Git server: always as one member, with that member's own grant and no other."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar
from uuid import UUID

from app.errors import Refusal, UserErrorCode
from app.graphql.context import Context
from app.installed_apps.loaders import own_grants
from app.outbound import Sender
from app.outbound.budget import Budget
from app.providers.catalogue import CATALOGUE
from app.providers.contract import Authorized, Failure, Fault
from app.providers.hosting import AccessEnd, Branch, BranchPage, EntryPage, File, Hosting, Repository, RepositoryPage
from app.services import Services
from app.sign_ins import answers, faults
from app.sign_ins.models import Grant

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

SIGN_IN_FIRST = "You are not signed in at this Git server: sign in there first, with `beginAuthorization` and its installed app."


class Put(Protocol[T_co]):
    """One of the functions of `Hosting`, with what it is told but for whom it asks."""

    async def __call__(self, hosting: Hosting, /, *, authorized: Authorized, outbound: Sender) -> T_co | Failure: ...


@dataclass(frozen=True)
class Question(Generic[T]):
    """Something to ask of a Git server. Equal questions (equal `words`) have equal answers, for the same grant."""

    words: tuple[Hashable, ...]
    put: Put[T] = field(compare=False)


def repositories(search: str | None, cursor: str | None, limit: int) -> Question[RepositoryPage]:
    async def put(hosting: Hosting, /, *, authorized: Authorized, outbound: Sender) -> RepositoryPage | Failure:
        return await hosting.list_repositories(
            authorized=authorized, search=search, cursor=cursor, limit=limit, outbound=outbound
        )

    return Question(("repositories", search, cursor, limit), put)


def repository(repository_id: str) -> Question[Repository]:
    async def put(hosting: Hosting, /, *, authorized: Authorized, outbound: Sender) -> Repository | Failure:
        return await hosting.find_repository(authorized=authorized, repository_id=repository_id, outbound=outbound)

    return Question(("repository", repository_id), put)


def branches(
    repository_id: str, default_branch: str | None, search: str | None, cursor: str | None, limit: int
) -> Question[BranchPage]:
    async def put(hosting: Hosting, /, *, authorized: Authorized, outbound: Sender) -> BranchPage | Failure:
        return await hosting.list_branches(
            authorized=authorized,
            repository_id=repository_id,
            default_branch=default_branch,
            search=search,
            cursor=cursor,
            limit=limit,
            outbound=outbound,
        )

    return Question(("branches", repository_id, default_branch, search, cursor, limit), put)


def branch(repository_id: str, name: str, default_branch: str | None) -> Question[Branch]:
    async def put(hosting: Hosting, /, *, authorized: Authorized, outbound: Sender) -> Branch | Failure:
        return await hosting.find_branch(
            authorized=authorized, repository_id=repository_id, name=name, default_branch=default_branch, outbound=outbound
        )

    return Question(("branch", repository_id, name, default_branch), put)


def entries(repository_id: str, ref: str, path: str, cursor: str | None, limit: int) -> Question[EntryPage]:
    async def put(hosting: Hosting, /, *, authorized: Authorized, outbound: Sender) -> EntryPage | Failure:
        return await hosting.list_entries(
            authorized=authorized,
            repository_id=repository_id,
            ref=ref,
            path=path,
            cursor=cursor,
            limit=limit,
            outbound=outbound,
        )

    return Question(("entries", repository_id, ref, path, cursor, limit), put)


def file(repository_id: str, ref: str, path: str) -> Question[File]:
    async def put(hosting: Hosting, /, *, authorized: Authorized, outbound: Sender) -> File | Failure:
        return await hosting.read_file(authorized=authorized, repository_id=repository_id, ref=ref, path=path, outbound=outbound)

    return Question(("file", repository_id, ref, path), put)


def access_end(repository_id: str, account_id: str) -> Question[AccessEnd]:
    """Ask until when the account has access; of a server that does not tell that, nothing is known to end."""

    async def put(hosting: Hosting, /, *, authorized: Authorized, outbound: Sender) -> AccessEnd | Failure:
        if hosting.find_access_end is None:
            return AccessEnd(None)
        return await hosting.find_access_end(
            authorized=authorized, repository_id=repository_id, account_id=account_id, outbound=outbound
        )

    return Question(("access_end", repository_id, account_id), put)


async def ask(question: Question[T], *, grant: Grant, budget: Budget, services: Services, fresh: bool = False) -> T | Failure:
    """Ask the grant's server; see `answers.ask`."""
    hosting = CATALOGUE[grant.provider].hosting
    if hosting is None:
        return _NO_HOST

    async def put(authorized: Authorized, outbound: Sender) -> T | Failure:
        return await question.put(hosting, authorized=authorized, outbound=outbound)

    return await answers.ask(grant, question, put, budget=budget, services=services, fresh=fresh)


async def ask_as_viewer(question: Question[T], oauth_client_id: UUID | None, *, context: Context) -> T:
    """Ask the server of the team's OAuth client with the viewer's own grant; `oauth_client_id` None: its app was deleted.

    The field has the rule ASKING_PROVIDERS. Raises Refusal with what the server's failure means, TooComplex.
    """
    grant = await _grant_of_viewer(oauth_client_id, context=context)
    answer = await ask(question, grant=grant, budget=context.budget, services=context.services)
    if isinstance(answer, Failure):
        raise refusal(answer)
    return answer


def sign_in_required(*, field: Sequence[str] = (), message: str = SIGN_IN_FIRST) -> Refusal:
    return Refusal(UserErrorCode.SIGN_IN_REQUIRED, message, field=field)


def refusal(failure: Failure, *, field: Sequence[str] = ()) -> Refusal:
    """Return what whoever asked is told when the server fails them, with their own grant."""
    match failure.fault:
        case Fault.DEAD_GRANT | Fault.EXPIRED:
            return sign_in_required(field=field, message=failure.message)
        case Fault.TARGET_GONE:
            return Refusal(UserErrorCode.NOT_FOUND, failure.message, field=field)
        case _:
            return faults.refusal(failure, field=field)


_NO_HOST = Failure(Fault.REFUSED, "There are no repositories here.")


async def _grant_of_viewer(oauth_client_id: UUID | None, *, context: Context) -> Grant:
    if oauth_client_id is None:
        raise sign_in_required(message="The installed app for this Git server was deleted: a Team Admin can add it again.")
    grant = await context.load(own_grants, oauth_client_id)
    if grant is None:
        raise sign_in_required()
    return grant
