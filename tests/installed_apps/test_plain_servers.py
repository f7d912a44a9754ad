"""Git servers of a private network that are spoken to without TLS, because the operator's list says so."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from app.errors import UserErrorCode
from app.outbound import Outbound, parse_allow
from app.sealing.secret import Secret
from app.sign_ins.callbacks import Returned
from app.sign_ins.completion import complete
from app.sign_ins.models import AuthorizationStatus
from tests.forwarding import Book, Map
from tests.installed_apps.git_servers import GITLAB
from tests.installed_apps.world import World, refusal_of
from tests.sign_ins.test_certificates import gitlab
from tests.wires import Server

PRIVATE, PUBLIC = "10.20.0.5", "52.216.0.1"


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with gitlab(None) as server:
        yield server


@asynccontextmanager
async def allowing(allow: str, world: World, server: Server, *, address: str = PRIVATE) -> AsyncIterator[Map]:
    """Let git.corp.example be the server, at that address, and calls go where `allow` lets them. Yield their network."""
    network = Map({address: server.port})
    outbound = Outbound(allow=parse_allow(allow), resolve=Book({"git.corp.example": [address]}), dial=network)
    settings = world.services.settings.model_copy(update={"outbound_allow": allow})
    world.services = replace(world.services, outbound=outbound, settings=settings)
    yield network
    await outbound.aclose()


async def test_a_server_that_the_operator_names_with_http_is_used_without_tls(world: World, server: Server) -> None:
    async with allowing("http://git.corp.example:8080", world, server) as network:
        app = await GITLAB.add(world, world.people.ada, url="http://git.corp.example:8080/gitlab")
        row = await GITLAB.begin(world, world.people.bob, app)
        done = await complete(Returned(row, Secret("the-code"), None), services=world.services)

    assert (app.url, done.status) == ("http://git.corp.example:8080/gitlab", AuthorizationStatus.COMPLETED)
    assert [head.split(b" ")[1] for head in server.heads] == [
        b"/gitlab/api/v4/version",
        b"/gitlab/oauth/token",
        b"/gitlab/api/v4/user",
    ]
    assert set(network.connects) == {f"{PRIVATE}:8080"}


@pytest.mark.parametrize("allow", ["", "git.corp.example", "git.corp.example:8080", "http://git.corp.example", "10.0.0.0/8"])
async def test_any_other_has_to_be_https_and_the_refusal_says_what_the_operator_can_do(
    world: World, server: Server, allow: str
) -> None:
    async with allowing(allow, world, server) as network:
        refused = await refusal_of(GITLAB.add(world, world.people.ada, url="http://git.corp.example:8080/gitlab"))

    assert (refused.code, refused.field) == (UserErrorCode.INVALID, ("using", "client", "url"))
    assert "INSTALLED_APPS_OUTBOUND_ALLOW=http://git.corp.example:8080" in refused.message
    assert network.connects == []


async def test_a_public_address_is_never_called_without_tls(world: World, server: Server) -> None:
    async with allowing("http://git.corp.example", world, server, address=PUBLIC) as network:
        refused = await refusal_of(GITLAB.add(world, world.people.ada, url="http://git.corp.example/gitlab"))

    assert (refused.code, refused.field) == (UserErrorCode.ADDRESS_NOT_ALLOWED, ("using", "client", "url"))
    assert "public addresses go out over https only" in refused.message
    assert network.connects == []
