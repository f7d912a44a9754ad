"""Questions to a Git server: always as one member, with that member's own grant and no other."""

from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from uuid import UUID

from app.errors import Refusal, UserErrorCode
from app.graphql.context import Context
from app.outbound.budget import Budget, CountedOutbound
from app.providers.catalogue import CATALOGUE
from app.providers.contract import Authorized, Failure, Fault
from app.providers.hosting import Branch, BranchPage, EntryPage, File, Repository, RepositoryPage
from app.repositories.loaders import own_grants
from app.services import Services
from app.sign_ins import answers, faults
from app.sign_ins.models import Grant

T = TypeVar("T")

SIGN_IN_FIRST = "You are not signed in at this Git server: sign in there first, with `beginAuthorization` and its installed app."


@dataclass(frozen=True)
class Question(Generic[T]):
    """One of the functions of `Hosting` and what it is told: equal questions have equal answers, for the same grant."""

    function: str
    arguments: tuple[tuple[str, Hashable], ...]

    def put(self, provider_key: str, *, authorized: Authorized, outbound: CountedOutbound) -> Awaitable[T | Failure]:
        ask: Callable[..., Awaitable[T | Failure]] = getattr(CATALOGUE[provider_key].hosting, self.function)
        return ask(authorized=authorized, **dict(self.arguments), outbound=outbound)


def repositories(search: str | None, cursor: str | None, limit: int) -> Question[RepositoryPage]:
    return _question("list_repositories", search=search, cursor=cursor, limit=limit)


def repository(repository_id: str) -> Question[Repository]:
    return _question("find_repository", repository_id=repository_id)


def branches(
    repository_id: str, default_branch: str | None, search: str | None, cursor: str | None, limit: int
) -> Question[BranchPage]:
    return _question(
        "list_branches",
        repository_id=repository_id,
        default_branch=default_branch,
        search=search,
        cursor=cursor,
        limit=limit,
    )


def branch(repository_id: str, name: str, default_branch: str | None) -> Question[Branch]:
    return _question("find_branch", repository_id=repository_id, name=name, default_branch=default_branch)


def entries(repository_id: str, ref: str, path: str, cursor: str | None, limit: int) -> Question[EntryPage]:
    return _question("list_entries", repository_id=repository_id, ref=ref, path=path, cursor=cursor, limit=limit)


def file(repository_id: str, ref: str, path: str) -> Question[File]:
    return _question("read_file", repository_id=repository_id, ref=ref, path=path)


async def ask(question: Question[T], *, grant: Grant, budget: Budget, services: Services, fresh: bool = False) -> T | Failure:
    """Ask the grant's server; see `answers.ask`."""

    async def put(authorized: Authorized, outbound: CountedOutbound) -> T | Failure:
        return await question.put(grant.provider, authorized=authorized, outbound=outbound)

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


async def _grant_of_viewer(oauth_client_id: UUID | None, *, context: Context) -> Grant:
    if oauth_client_id is None:
        raise sign_in_required(message="The installed app for this Git server was deleted: a Team Admin can add it again.")
    grant = await context.load(own_grants, oauth_client_id)
    if grant is None:
        raise sign_in_required()
    return grant


def _question(function: str, /, **arguments: Any) -> Question[Any]:
    return Question(function, tuple(arguments.items()))
