"""The providers' pictures, as a browser is given them."""

import xml.etree.ElementTree as ET

import httpx2
import pytest
from starlette.applications import Starlette

from app.catalogue.routes import routes
from app.providers.catalogue import CATALOGUE
from tests.servers import NO_TLS


async def ask(path: str, **headers: str) -> httpx2.Response:
    transport = httpx2.ASGITransport(app=Starlette(routes=routes()))
    async with httpx2.AsyncClient(transport=transport, base_url="https://apps.example.com", verify=NO_TLS) as client:
        return await client.get(path, headers=headers)


@pytest.mark.parametrize("key", CATALOGUE)
async def test_a_picture_says_whose_it_is_and_can_do_nothing(key: str) -> None:
    answer = await ask(f"/icons/{key}.svg")

    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/svg+xml")
    assert answer.headers["cache-control"] == "public, max-age=86400"
    assert answer.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'; sandbox"
    assert answer.headers["x-content-type-options"] == "nosniff"
    picture = ET.fromstring(answer.text)  # noqa: S314 - our own
    assert picture.attrib["aria-label"] == CATALOGUE[key].name
    assert {each.tag.rpartition("}")[2] for each in picture.iter()} == {"svg", "rect", "text"}


async def test_who_has_it_already_is_sent_nothing() -> None:
    tag = (await ask("/icons/slack.svg")).headers["etag"]

    again = await ask("/icons/slack.svg", **{"If-None-Match": f'"other", {tag}'})

    assert (again.status_code, again.text) == (304, "")
    assert again.headers["etag"] == tag


@pytest.mark.parametrize("name", ["none.svg", "slack.png", "..%2fslack.svg", "SLACK.svg"])
async def test_what_is_no_provider_has_none(name: str) -> None:
    assert (await ask(f"/icons/{name}")).status_code == 404
