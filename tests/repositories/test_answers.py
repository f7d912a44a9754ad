"""What is kept of the providers' answers, beside what `test_asking` says of it: it has a bound."""

from app.outbound import Sender
from app.outbound.answers import KEPT_FOR
from app.outbound.budget import Budget
from app.providers.contract import Authorized
from app.providers.hosting import Entry, EntryPage, File
from app.sign_ins import answers
from app.sign_ins.models import Grant
from tests.installed_apps.git_servers import GITLAB, own_grant
from tests.installed_apps.world import World
from tests.repositories.scene import open_app

LARGE = 1024 * 1024


async def test_large_files_give_way_to_newer_ones(world: World) -> None:
    app = await open_app(world, GITLAB, bob="ada")
    grant, asked = await own_grant(app, world.people.bob), list[str]()

    for number in range(12):
        await read(world, grant, f"{number}", asked)
    await read(world, grant, "11", asked)
    await read(world, grant, "0", asked)

    assert asked == [*(f"{number}" for number in range(12)), "0"]


async def test_pages_of_long_names_weigh_what_they_hold(world: World) -> None:
    app = await open_app(world, GITLAB, bob="ada")
    grant, asked = await own_grant(app, world.people.bob), list[int]()
    budget = Budget()

    async def ask(number: int) -> None:
        async def put(_: Authorized, __: Sender) -> EntryPage:
            asked.append(number)
            return EntryPage(tuple(Entry("x" * 3_000, "x" * 3_000, is_directory=False) for _ in range(100)), None)

        await answers.ask(grant, ("entries", number), put, budget=budget, services=world.services)

    for number in range(20):
        await ask(number)
    await ask(19)
    await ask(0)

    assert asked == [*range(20), 0]


async def test_answers_that_nobody_asks_for_again_do_not_stay_for_their_age(world: World) -> None:
    app = await open_app(world, GITLAB, bob="ada")
    grant = await own_grant(app, world.people.bob)
    for number in range(5):
        await read(world, grant, f"old {number}", [])

    world.clock.advance(KEPT_FOR)
    await read(world, grant, "new", [])

    kept = world.services.answers._kept  # noqa: SLF001 - memory that nobody can ask about
    assert [question for _, question in kept] == [("file", "new")]


async def read(world: World, grant: Grant, path: str, asked: list[str]) -> None:
    async def put(_authorized: Authorized, _outbound: Sender) -> File:
        asked.append(path)
        return File(path=path, ref="main", commit="c", size=LARGE, is_binary=False, text="a" * LARGE)

    await answers.ask(grant, ("file", path), put, budget=Budget(), services=world.services)
