"""Asks operations as somebody, and says what must not have come of them."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from app.log.counters import head
from tests.installed_apps.world import World, make_people, schema
from tests.operations.findings import in_answer, in_rows
from tests.operations.stock import Stock
from tests.tenancy.door import JSON, Answer, door_to
from tests.tenancy.kept import changes, rows_by_team
from tests.tenancy.teams import OURS, THEIRS, Things, Who, furnish

_RENEW_EVERY = 15
_WORD = re.compile(r"@([A-Za-z' -]+(?::\d)?)@")
_LIST = frozenset({"edges", "nodes", "pageInfo", "totalCount"})


@dataclass
class Told:
    """`reached` counts the operations that were answered with something of the team's, `recorded` what the log has of them."""

    who: Who
    asked: int = 0
    reached: int = 0
    recorded: int = 0
    codes: Counter[str] = field(default_factory=Counter)
    findings: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        codes = ", ".join(f"{number} {code}" for code, number in self.codes.most_common())
        return f"{self.who}: {self.asked} operations, {self.reached} reached data, {self.recorded} events; errors: {codes}"


async def replay(world: World, operations: Iterable[str], *, who: Who, random: Random) -> Told:
    """Furnish two teams, ask everything as somebody of the one, and look at what was answered and at what there is then."""
    theirs = await furnish(world, await make_people(world.services, name="Comet"), THEIRS)
    ours = await furnish(world, world.people, OURS)
    stock, told = Stock(world, ours, theirs, who=who, random=random), Told(who)
    team_id = world.people.team_id
    began, before = await head(team_id), (await rows_by_team())[theirs.people.team_id]
    made_by_stock = 0
    async with door_to(schema(), world.services) as door:
        for number, operation in enumerate(operations):
            if number % _RENEW_EVERY == 0:
                position = await head(team_id)
                await stock.renew()
                made_by_stock += await head(team_id) - position
            text = _WORD.sub(lambda word: stock.find(word[1]), operation)
            put = door.listen if text.startswith("subscription") else door.ask
            answer = await put(stock.token, text, {})
            if _note(told, text, answer, theirs=theirs):
                stock.note_cursors([result.get("data") for result in answer.results])
    told.recorded = await head(team_id) - began - made_by_stock
    after = (await rows_by_team())[theirs.people.team_id]
    told.findings += [f"another team's {change}" for change in changes(before, after)]
    told.findings += await in_rows()
    return told


def _note(told: Told, operation: str, answer: Answer, *, theirs: Things) -> bool:
    """Take down what came of it; return whether nothing was wrong with it."""
    told.asked += 1
    wrong = list(in_answer(answer, operation, theirs=theirs))
    told.findings += [f"{finding}: {operation}" for finding in wrong]
    if wrong:
        return False
    told.reached += any(_has_found(result, operation) for result in answer.results)
    told.codes.update(error["extensions"]["code"] for result in answer.results for error in result.get("errors", ()))
    return True


def _has_found(result: JSON, operation: str) -> bool:
    """Whether the result shows a thing, or a list with something in it."""
    shown = list((result.get("data") or {}).values())
    if operation.startswith("mutation"):
        shown = [value for payload in shown if payload for name, value in payload.items() if name != "userErrors"]
    return any(map(_is_there, shown))


def _is_there(value: Any) -> bool:
    match value:
        case dict() if value and value.keys() <= _LIST:
            return any(map(_is_there, value.values()))
        case list():
            return any(map(_is_there, value))
        case _:
            return bool(value) or value == {}
