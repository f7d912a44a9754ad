"""The cost law: an input of doubled size costs CPU that at most doubles, and nobody else waits for one that is allowed.

By every way in, before and after the sign-in, on one process and on two.
"""

import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from app.graphql.transport.requests import LARGEST_BODY
from tests.abuse.law.doubling import DOUBLED, find_jumps, growth, measure, sizes, time_thread
from tests.abuse.law.figures import Figure, tabulate
from tests.abuse.law.files import READINGS
from tests.abuse.law.inputs import Reading, Sender
from tests.abuse.law.served import ALLOWED_SECONDS, Served, served
from tests.abuse.law.table import SENT, Case, afforded, name_of
from tests.journeys.soaking import full, say
from tests.processes import Service
from tests.servers import run_server
from tests.slowness import slowness

HALVINGS, BEYOND = full(1, ci=2), 4
"""How finely an input's sizes are looked at, and up to how many times the largest that is allowed."""


_BROKEN = re.compile(rb'HTTP/1\.1 500|"INTERNAL"')


@dataclass
class Figures:
    """What all tests have measured, told at their end."""

    title: str
    found: list[Figure] = field(default_factory=list)


@pytest.fixture(scope="module")
def read() -> Iterator[Figures]:
    figures = Figures("what functions read")
    yield figures
    say(f"\n{figures.title}\n{tabulate(figures.found)}")


Running = tuple[Served, Figures]


@pytest.fixture(scope="module")
def one_process(database_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(database_template, tmp_path_factory.mktemp("one"), workers=1) as service:
        yield service


@pytest.fixture(scope="module")
def two_processes(database_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(database_template, tmp_path_factory.mktemp("two"), workers=2) as service:
        yield service


@contextmanager
def running(template: str, folder: Path, *, workers: int) -> Iterator[Running]:
    figures = Figures(f"what is sent to {workers} process(es)")
    with served(template, folder, workers=workers) as service:
        yield service, figures
    say(f"\n{figures.title}\n{tabulate(figures.found)}")


@pytest.mark.endurance
@pytest.mark.parametrize("one", READINGS, ids=lambda one: f"{one.way}: {one.name}")
def test_what_is_read_costs_at_most_twice_as_much_when_it_is_twice_as_long(one: Reading, read: Figures) -> None:
    def cost_of(size: int) -> float:
        made = one.make(size)
        return time_thread(lambda: one.read(made))

    costs = measure(cost_of, sizes(one.largest, halvings=HALVINGS, beyond=BEYOND))

    read.found.append(Figure(one.way, one.name, cost=costs.get(one.largest), growth=growth(costs)))
    assert find_jumps(costs) == []


@pytest.mark.endurance
@pytest.mark.parametrize("case", afforded(one_of=3), ids=name_of)
def test_what_is_sent_costs_at_most_twice_as_much_when_it_is_twice_as_long(one_process: Running, case: Case) -> None:
    service, figures = one_process
    one, signed_in = case

    def cost_of(size: int) -> float:
        return service.cost_of(one, size, signed_in=signed_in)

    costs = measure(cost_of, sizes(one.largest, halvings=HALVINGS, beyond=BEYOND))

    figures.found.append(Figure(one.way, one.name, cost=costs.get(one.largest), growth=growth(costs)))
    assert find_jumps(costs) == []


@pytest.mark.endurance
@pytest.mark.parametrize("case", afforded(one_of=6), ids=name_of)
def test_nobody_else_waits_while_the_largest_that_is_allowed_is_sent(one_process: Running, case: Case) -> None:
    assert_nobody_else_waits(one_process, case)


@pytest.mark.endurance
@pytest.mark.parametrize("case", afforded(one_of=14), ids=name_of)
def test_nobody_else_waits_for_either_of_two_processes(two_processes: Running, case: Case) -> None:
    assert_nobody_else_waits(two_processes, case)


def assert_nobody_else_waits(running: Running, case: Case) -> None:
    service, figures = running
    one, signed_in = case

    service.note_processes()
    waits = service.waits_of(one, signed_in=signed_in)

    figures.found.append(Figure(one.way, one.name, wait=waits.made))
    assert waits.made <= ALLOWED_SECONDS
    assert [answer for answer in waits.answers if _BROKEN.search(answer)] == []
    assert service.has_its_processes()


def test_there_are_enough_of_them_by_every_way() -> None:
    ways = {sent.way for sent in SENT} | {reading.way for reading in READINGS}

    assert len(SENT) + len(READINGS) >= 300
    assert len({(one.way, one.name) for one in SENT}) == len(SENT)
    assert ways == {
        "head",
        "cookies",
        "body",
        "JSON",
        "GraphQL text",
        "variables",
        "WebSocket frames",
        "SSE",
        "form posts",
        "hooks",
        "provider answers",
        "Newman files",
        "JUnit files",
        "settings",
        "cursors",
        "ids",
    }


QUADRATIC = re.compile(r"a*b")
"""Looked for in letters that are all `a`, it begins at each of them and goes on to the end."""

PLANTED = {
    "a pattern that begins again at each letter": QUADRATIC.search,
    "each letter counted in all": lambda text: [text.count(letter) for letter in text],
    "a text cut off at its begin, letter by letter": lambda text: [text[start:] for start in range(len(text))],
}


@pytest.mark.endurance
@pytest.mark.parametrize("work", PLANTED.values(), ids=PLANTED)
def test_what_is_quadratic_breaks_the_law_before_it_takes_long(work: Callable[[str], object]) -> None:
    costs = measure(lambda size: time_thread(lambda: work("a" * size)), sizes(LARGEST_BODY, halvings=HALVINGS, beyond=BEYOND))

    assert len(find_jumps(costs)) == 1
    assert max(costs) < LARGEST_BODY
    assert sum(costs.values()) < 2 * slowness()


@pytest.mark.endurance
def test_what_is_linear_keeps_the_law() -> None:
    def cost_of(size: int) -> float:
        return time_thread(lambda: sum(map(ord, "a" * size)))

    costs = measure(cost_of, sizes(LARGEST_BODY, halvings=HALVINGS, beyond=BEYOND))

    assert find_jumps(costs) == []
    assert max(costs) == BEYOND * LARGEST_BODY
    assert growth(costs) < DOUBLED


def test_a_jump_is_told_by_the_step_at_which_it_is() -> None:
    assert sizes(1024, halvings=2, beyond=4) == [1, 4, 16, 64, 256, 1024, 4096]
    assert sizes(90, halvings=1, beyond=4) == [1, 2, 5, 11, 22, 45, 90, 360]
    assert find_jumps({1: 0.010, 2: 0.020, 4: 0.041, 8: 0.200}) == ["4 cost 41.0 ms and 8 cost 200.0 ms"]
    assert find_jumps({10: 0.010, 40: 0.095}) == []
    assert find_jumps({10: 0.010, 40: 0.165}) == ["10 cost 10.0 ms and 40 cost 165.0 ms"]
    assert growth({1: 0.010, 4: 0.160}) == pytest.approx(4)


@pytest.mark.endurance
@pytest.mark.parametrize(("stands_still", "is_seen"), [(0.0, False), (0.6, True)])
def test_a_service_that_stands_still_is_seen_to(stands_still: float, is_seen: bool, tmp_path: Path) -> None:
    async def spend(_: Request) -> Response:
        begun = time.thread_time()
        while time.thread_time() - begun < stands_still:
            pass
        return PlainTextResponse("done\n")

    async def answer(_: Request) -> Response:
        return PlainTextResponse("alive\n")

    app = Starlette(routes=[Route("/graphql", spend, methods=["POST"]), Route("/healthz", answer)])
    with run_server(app) as url, httpx2.Client() as unused:
        service = Service(folder=tmp_path, database_url="", port=int(url.rpartition(":")[2]))
        toy = Served(service, [os.getpid()], Sender(service.port), Sender(service.port), sandbox=unused)
        waits = toy.waits_of(SENT[0], signed_in=False, tries=2)

    assert (waits.made > ALLOWED_SECONDS) is is_seen
    assert all(answer.endswith(b"done\n") for answer in waits.answers)


def test_the_worst_of_each_way_is_told() -> None:
    table = tabulate(
        [
            Figure("head", "a", cost=0.010, growth=2.0),
            Figure("head", "b", cost=0.020, growth=1.5),
            Figure("head", "a", wait=0.150),
            Figure("body", "c"),
        ]
    )

    assert [re.split(r"  +", line) for line in table.splitlines()[1:]] == [
        ["head", "2", "b", "20 ms", "2.0 (a)", "150 ms (a)"],
        ["body", "1", "-", "-", "-", "-"],
    ]
