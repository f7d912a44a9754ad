import json
from collections.abc import AsyncGenerator
from typing import Any

import httpx2
import pytest
import strawberry
from starlette.applications import Starlette

from app.access.rules import PUBLIC_ATTRIBUTE, attributes
from app.errors import TooComplex
from app.graphql.context import Info
from app.graphql.execution.schema import Schema
from app.graphql.fields import query, relation, subscription
from app.graphql.transport.view import View
from app.outbound import Outbound, Request, Unreachable
from app.outbound.budget import MOST_CALLS, Budget, CountedOutbound
from tests.graphql.tiny import World, caller
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


@strawberry.type(description="What providers are asked for.")
@attributes(PUBLIC_ATTRIBUTE)
class Answers:
    @relation(description="Asks as often as one operation may.")
    def all_of_them(self, info: Info) -> int:
        for _ in range(MOST_CALLS):
            info.context.budget.spend()
        return MOST_CALLS

    @relation(description="Asks once more.")
    def one_more(self, info: Info) -> int:
        info.context.budget.spend()
        return 1


@strawberry.type(description="Questions.")
class Query:
    @query(description="Asked once.")
    def once(self, info: Info) -> Answers:
        assert info.context.viewer == caller()
        return Answers()


@strawberry.type(description="Events.")
class Subscription:
    @subscription(description="Asked three times.")
    async def again(self, info: Info) -> AsyncGenerator[Answers, None]:
        assert info.context.viewer == caller()
        for _ in range(3):
            yield Answers()


async def events_of(fields: str) -> list[Any]:
    """Return what each event of the subscription says, as a client is told it."""
    world = World()
    view = View(Schema(Query, None, Subscription), authenticate=world.authenticate, services=world.services)
    transport = httpx2.ASGITransport(app=Starlette(routes=view.routes()))
    headers = {"Authorization": "Bearer good", "Accept": "text/event-stream"}
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000", headers=headers) as client:
        answer = await client.post("/graphql", json={"query": f"subscription {{ again {{ {fields} }} }}"})
    told = [json.loads(line.removeprefix("data: ")) for line in answer.text.splitlines() if line.startswith("data: {")]
    return [event["data"]["again"] if not event.get("errors") else event["errors"][0]["extensions"]["code"] for event in told]


async def test_each_event_of_a_subscription_may_ask_as_often_as_an_operation() -> None:
    assert await events_of("allOfThem") == 3 * [{"allOfThem": MOST_CALLS}]


async def test_no_event_of_a_subscription_may_ask_more_often() -> None:
    assert await events_of("allOfThem oneMore") == 3 * ["TOO_COMPLEX"]
