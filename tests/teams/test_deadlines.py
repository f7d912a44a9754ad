"""An operation at its deadline while somebody keeps the team's lock: answered, done later, and no connection is lost."""

import asyncio

import httpx2
from starlette.applications import Starlette
from starlette.requests import HTTPConnection

from app.access.callers import Caller
from app.graphql.execution.executor import LATE_CHANGE
from app.graphql.transport.view import View
from app.log.events import Change
from app.service.schema import build_schema
from app.services import Services
from app.teams.models import Member
from tests.teams.people import by_session, found

ADD = """
mutation { addTeamMember(input: { name: "Bob", email: "bob@example.com", role: MEMBER }) { member { id } userErrors { code } } }
"""
READ = "{ viewer { team { members(first: 10) { totalCount } } } }"
MORE_THAN_CONNECTIONS = 40


async def test_a_change_that_waits_for_the_teams_lock_is_given_up_and_made_once_it_is_free(services: Services) -> None:
    founded = await found(services)
    caller, held, free = by_session(founded.admin), asyncio.Event(), asyncio.Event()

    async def authenticate(*_: HTTPConnection | str | None) -> Caller:
        return caller

    async def keep(_: Change) -> None:
        held.set()
        await free.wait()

    schema = build_schema()
    hasty, patient = (View(schema, authenticate=authenticate, services=services, deadline=seconds) for seconds in (0.3, 60.0))
    async with client_of(hasty) as client:
        keeping = asyncio.create_task(services.events.change(founded.team.id, keep))
        await held.wait()
        given_up = [(await client.post("/graphql", json={"query": ADD})).json() for _ in range(2)]
        waiting = await Member.filter(team_id=founded.team.id).count()
        free.set()
        await keeping
        await hasty.settle(seconds=20)
    async with client_of(patient) as client:
        answers = await asyncio.gather(*(client.post("/graphql", json={"query": READ}) for _ in range(MORE_THAN_CONNECTIONS)))

    assert [[error["message"] for error in answer["errors"]] for answer in given_up] == [[LATE_CHANGE]] * 2
    assert waiting == 1
    assert {answer.text for answer in answers} == {'{"data":{"viewer":{"team":{"members":{"totalCount":2}}}}}'}


def client_of(view: View) -> httpx2.AsyncClient:
    transport = httpx2.ASGITransport(app=Starlette(routes=view.routes()))
    return httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000")
