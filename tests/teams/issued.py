"""Teams whose members have accounts at an OIDC provider of the tests' own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.services import Services
from app.teams.models import Member
from tests.held import HeldClock
from tests.oidc.idp import Idp, run_idp
from tests.services import PUBLIC_URL, make_services
from tests.teams.people import found


@dataclass
class Issued:
    """The services, whose issuer is the provider, where Ada, the team's admin, sits in front of the browser."""

    services: Services
    idp: Idp
    ada: Member

    def token_of(self, member: Member, **more: Any) -> str:
        return self.idp.token(**{"sub": str(member.id), "email": member.email, "team_id": str(member.team_id), **more})


@asynccontextmanager
async def issuing(*, folder: Path, clock: HeldClock, **settings: Any) -> AsyncIterator[Issued]:
    with run_idp(clock) as idp:
        made = idp.settings(data_dir=folder, **{"public_url": PUBLIC_URL, **settings})
        async with make_services(folder=folder, clock=clock, settings=made, outbound=idp.outbound()) as services:
            ada = (await found(services)).admin
            idp.person = {"sub": "ada", "email": ada.email, "email_verified": True, "team_id": str(ada.team_id)}
            yield Issued(services, idp, ada)
