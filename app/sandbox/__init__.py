"""Stand-ins for the providers, for trying everything without an account and for tests.

They speak the providers' wire protocols, with state, so that real clients written by others work against them unchanged. They
import nothing of the service but its clock: otherwise each would prove the other's mistakes. A provider is a `StandIn`
(state.py): what it serves below its own name, and what it adds to /control.
"""

import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount

from app.clock import Clock
from app.sandbox.access import LoopbackOnly, NoWebPage
from app.sandbox.control import control_routes
from app.sandbox.front_page import front_routes
from app.sandbox.github import GitHub
from app.sandbox.gitlab import GitLab
from app.sandbox.pagerduty import PagerDuty
from app.sandbox.slack import Slack
from app.sandbox.slack_events import Events
from app.sandbox.slack_state import SlackState
from app.sandbox.state import State
from app.sandbox.webhook import Webhook
from app.sandbox.wire import Watched


def create_sandbox(
    *,
    clock: Clock,
    entropy: Callable[[int], bytes] = secrets.token_bytes,
    events_url: str | None = None,
    rotation: bool = False,
    retry_after: Sequence[float] = (0.0, 5.0, 30.0),
) -> Starlette:
    """Return the sandbox: the providers below their names, /control beside them, and at / what they hold, for people.

    Slack's signed events go to `events_url`; one that is not answered with 2xx within 3 s is sent again after each of the
    `retry_after` seconds (Slack itself waits 0, 60 and 300). `rotation`: Slack's tokens expire and are refreshed.
    """
    events = Events(clock=clock, entropy=entropy, url=events_url, retry_after=retry_after)
    slack = Slack(SlackState(clock=clock, entropy=entropy, events=events, rotation=rotation))
    github = GitHub(clock=clock, entropy=entropy)
    gitlab = GitLab(clock=clock, entropy=entropy)
    state = State(clock=clock, stand_ins=(slack, github, gitlab, Webhook(clock=clock), PagerDuty(clock=clock)))

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with events.sent():
            yield

    providers = [
        Mount(f"/{each.name}", routes=each.routes(), middleware=[Middleware(Watched, state=state, stand_in=each)])
        for each in state.stand_ins
    ]
    control = Mount("/control", routes=control_routes(state), middleware=[Middleware(NoWebPage)])
    return Starlette(routes=[*front_routes(state), control, *providers], middleware=[Middleware(LoopbackOnly)], lifespan=lifespan)
