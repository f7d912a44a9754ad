import asyncio
from datetime import timedelta

import pytest

from app.errors import TooComplex
from app.outbound.budget import Budget
from app.providers.contract import Failure, Fault
from app.providers.hosting import File, Repository, RepositoryPage
from app.repositories import asking
from app.sign_ins.models import Grant
from tests.installed_apps.git_servers import GITHUB, GITLAB, HOSTS, Host, own_grant
from tests.installed_apps.world import World
from tests.repositories.scene import calls, open_app, ref_of

EACH = pytest.mark.parametrize("host", HOSTS, ids=lambda host: host.name)


async def ask_for(world: World, grant: Grant, repository_id: str, *, fresh: bool = False) -> Repository | Failure:
    question = asking.repository(repository_id)
    return await asking.ask(question, grant=grant, budget=Budget(), services=world.services, fresh=fresh)


@EACH
async def test_fifty_who_ask_the_same_at_once_are_one_call(world: World, host: Host) -> None:
    app = await open_app(world, host, bob="ada")
    grant, where = await own_grant(app, world.people.bob), ref_of(world, host, "acme/payments-api")
    before = calls(world, host)

    answers = await asyncio.gather(*(ask_for(world, grant, where.repository_id) for _ in range(50)))

    assert calls(world, host) - before == 1
    assert {answer.full_name for answer in answers if isinstance(answer, Repository)} == {"acme/payments-api"}
    assert len(answers) == 50


async def test_an_answer_is_kept_for_a_minute_unless_it_has_to_be_fresh(world: World) -> None:
    app = await open_app(world, GITHUB, bob="ada")
    grant, where = await own_grant(app, world.people.bob), ref_of(world, GITHUB, "acme/payments-api")
    before = calls(world, GITHUB)

    async def asked(*, after: timedelta, fresh: bool = False) -> int:
        world.clock.advance(after)
        await ask_for(world, grant, where.repository_id, fresh=fresh)
        return calls(world, GITHUB) - before

    assert await asked(after=timedelta()) == 1
    assert await asked(after=timedelta(seconds=59)) == 1
    assert await asked(after=timedelta(seconds=1)) == 2
    assert await asked(after=timedelta(seconds=1), fresh=True) == 3
    assert await asked(after=timedelta(seconds=59)) == 3


async def test_a_failure_is_not_kept(world: World) -> None:
    app = await open_app(world, GITLAB, bob="ada")
    grant, where = await own_grant(app, world.people.bob), ref_of(world, GITLAB, "acme/payments-api")
    GITLAB.fault(world, "status", status=503, times=1)

    first = await ask_for(world, grant, where.repository_id)
    second = await ask_for(world, grant, where.repository_id)

    assert isinstance(first, Failure)
    assert isinstance(second, Repository)


@EACH
async def test_what_one_member_was_told_another_is_not(world: World, host: Host) -> None:
    app = await open_app(world, host, bob="ada", cid="grace")
    where = ref_of(world, host, "globex/secret-plans")
    theirs, own = await own_grant(app, world.people.cid), await own_grant(app, world.people.bob)

    told = await ask_for(world, theirs, where.repository_id)
    hidden = await ask_for(world, own, where.repository_id)

    assert isinstance(told, Repository)
    assert isinstance(hidden, Failure)
    assert hidden.fault is Fault.TARGET_GONE


async def test_who_has_no_call_left_is_refused_before_anything_is_sent(world: World) -> None:
    app = await open_app(world, GITLAB, bob="ada")
    grant, where = await own_grant(app, world.people.bob), ref_of(world, GITLAB, "acme/payments-api")
    budget, before = Budget(1), calls(world, GITLAB)
    services = world.services

    await asking.ask(asking.repository(where.repository_id), grant=grant, budget=budget, services=services)
    with pytest.raises(TooComplex):
        await asking.ask(asking.branch(where.repository_id, "main", None), grant=grant, budget=budget, services=services)
    kept = await asking.ask(asking.repository(where.repository_id), grant=grant, budget=budget, services=services)

    assert calls(world, GITLAB) - before == 1
    assert isinstance(kept, Repository)


async def test_who_joins_a_flight_that_ran_out_of_calls_asks_on_their_own_account(world: World) -> None:
    app = await open_app(world, GITHUB, bob="ada")
    grant, services = await own_grant(app, world.people.bob), world.services

    async def read(budget: Budget) -> File | Failure:
        # GitHub's file needs two calls: the branch's commit, then the content.
        question = asking.file("acme/payments-api", "main", "README.md")
        return await asking.ask(question, grant=grant, budget=budget, services=services)

    poor, rich = await asyncio.gather(
        read(Budget(1)),
        read(Budget()),
        return_exceptions=True,
    )

    assert isinstance(poor, TooComplex)
    assert not isinstance(rich, BaseException | Failure)
    assert rich.text == "# payments-api\n"


async def test_a_caller_who_leaves_takes_nobody_elses_answer_along(world: World) -> None:
    app = await open_app(world, GITLAB, bob="ada")
    grant = await own_grant(app, world.people.bob)

    async def search() -> RepositoryPage | Failure:
        question = asking.repositories("payments", None, 100)
        return await asking.ask(question, grant=grant, budget=Budget(), services=world.services)

    leaver, stayer = asyncio.create_task(search()), asyncio.create_task(search())
    await asyncio.sleep(0)

    leaver.cancel()

    assert isinstance(await stayer, RepositoryPage)
