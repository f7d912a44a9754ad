"""A browser that signs in at the operator's OIDC issuer, a real one on a port of its own."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import unescape

import httpx2
from starlette.applications import Starlette

from app.outbound.origins import origin_of
from app.teams import oidc_routes, routes
from app.web.below import below
from tests.servers import NO_TLS
from tests.teams.issued import Issued


@dataclass
class Visit:
    """A browser in front of the service, and what it meets on its way."""

    issued: Issued
    browser: httpx2.AsyncClient

    @property
    def home(self) -> str:
        return self.issued.services.settings.public_url

    async def set_off(self, next_path: str = "") -> str:
        """Press the button; return where the page leads."""
        form = await self.browser.get(f"/sign-in{next_path}")
        [action] = re.findall(r'<form method="post" action="([^"]+)">', form.text)
        page = await self.browser.post(f"/{unescape(action)}", headers={"Origin": str(origin_of(self.home))})
        assert page.status_code == 200
        [link] = re.findall(r'<a href="([^"]+)">Go on', page.text)
        assert page.headers["refresh"] == f"0; url={unescape(link)}"
        return unescape(link)

    async def agree(self, url: str) -> str:
        """Sign in at the issuer; return the address that it sends the browser back to."""
        async with httpx2.AsyncClient(trust_env=False, verify=NO_TLS) as client:
            answer = await client.get(url)
        assert answer.status_code == 302, answer.text
        return str(answer.headers["location"])

    async def come_back(self, address: str) -> httpx2.Response:
        path = address.removeprefix(self.home)
        return await self.browser.get(path, headers={"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"})

    async def sign_in(self, next_path: str = "") -> httpx2.Response:
        return await self.come_back(await self.agree(await self.set_off(next_path)))


@contextmanager
def browsing(issued: Issued) -> Iterator[httpx2.AsyncClient]:
    app = Starlette(routes=[*oidc_routes.routes(services=issued.services), *routes.routes(services=issued.services)])
    yield httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=below(app, issued.services.settings.path)),
        base_url=issued.services.settings.public_url,
        follow_redirects=False,
    )
