"""Many things of one provider, with few questions."""

from dataclasses import dataclass, field

import pytest

from app.errors import TooComplex
from app.providers.contract import Failure, Fault
from app.sign_ins.lookups import FEW, MOST_ALONE, MOST_PAGES, Listed, Source, look_up

BROKEN = Failure(Fault.UNREACHABLE, "It does not answer.")


@dataclass
class Shelf:
    """A provider with `listed` in its list and `hidden` beside it, that stops answering after so many questions."""

    listed: list[str] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)
    patience: int = 100
    page: int = 10
    asked: list[str | None] = field(default_factory=list)

    async def find(self, wanted: str) -> str | Failure:
        self._count(wanted)
        return wanted.upper() if wanted in (*self.listed, *self.hidden) else BROKEN

    async def turn(self, cursor: str | None) -> Listed[str] | Failure:
        self._count(cursor)
        begin = int(cursor or 0)
        entries = {one: one.upper() for one in self.listed[begin : begin + self.page]}
        return Listed(entries, str(begin + self.page) if begin + self.page < len(self.listed) else None)

    def _count(self, question: str | None) -> None:
        if len(self.asked) >= self.patience:
            raise TooComplex("This operation would ask providers too often.")
        self.asked.append(question)

    async def look_up(self, *wanted: str) -> dict[str, str]:
        return await look_up(wanted, source=Source(self.find, self.turn))


def names(count: int, *, begin: int = 0) -> list[str]:
    return [f"n{number:03}" for number in range(begin, begin + count)]


async def test_few_are_asked_for_one_by_one_and_each_once() -> None:
    shelf = Shelf(names(100))

    found = await shelf.look_up("n001", "n002", "n001", "gone")

    assert found == {"n001": "N001", "n002": "N002"}
    assert sorted(map(str, shelf.asked)) == ["gone", "n001", "n002"]


async def test_for_more_the_list_is_read_and_only_as_far_as_is_needed() -> None:
    shelf = Shelf(names(100))

    found = await shelf.look_up(*names(FEW + 1, begin=8))

    assert list(found) == names(FEW + 1, begin=8)
    assert shelf.asked == [None, "10"]


async def test_what_the_list_lacks_is_asked_for_so_many_at_most() -> None:
    shelf = Shelf(names(10), hidden=names(50, begin=100))

    found = await shelf.look_up(*names(50, begin=100))

    assert len(found) == MOST_ALONE
    assert len(shelf.asked) == 1 + MOST_ALONE


async def test_no_list_is_read_without_end() -> None:
    shelf = Shelf(names(1000))

    found = await shelf.look_up(*names(4, begin=900))

    assert list(found) == names(4, begin=900)
    assert shelf.asked[:MOST_PAGES] == [None, "10", "20", "30", "40"]
    assert len(shelf.asked) == MOST_PAGES + 4


@pytest.mark.parametrize("patience", [0, 1, 2])
async def test_what_is_too_much_to_ask_for_is_not_there(patience: int) -> None:
    few, many = Shelf(names(30), patience=patience), Shelf(names(30), patience=patience)

    assert len(await few.look_up(*names(3))) == patience
    assert (
        list(await many.look_up("n001", "n005", "n011", "n025"))
        == {0: [], 1: ["n001", "n005"], 2: ["n001", "n005", "n011"]}[patience]
    )


async def test_who_does_not_answer_for_the_list_is_not_asked_for_its_entries() -> None:
    shelf = Shelf(names(30))

    async def refuse(cursor: str | None) -> Failure:
        shelf.asked.append(cursor)
        return BROKEN

    found = await look_up(names(10), source=Source(shelf.find, refuse))

    assert found == {}
    assert shelf.asked == [None]
