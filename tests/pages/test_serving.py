"""What a browser gets for a page: the application's one document, and its files."""

import re
from collections.abc import AsyncIterator

import httpx2
import pytest
from starlette.applications import Starlette

from app import pages

NONCES = iter(range(256))


@pytest.fixture
async def browser() -> AsyncIterator[httpx2.AsyncClient]:
    app = Starlette(routes=pages.routes(path="/tools", entropy=lambda size: bytes([next(NONCES)] * size)))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://here") as client:
        yield client


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/integrations",
        "/integrations/browse",
        "/integrations/add/slack/post-monitoring-results",
        "/settings/installed-apps",
        "/settings/members",
        "/monitors",
        "/activity",
    ],
)
async def test_every_page_can_be_reloaded(browser: httpx2.AsyncClient, path: str) -> None:
    answer = await browser.get(path)

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert '<base href="/tools/" />' in answer.text


async def test_a_page_lets_only_this_services_own_files_run(browser: httpx2.AsyncClient) -> None:
    first, second = (await browser.get("/"), await browser.get("/"))

    policies = [answer.headers["content-security-policy"] for answer in (first, second)]
    nonces = [re.findall(r"'nonce-([^']+)'", policy) for policy in policies]
    assert policies[0] == (
        f"default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonces[0][0]}'; connect-src 'self'; "
        "img-src 'self' data:; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
    )
    assert nonces[0] != nonces[1]
    assert f'content="{nonces[0][0]}"' in first.text
    assert first.headers["cache-control"] == "no-store"


async def test_a_file_is_kept_since_its_name_changes_with_what_is_in_it(browser: httpx2.AsyncClient) -> None:
    page = await browser.get("/")
    [script] = re.findall(r'src="\./(pages/[^"]+\.js)"', page.text)

    answer = await browser.get(f"/{script}")

    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", ["/pages/none.js", "/pages/../__init__.py", "/pages/%2e%2e/__init__.py", "/elsewhere"])
async def test_there_is_nothing_else(browser: httpx2.AsyncClient, path: str) -> None:
    answer = await browser.get(path)

    assert answer.status_code == 404


async def test_a_file_is_compressed_on_its_way(browser: httpx2.AsyncClient) -> None:
    page = await browser.get("/")
    [script] = re.findall(r'src="\./(pages/[^"]+\.js)"', page.text)

    answer = await browser.get(f"/{script}", headers={"Accept-Encoding": "gzip"})

    assert answer.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in page.headers
