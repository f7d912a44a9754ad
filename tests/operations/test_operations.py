"""Whatever the schema lets anybody ask: no failure of ours, no word of the inside, and nothing that does not agree afterwards."""

from collections.abc import Iterator
from random import Random

import pytest

from tests.installed_apps.world import World, schema
from tests.journeys.soaking import fresh_random, full, say
from tests.operations import seed
from tests.operations.generation import draw, is_taken
from tests.operations.replay import replay
from tests.tenancy.teams import Who

SCHEMA = schema()._schema  # noqa: SLF001 - its lists say how long they may be, which no text of it does
ASKING = (Who.ADMIN, Who.MEMBER, Who.VIEWER, Who.NOBODY)
EVERYBODY = pytest.mark.parametrize("who", ASKING)

SLICE = 10
LEAST_REACHED = 200
DRAWN = full(20_000, ci=200)
OF_ONE_SEED = 500


def test_the_kept_operations_are_still_operations_of_this_schema() -> None:
    """A quarter of them: whether all are is seen where all are asked."""
    some = seed.read()[:: full(1, ci=4)]

    refused = [operation for operation in some if not is_taken(SCHEMA, operation)]

    assert refused == [], f"{len(refused)} are not taken any more: scripts/operations draws them anew"


@EVERYBODY
async def test_some_of_the_kept_operations_do_no_harm(world: World, who: Who) -> None:
    some = seed.read()[ASKING.index(who) :: seed.COUNT // SLICE]

    told = await replay(world, some, who=who, random=Random(0))  # noqa: S311 - choices of a test

    say(str(told))
    assert told.findings == []


@pytest.mark.endurance
@EVERYBODY
async def test_no_kept_operation_does_any_harm(world: World, who: Who) -> None:
    told = await replay(world, seed.read(), who=who, random=fresh_random())

    say(str(told))
    assert told.findings == []
    assert (told.reached >= LEAST_REACHED) is (who is not Who.NOBODY)


@pytest.mark.endurance
@EVERYBODY
async def test_no_operation_that_is_drawn_anew_does_any_harm(world: World, who: Who) -> None:
    random = fresh_random()

    told = await replay(world, drawn(random, DRAWN // len(ASKING)), who=who, random=random)

    say(str(told))
    assert told.findings == []


def test_the_same_seed_draws_the_same_operations() -> None:
    first, again = (draw(SCHEMA, seed=7, count=20) for _ in range(2))

    assert first == again
    assert len(set(first)) == len(first)


def drawn(random: Random, count: int) -> Iterator[str]:
    """Yield so many operations, of several seeds."""
    for start in range(0, count, OF_ONE_SEED):
        number = random.getrandbits(32)
        say(f"operations of seed {number}")
        yield from draw(SCHEMA, seed=number, count=min(OF_ONE_SEED, count - start))
