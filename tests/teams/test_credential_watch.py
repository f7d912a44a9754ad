"""A team's callers are watched together, whoever of them came first."""

import asyncio

import structlog
from structlog.testing import capture_logs

from app.access.callers import Caller, Role
from app.errors import DatabaseAway
from app.services import Services
from app.teams.credential_watch import CredentialWatch
from app.teams.removing import remove_member
from tests.teams.people import by_session, cancel, found, join


async def test_what_is_logged_of_the_watch_is_not_told_of_the_request_that_came_first(services: Services) -> None:
    founded = await found(services)
    answers = iter([None, True, None, False])  # None: the database is away
    was_found_good = asyncio.Event()

    async def is_good(_: Caller) -> bool:
        answer = next(answers)
        if answer is None:
            raise DatabaseAway("Away.", fault="a test's")
        was_found_good.set()
        return answer

    watch = CredentialWatch(founded.team.id, watcher=services.watcher, is_good=is_good, look_again_after=0.01)
    watching = asyncio.create_task(services.watcher.run())

    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as logs:
        with structlog.contextvars.bound_contextvars(request_id="the first one's"):
            waiting = asyncio.create_task(watch.until_ended(by_session(founded.admin)))
        async with asyncio.timeout(5):
            await was_found_good.wait()
            bob = await join(services, founded.team, name="Bob", role=Role.MEMBER)
            await remove_member(team_id=bob.team_id, actor=None, member_id=bob.id, services=services)
            await waiting

    interrupted = {"event": "watching a credential interrupted", "log_level": "warning", "fault": "a test's"}
    assert [row for row in logs if row["event"] == interrupted["event"]] == [interrupted, interrupted]
    await cancel(watching)
