"""Whether what an API is connected to is there: repository, branch and schema file, as one member sees them now."""

from collections.abc import Sequence
from typing import Any, TypeVar

from app.integrations.kinds.connect_api.layouts import BRANCH_FIELD, REPOSITORY_FIELD, SCHEMA_FIELD, Layout
from app.outbound.budget import Budget
from app.providers.contract import Failure, Fault
from app.providers.hosting import AccessEnd, Repository
from app.repositories import asking
from app.repositories.asking import Question
from app.repositories.references import RepositoryRef
from app.services import Services
from app.sign_ins.models import Grant

T = TypeVar("T")


async def look_up(where: RepositoryRef, layout: Layout, *, grant: Grant, services: Services, budget: Budget) -> Repository:
    """Return the repository; its branch, and the schema file at the branch's head, are there. Never inside a change.

    Raises NOT_FOUND at the field of what is not there for the grant's member to see, and what the server refuses.
    """
    eye = _MemberView(grant, services, budget)
    repository = await eye.see(asking.repository(where.repository_id), field=REPOSITORY_FIELD)
    await eye.see(asking.branch(repository.id, layout.branch, repository.default_branch), field=BRANCH_FIELD)
    if layout.schema_file is not None:
        await eye.see(asking.file(repository.id, layout.branch, layout.schema_file), field=SCHEMA_FIELD)
    return repository


async def check_visible(where: RepositoryRef, *, grant: Grant, services: Services, budget: Budget) -> None:
    """Make sure that the grant's member sees the repository; a failure that may pass by itself is no objection.

    Raises as `look_up`.
    """
    answer = await asking.ask(asking.repository(where.repository_id), grant=grant, budget=budget, services=services, fresh=True)
    if isinstance(answer, Failure) and not answer.fault.is_transient:
        raise asking.refusal(answer)


async def find_failure(where: RepositoryRef, layout: Layout, *, grant: Grant, services: Services) -> Failure | None:
    """Return why what is connected cannot be worked with now; None: all of it is there."""
    budget = Budget()
    questions: list[Question[Any]] = [
        asking.repository(where.repository_id),
        asking.branch(where.repository_id, layout.branch, None),
    ]
    if layout.schema_file is not None:
        questions.append(asking.file(where.repository_id, layout.branch, layout.schema_file))
    for question in questions:
        answer = await asking.ask(question, grant=grant, budget=budget, services=services, fresh=True)
        if isinstance(answer, Failure):
            return answer
    return None


async def find_access_end(where: RepositoryRef, *, grant: Grant, services: Services) -> AccessEnd | None:
    """Return until when the grant's member has access; None where the server does not say."""
    question = asking.access_end(where.repository_id, grant.account_id)
    answer = await asking.ask(question, grant=grant, budget=Budget(), services=services, fresh=True)
    match answer:
        case AccessEnd():
            return answer
        case Failure(fault=Fault.TARGET_GONE):
            return AccessEnd(None)  # they see it as everybody does
        case Failure():
            return None


class _MemberView:
    """One member's view of a server, now rather than a minute ago."""

    def __init__(self, grant: Grant, services: Services, budget: Budget) -> None:
        self._grant = grant
        self._services = services
        self._budget = budget

    async def see(self, question: Question[T], *, field: Sequence[str]) -> T:
        answer = await asking.ask(question, grant=self._grant, budget=self._budget, services=self._services, fresh=True)
        if isinstance(answer, Failure):
            raise asking.refusal(answer, field=field)
        return answer
