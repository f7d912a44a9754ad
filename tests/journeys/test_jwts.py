"""JWTs at every door of a running service: whoever forges one is turned away, and who is let in stays as long as it holds."""

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from html import unescape
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2
import pytest
import websockets
from websockets.exceptions import ConnectionClosed

from app.clock import SystemClock
from app.sealing.keyring import make_keyring
from app.web.wire.request_bounds import LARGEST_HEAD
from tests.journeys.planted import Planted, Seen
from tests.oidc.forgeries import FORGED, STRANGERS
from tests.oidc.idp import AUDIENCE, CLIENT_ID, CLIENT_SECRET, TEAM_CLAIM, Idp, run_idp
from tests.processes import Service

pytestmark = pytest.mark.processes

QUERY = "{ viewer { member { email } team { id } } }"
INSIDE = ("Traceback", ".py", "joserfc", "pydantic", "cryptography", "/jwks", CLIENT_SECRET, "sqlite", "asyncpg")


@dataclass
class Door:
    """A running service whose issuer is the provider. Each who knocks comes from an address of their own."""

    service: Service
    idp: Idp
    addresses: "count[int]"

    def headers(self) -> dict[str, str]:
        number = next(self.addresses)
        return {"x-forwarded-for": f"198.51.{number // 250}.{number % 250 + 1}"}

    async def post(self, token: str, *, client: httpx2.AsyncClient) -> httpx2.Response:
        headers = {"authorization": f"Bearer {token}", **self.headers()}
        return await client.post(f"{self.service.url}/graphql", json={"query": QUERY}, headers=headers)

    async def get(self, token: str, *, client: httpx2.AsyncClient) -> httpx2.Response:
        headers = {"authorization": f"Bearer {token}", **self.headers()}
        return await client.get(f"{self.service.url}/graphql", params={"query": QUERY}, headers=headers)

    @asynccontextmanager
    async def socket(self, token: str) -> AsyncIterator[websockets.ClientConnection]:
        address = f"{self.service.url.replace('http', 'ws', 1)}/graphql"
        protocols = [websockets.Subprotocol("graphql-transport-ws")]
        async with websockets.connect(
            address, subprotocols=protocols, proxy=None, additional_headers=self.headers()
        ) as connection:
            await connection.send(json.dumps({"type": "connection_init", "payload": {"authorization": f"Bearer {token}"}}))
            yield connection

    async def close_code(self, token: str) -> int:
        async with self.socket(token) as connection:
            return await close_code_of(connection)


async def close_code_of(connection: websockets.ClientConnection) -> int:
    try:
        async with asyncio.timeout(20):
            while True:
                await connection.recv()
    except TimeoutError:
        return 0
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd is not None else 0


@pytest.fixture
async def door(database_url: str, tmp_path: Path) -> AsyncIterator[Door]:
    with run_idp(SystemClock()) as idp:
        idp.kids += ["ed448-1", "p384-1"]
        settings = {"OIDC_ISSUER": idp.url, "OIDC_AUDIENCE": AUDIENCE, "OIDC_TEAM_CLAIM": TEAM_CLAIM}
        settings |= {"OIDC_CLIENT_ID": CLIENT_ID, "OIDC_CLIENT_SECRET": CLIENT_SECRET, "TRUSTED_PROXIES": "127.0.0.1"}
        service = Service(
            folder=tmp_path,
            database_url=database_url,
            sandbox_port=idp.port,  # what stands there is reached over http
            environment={f"INSTALLED_APPS_{name}": value for name, value in settings.items()},
        )
        make_keyring(tmp_path / "keyring.json")
        await service.start("--sandbox")
        try:
            team_id = service.run("team", "create", "Orbit", "--admin-name", "Ada", "--admin-email", "ada@example.com")
            idp.person = {"email": "ada@example.com", "email_verified": True, "team_id": team_id}
            yield Door(service, idp, count())
        finally:
            service.kill()


async def test_no_forged_jwt_comes_in_by_any_door(door: Door) -> None:
    forged = {name: forge(door.idp) for name, forge in {**FORGED, **STRANGERS}.items()}
    began = time.monotonic()

    async with httpx2.AsyncClient(trust_env=False, timeout=60) as client:
        good = [(await door.post(door.idp.token(), client=client)).json() for _ in range(2)]
        answers = {}
        for name, token in forged.items():
            # The rest cannot be written into a header.
            if token.isprintable() and token == token.strip():
                answers[name] = await asyncio.gather(door.post(token, client=client), door.get(token, client=client))
        still_good = [(await ask(door.idp.token(), client=client)).json() for ask in (door.post, door.get)]
    codes = dict(zip(forged, await at_once(8, [door.close_code(token) for token in forged.values()]), strict=True))

    assert all(answer["data"]["viewer"]["member"]["email"] == "ada@example.com" for answer in good + still_good)
    wrong = {name: got for name, pair in answers.items() for got in pair if not is_refused(got, forged[name])}
    assert {name: (got.status_code, got.text[:300]) for name, got in wrong.items()} == {}
    assert {name: code for name, code in codes.items() if code != (1009 if len(forged[name]) > LARGEST_HEAD else 4401)} == {}
    assert (len(answers) >= 120, len(codes) >= 125) == (True, True)
    assert door.idp.asked["/jwks"] <= 2 + (time.monotonic() - began) // 60
    assert set(door.idp.asked) <= {"/jwks", "/.well-known/openid-configuration", "(tries)"}
    log = door.service.log.read_text()
    assert [name for name, token in forged.items() if len(token) > 40 and token[-40:] in log] == []
    assert '"level":"error"' not in log


async def at_once(most: int, asking: Sequence[Coroutine[Any, Any, int]]) -> list[int]:
    turn = asyncio.Semaphore(most)

    async def ask(one: Coroutine[Any, Any, int]) -> int:
        async with turn:
            return await one

    return await asyncio.gather(*(ask(one) for one in asking))


def is_refused(answer: httpx2.Response, token: str) -> bool:
    if len(token) > LARGEST_HEAD:
        return answer.status_code == 431 and token[-40:] not in answer.text
    [error] = answer.json()["errors"] if answer.status_code == 401 else [{"message": "", "extensions": {}}]
    return (
        error["extensions"] == {"code": "UNAUTHENTICATED"}
        and answer.headers["www-authenticate"].startswith("Bearer")
        and not any(word in answer.text for word in INSIDE)
        and (len(token) < 40 or token[-40:] not in answer.text)
    )


async def test_a_sign_in_at_the_issuer_leaves_no_secret_behind(door: Door) -> None:
    planted, seen = Planted(), Seen()
    planted.know("the client's secret", CLIENT_SECRET)
    home, jwt = door.service.url, door.idp.token()
    planted.know("a JWT", jwt.rpartition(".")[2])
    async with httpx2.AsyncClient(trust_env=False, timeout=60, base_url=home) as browser:
        for url in (*await signed_in(door, browser, planted), "/graphql", "/sign-in"):
            answer = await browser.get(url, headers={"accept": "text/html"})
            seen.note(f"the page {url[:20]}", f"{answer.text}{answer.headers}")
        whose = await browser.post("/graphql", json={"query": QUERY}, headers={"origin": home})
        answers = [whose, await door.post(jwt, client=browser), await door.post(f"{jwt}x", client=browser)]
    for number, answer in enumerate(answers):
        seen.note(f"answer {number}", f"{answer.text}{answer.headers}")
    for token in door.idp.id_tokens:
        planted.know("an ID token", token.rpartition(".")[2])
    assert door.service.stop() == 0
    for path in door.service.folder.rglob("*"):
        if path.is_file() and path.name != "keyring.json":
            seen.note(f"the file {path.name}", path.read_bytes())

    assert whose.json()["data"]["viewer"]["member"]["email"] == "ada@example.com"
    assert [answer.status_code for answer in answers] == [200, 200, 401]
    assert (len(planted.secrets) >= 7, [str(leak) for leak in seen.find(planted)]) == (True, [])


async def signed_in(door: Door, browser: httpx2.AsyncClient, planted: Planted) -> list[str]:
    """Sign the browser in at the issuer; return what is not to work a second time."""
    page = await browser.post("/sign-in/oidc", headers={"origin": door.service.url})
    [link] = re.findall(r'<a href="([^"]+)">Go on', page.text)
    back = (await browser.get(unescape(link))).headers["location"]
    answer = await browser.get(back)
    assert answer.status_code == 303
    for name, value in parse_qsl(urlsplit(back).query):
        if name in {"code", "state"}:
            planted.know(f"its {name}", value)
    for cookie in browser.cookies.jar:
        planted.know(f"the cookie {cookie.name[:12]}", cookie.value or "")
    planted.know("its verifier", door.idp.forms[-1]["code_verifier"])
    return [back]


async def test_a_socket_ends_with_its_jwt(door: Door) -> None:
    async with door.socket(door.idp.token(exp=door.idp.now + 4)) as connection:
        acknowledged = json.loads(await connection.recv())
        began = time.monotonic()

        code = await close_code_of(connection)

    assert (acknowledged["type"], code) == ("connection_ack", 4403)
    assert time.monotonic() - began < 4 + 5


async def test_a_socket_by_a_jwt_ends_with_its_members_role(door: Door) -> None:
    service = door.service
    service.run("member", "add", "--team", "Orbit", "--name", "Bob", "--email", "bob@example.com", "--role", "ADMIN")
    async with door.socket(door.idp.token(email="bob@example.com")) as connection, door.socket(door.idp.token()) as adas:
        acknowledged = [json.loads(await one.recv())["type"] for one in (connection, adas)]

        await asyncio.to_thread(
            service.run, "member", "role", "--team", "Orbit", "--email", "bob@example.com", "--role", "VIEWER"
        )
        changed = time.monotonic()
        code = await close_code_of(connection)

        assert (acknowledged, code) == (["connection_ack"] * 2, 4403)
        assert time.monotonic() - changed < 5
        await adas.send(json.dumps({"type": "ping"}))
        assert json.loads(await adas.recv())["type"] == "pong"
