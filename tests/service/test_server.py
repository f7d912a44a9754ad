import asyncio
from pathlib import Path

import httpx2
import pytest
from starlette.applications import Starlette

from app.log.counters import Counter
from app.service.opening import open_services
from app.service.server import create_app
from app.settings import OWN_PATHS, Settings
from app.storage import database as app_database

SECRET = "uzEJbd4vUwfUcwoRa9p2tbvJmVGZ9pYJqvBDqAQLsMk"


@pytest.mark.parametrize("path", [f"/sign-in/{SECRET}/", f"/authorize/{SECRET}/", "/graphql/", "/hooks/slack/"])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_an_address_with_a_slash_too_many_is_nothing_and_repeats_neither_itself_nor_the_host(
    database_url: str, tmp_path: Path, method: str, path: str
) -> None:
    app = service(database_url, tmp_path)

    async with app.router.lifespan_context(app), client_of(app) as client:
        answer = await client.request(method, path, headers={"host": "elsewhere.example"})

    assert (answer.status_code, answer.headers.get("location")) == (404, None)
    assert SECRET not in answer.text


async def test_nothing_is_served_at_a_path_that_the_public_address_could_have(database_url: str, tmp_path: Path) -> None:
    app = service(database_url, tmp_path)

    async with app.router.lifespan_context(app):
        paths = {str(getattr(route, "path", "")) for route in app.routes}

    assert {path.split("/")[1] for path in paths} - {""} == OWN_PATHS


@pytest.mark.parametrize("path", ["", "/", "/installed-apps", "/installed-apps/"])
async def test_at_its_root_the_service_shows_its_pages_below_its_path(database_url: str, tmp_path: Path, path: str) -> None:
    app = service(database_url, tmp_path, public_url="http://127.0.0.1:8000/installed-apps")

    async with app.router.lifespan_context(app), client_of(app) as client:
        answer = await client.get(path)

    assert answer.status_code == 200
    assert '<base href="/installed-apps/" />' in answer.text


async def test_what_is_under_way_at_a_provider_ends_before_what_it_stands_on_is_closed(database_url: str, tmp_path: Path) -> None:
    service(database_url, tmp_path)
    began, saved = asyncio.Event(), asyncio.Event()

    async def exchange() -> None:
        began.set()
        for _ in range(10):
            await Counter.all().count()
        saved.set()

    async with open_services(Settings(data_dir=tmp_path, database_url=database_url)) as services:
        waiting = asyncio.create_task(services.single_flight.join("exchange", exchange))
        await began.wait()
        waiting.cancel()

    assert saved.is_set()


def service(database_url: str, folder: Path, **changed: str) -> Starlette:
    settings = Settings.model_validate({"data_dir": folder, "database_url": database_url, **changed})
    if not app_database.is_embedded(database_url):
        from app.sealing.keyring import make_keyring  # noqa: PLC0415 - only where the service makes none itself

        make_keyring(settings.keyring)
    return create_app(settings)


def client_of(app: Starlette) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://127.0.0.1:8000")
