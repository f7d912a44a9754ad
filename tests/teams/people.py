"""Teams and callers to test with, and everything that the database holds about them."""

import asyncio
from typing import Any
from uuid import uuid4

from tortoise.models import Model

from app.access.callers import ALL_SCOPES, Caller, Role, Scope
from app.log.counters import Counter
from app.log.events import Event
from app.services import Services
from app.teams.adding import add_member
from app.teams.founding import Founded, create_team
from app.teams.models import AccessToken, BrowserSession, Member, OidcSignIn, SignInLink, Team

TABLES: tuple[type[Model], ...] = (Team, Member, AccessToken, BrowserSession, SignInLink, OidcSignIn, Event, Counter)


async def found(services: Services, *, name: str = "Orbit") -> Founded:
    return await create_team(name=name, admin_name="Ada", admin_email="ada@example.com", services=services)


async def join(services: Services, team: Team, *, name: str, role: Role) -> Member:
    """Add a member whose address is their name's at example.com."""
    email = f"{name.lower()}@example.com"
    return (await add_member(team_id=team.id, actor=None, name=name, email=email, role=role, services=services)).member


def by_session(member: Member) -> Caller:
    return _caller(member, ALL_SCOPES, is_session=True)


def by_token(member: Member, *scopes: Scope) -> Caller:
    return _caller(member, frozenset(scopes), is_session=False)


async def rows() -> dict[str, list[dict[str, Any]]]:
    """Return everything that the tables of teams and their log hold."""
    return {model.__name__: sorted(await model.all().values(), key=repr) for model in TABLES}


async def log() -> list[tuple[str, str]]:
    """Return every event's type and summary, oldest first."""
    return [(row.type, row.summary) for row in await Event.all().order_by("sequence")]


async def cancel(*tasks: asyncio.Task[None]) -> None:
    """End what listens, before the database is closed below it."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _caller(member: Member, scopes: frozenset[Scope], *, is_session: bool) -> Caller:
    return Caller(
        team_id=member.team_id,
        member_id=member.id,
        role=member.role,
        scopes=scopes,
        credential_id=uuid4(),
        is_session=is_session,
        expires_at=None,
    )
