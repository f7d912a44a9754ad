"""Members whose grants at GitLab are renewed all the time, and what has to be true of each grant after a kill."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from random import Random

import httpx2

from app.access.callers import Role
from app.sign_ins.models import Grant, GrantState
from app.sign_ins.sealing import open_refresh
from app.teams import console
from tests.callers import Api
from tests.journeys.soaking import JSON, until
from tests.journeys.statements import run_statement
from tests.journeys.story import TEAM, Story
from tests.journeys.test_git_story import FIND_REPOSITORY, Person, add_server
from tests.processes import Service
from tests.services import services_beside

ACCOUNTS = ("ada", "grace", "ada", "grace")
SLOWNESS = 0.15
"""So many seconds some exchanges take, so that kills find one under way."""

_QUIET_SECONDS = 30.0
_END_LEASES = 'UPDATE "grant" SET lease_until = created_at WHERE lease_until IS NOT NULL'
"""As the passing of a minute does."""


@dataclass
class Renewal:
    """`renewed` counts what worked, `lost` the grants whose only valid tokens a kill has taken along."""

    service: Service
    server: str
    people: Sequence[Person]
    random: Random
    numbers: "count[int]" = field(default_factory=lambda: count(1))
    renewed: int = 0
    kept: int = 0
    lost: int = 0
    seconds: float = 1.0
    """How long a round of renewals took, last."""

    async def live(self) -> None:
        """Have every member's tokens renewed again and again, until the server is gone."""
        with contextlib.suppress(httpx2.TransportError):
            while True:
                began = time.monotonic()
                await self._order(provider="gitlab", fault="expire_tokens")
                if self.random.random() < 0.5:
                    await self._order(provider="gitlab", endpoint="oauth/token", fault="slow", seconds=SLOWNESS)
                answers = await asyncio.gather(*(self._ask(person) for person in self.people), return_exceptions=True)
                for answer in answers:
                    if isinstance(answer, BaseException):
                        raise answer
                    assert is_answer(answer), answer
                    self.renewed += 1
                self.seconds = time.monotonic() - began

    async def verify(self) -> None:
        """See that each grant works whose tokens are valid, and that no other was given up; sign in again where one was."""
        valid = await self._valid_at_provider()
        await run_statement(self.service.database_url, _END_LEASES)
        held = await self._held()
        for person in self.people:
            answer = await self._ask(person)
            if held[person.email] in valid:
                assert is_answer(answer), answer
                self.kept += 1
            else:
                assert not is_answer(answer), answer
                self.lost += 1
                await person.sign_in(self.server)
                assert is_answer(await self._ask(person))

    async def until_provider_is_quiet(self) -> None:
        """Wait until it has ended all that was asked of it: what was under way is spent by then, or never will be."""

        async def is_quiet() -> bool:
            before = await self._state()
            await asyncio.sleep(2 * SLOWNESS)  # longer than it takes for an answer: what is under way shows by then
            return before == await self._state()

        await until(is_quiet, seconds=_QUIET_SECONDS)

    async def _ask(self, person: Person) -> JSON:
        # What was not looked for before has to be asked of the provider.
        return await person.api.answer(FIND_REPOSITORY, {"id": self.server, "search": f"payments{next(self.numbers)}"})

    async def _order(self, **fault: object) -> None:
        async with httpx2.AsyncClient(trust_env=False) as client:
            (await client.post(f"{self.service.sandbox_url}/control/faults", json=fault)).raise_for_status()

    async def _valid_at_provider(self) -> set[str]:
        grants = (await self._state())["grants"]
        return {each["refresh_token"] for each in grants if each["provider"] == "gitlab" and not each["is_revoked"]}

    async def _held(self) -> dict[str, str]:
        """Return each member's refresh token, as it is kept: every one of them opens."""
        async with services_beside(self.service) as services:
            rows = await Grant.filter(state=GrantState.ACTIVE).select_related("member")
            opened = {row.member.email: await open_refresh(row, services=services) for row in rows}
        return {email: token.reveal() for email, token in opened.items() if token is not None}

    async def _state(self) -> JSON:
        async with httpx2.AsyncClient(trust_env=False, timeout=60) as client:
            state: JSON = (await client.get(f"{self.service.sandbox_url}/control/state")).json()
        return state


def is_answer(answer: JSON) -> bool:
    """Whether the provider has answered, and not we in its place."""
    return "errors" not in answer and answer["data"]["installedApp"]["viewerIsAuthenticated"] is True


@asynccontextmanager
async def renewing(story: Story, random: Random) -> AsyncIterator[Renewal]:
    """Yield members who are signed in at GitLab."""
    people = [await _join(story, number, account) for number, account in enumerate(ACCOUNTS)]
    server = await add_server(story, provider="gitlab-self-managed", path="gitlab")
    for person in people:
        await person.sign_in(server)
    try:
        yield Renewal(story.service, server, people, random)
    finally:
        for person in people:
            await person.browser.close()


async def _join(story: Story, number: int, account: str) -> Person:
    email = f"member{number}@example.com"
    async with services_beside(story.service) as services:
        await console.add_member(team=TEAM, name=f"Member {number}", email=email, role=Role.MEMBER, services=services)
        token = await console.create_token(team=TEAM, email=email, scopes=(), days=None, services=services)
        link = await console.make_sign_in_link(team=TEAM, email=email, services=services)
    person = Person(story, email, account, Api(story.service.url, token.reveal()))
    page = await person.browser.submit(await person.browser.open(link.reveal()))
    assert page.status == httpx2.codes.OK, page
    return person
