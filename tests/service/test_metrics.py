from collections.abc import Mapping
from pathlib import Path

import httpx2
import pytest
from pydantic import SecretStr
from starlette.applications import Starlette

from app.service.metrics import KEPT_FOR
from app.service.server import create_app
from app.settings import Settings
from app.storage import database as app_database
from tests import databases
from tests.faults.before_postgres import through_proxy
from tests.faults.proxy import Refuse
from tests.held import HeldClock
from tests.telemetry.reading import read_samples, value_of

TOKEN = "metrics-token-of-the-operator"
SECRET = "uzEJbd4vUwfUcwoRa9p2tbvJmVGZ9pYJqvBDqAQLsMk"
HERE = ("127.0.0.1", 40_000)
ELSEWHERE = ("192.0.2.7", 40_000)


async def test_without_a_token_only_this_machine_is_told(database_url: str, tmp_path: Path) -> None:
    app = service(database_url, tmp_path)

    async with app.router.lifespan_context(app):
        here = await scrape(app, peer=HERE)
        mapped = await scrape(app, peer=("::ffff:127.0.0.1", 1))
        elsewhere = await scrape(app, peer=ELSEWHERE)

    assert (here.status_code, mapped.status_code, elsewhere.status_code) == (200, 200, 403)
    assert here.headers["content-type"].startswith("text/plain; version=")
    assert "installed_apps" not in elsewhere.text


@pytest.mark.parametrize(
    "headers",
    [
        {"x-forwarded-for": "127.0.0.1"},
        {"x-forwarded-for": ""},
        {"forwarded": "for=127.0.0.1"},
        {"x-real-ip": "127.0.0.1"},
        {"x-forwarded-proto": "https"},
        {"x-forwarded-host": "127.0.0.1"},
        {"via": "1.1 proxy"},
        {"host": "apps.example.com"},
        {"host": "127.0.0.1.example.com"},
    ],
)
async def test_what_a_proxy_on_this_machine_hands_on_is_not_of_this_machine(
    database_url: str, tmp_path: Path, headers: Mapping[str, str]
) -> None:
    app = service(database_url, tmp_path)

    async with app.router.lifespan_context(app):
        answer = await scrape(app, peer=HERE, headers=headers)

    assert answer.status_code == 403


async def test_a_trusted_proxy_is_not_this_machine_whatever_it_says(database_url: str, tmp_path: Path) -> None:
    app = service(database_url, tmp_path, trusted_proxies="127.0.0.0/8")

    async with app.router.lifespan_context(app):
        answer = await scrape(app, peer=HERE)

    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("given", "status"),
    [
        (f"Bearer {TOKEN}", 200),
        (f"Bearer {TOKEN}x", 401),
        (f"Bearer {TOKEN[:-1]}", 401),
        (f"Basic {TOKEN}", 401),
        (TOKEN, 401),
        ("Bearer é", 401),
        (None, 401),
    ],
)
async def test_with_a_token_whoever_has_it_is_told_and_nobody_else(
    database_url: str, tmp_path: Path, given: str | None, status: int
) -> None:
    app = service(database_url, tmp_path, metrics_token=SecretStr(TOKEN))
    headers = {"authorization": given.encode()} if given is not None else {}

    async with app.router.lifespan_context(app):
        answers = [await scrape(app, peer=peer, headers=headers) for peer in (HERE, ELSEWHERE)]

    assert [answer.status_code for answer in answers] == [status, status]
    assert [answer.headers.get("www-authenticate") for answer in answers] == [None if status == 200 else "Bearer"] * 2


async def test_requests_are_counted_by_their_route_and_never_by_what_came_in(database_url: str, tmp_path: Path) -> None:
    app = service(database_url, tmp_path)

    async with app.router.lifespan_context(app):
        await ask(app, "GET", f"/sign-in/{SECRET}")
        await ask(app, "GET", f"/nowhere/{SECRET}")
        await ask(app, SECRET, "/graphql")
        text = (await scrape(app, peer=HERE)).text

    samples = read_samples(text)
    assert SECRET not in text
    assert value_of(samples, "http_requests_total", route="/sign-in/{secret}", method="GET", status="404") == 1
    assert value_of(samples, "http_requests_total", route="(none)", method="GET", status="404") == 1
    assert value_of(samples, "http_requests_total", route="/graphql", method="(other)", status="405") == 1
    assert value_of(samples, "http_request_seconds_count", route="/sign-in/{secret}", method="GET") == 1
    assert value_of(samples, "process_starts_total") == 1


@pytest.mark.skipif(not databases.POSTGRES_URL, reason="this run is SQLite's")
async def test_a_scrape_answers_without_the_database_and_its_gauges_are_absent(database_url: str, tmp_path: Path) -> None:
    async with through_proxy(database_url) as (proxy, url):
        clock = HeldClock()
        app = service(url, tmp_path, clock=clock)
        async with app.router.lifespan_context(app):
            present = await scrape(app, peer=HERE)
            proxy.impose(Refuse())
            proxy.cut()
            clock.advance(KEPT_FOR)
            away = await scrape(app, peer=HERE)
            proxy.heal()
            clock.advance(KEPT_FOR)
            back = await scrape(app, peer=HERE)

    assert [answer.status_code for answer in (present, away, back)] == [200, 200, 200]
    waiting = [value_of(read_samples(answer.text), "deliveries_waiting") for answer in (present, away, back)]
    assert waiting == [0, None, 0]
    assert value_of(read_samples(away.text), "process_starts_total") == 1


def service(database_url: str, folder: Path, *, clock: HeldClock | None = None, **settings: object) -> Starlette:
    made = Settings.model_validate({"data_dir": folder, "database_url": database_url, **settings})
    if not app_database.is_embedded(database_url):
        from app.sealing.keyring import make_keyring  # noqa: PLC0415 - only where the service makes none itself

        make_keyring(made.keyring)
    return create_app(made, clock=clock)


async def scrape(app: Starlette, *, peer: tuple[str, int], headers: Mapping[str, str | bytes] | None = None) -> httpx2.Response:
    return await ask(app, "GET", "/metrics", peer=peer, headers=headers)


async def ask(
    app: Starlette,
    method: str,
    path: str,
    *,
    peer: tuple[str, int] = HERE,
    headers: Mapping[str, str | bytes] | None = None,
) -> httpx2.Response:
    transport = httpx2.ASGITransport(app, client=peer)
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client:
        return await client.request(method, path, headers=dict(headers or {}))  # type: ignore[arg-type]  # bytes are well, one by one
