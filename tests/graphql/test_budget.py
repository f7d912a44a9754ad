from typing import Any

import pytest

from app.errors import TooComplex
from app.graphql.budget import MOST_CALLS, Budget, CountedOutbound
from app.outbound import Outbound, Request, Unreachable
from tests.wires import CountedDial, Names


def test_a_budget_is_spent_call_by_call_and_renewed_whole() -> None:
    budget = Budget(2)
    budget.spend()
    budget.spend()
    with pytest.raises(TooComplex, match="more than 2 times"):
        budget.check()
    with pytest.raises(TooComplex):
        budget.spend()

    budget.renew()

    budget.spend()
    budget.spend()


async def test_every_request_that_goes_out_costs_a_call_and_the_first_too_many_does_not_go() -> None:
    dial = CountedDial()
    outbound = Outbound(resolve=Names(["93.184.215.14"]), dial=dial)
    counted = CountedOutbound(outbound, Budget())
    there: dict[str, Any] = {"origin": "https://git.example.com"}

    for _ in range(MOST_CALLS):
        assert isinstance(await counted.send(Request("GET", "https://git.example.com/x"), **there), Unreachable)
    with pytest.raises(TooComplex):
        await counted.send(Request("GET", "https://git.example.com/x"), **there)

    assert len(dial.connects) == MOST_CALLS
    await outbound.aclose()
