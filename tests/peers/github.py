"""A GitHub Enterprise Server's REST API: Prism with GitHub's own OpenAPI description, and a shim that makes it look like GitHub.

Prism keeps nothing: it answers with the description's examples. It is there to say whether a call is one
that GitHub knows.
"""

import re
import shutil
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

import httpx2
import orjson
from starlette.applications import Starlette
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from tests.peers.github_description import Description, read_description
from tests.peers.processes import peers_folder, running
from tests.servers import run_server

API = "/api/v3"

_LISTENING = re.compile(r"Prism is listening on (http://[\d.:]+)")
# These end in a name that has slashes of its own. GitHub takes them as they are, OpenAPI has no way to say so.
_SLASHED = re.compile(r"(/repos/[^/]+/[^/]+/(?:contents|git/refs?|git/matching-refs)/)(.+)")
_OF_THE_CONNECTION = frozenset(
    {"host", "accept", "accept-encoding", "connection", "content-length", "keep-alive", "transfer-encoding"}
)


@dataclass(frozen=True)
class Prism:
    url: str
    description: Description


@dataclass(frozen=True)
class Exchange:
    """One call as the shim got it (`path` without /api/v3, undecoded), how it was answered, and what is wrong with it."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    status: int
    answer: bytes
    faults: tuple[str, ...]


@dataclass
class GitHubRest:
    """A server's address and all that was asked of it. `elsewhere` answers what is not below /api/v3: the sign-in, say.

    `headers` go with every answer of the API.
    """

    url: str = ""
    exchanges: list[Exchange] = field(default_factory=list)
    headers: dict[str, str] = field(
        default_factory=lambda: {"X-GitHub-Enterprise-Version": "3.19.0", "X-OAuth-Scopes": "repo, read:org, user"}
    )
    elsewhere: ASGIApp = field(default_factory=lambda: Response("Not here", 404))

    def faults(self) -> list[str]:
        """Return a line for each thing that GitHub would not have understood."""
        return [f"{one.method} {one.path}: {fault}" for one in self.exchanges for fault in one.faults]


def is_installed() -> bool:
    return shutil.which("node") is not None and _prism_file().exists() and _description_file().exists()


@contextmanager
def run_prism(folder: Path) -> Iterator[Prism]:
    """Start Prism with its log in `folder`. It takes ten seconds or so to read the description."""
    command = ("node", str(_prism_file()), "mock", "--host", "127.0.0.1", "--port", "0", str(_description_file()))
    with running(command, log=folder / "prism.log", listening=_LISTENING, environment={"NODE_ENV": "production"}) as url:
        yield Prism(url, read_description(_description_file()))


@contextmanager
def serve_github_rest(prism: Prism) -> Iterator[GitHubRest]:
    """Serve the API on a port of its own and yield it; the caller looks at its faults."""
    peer = GitHubRest()
    with run_server(_shim(peer, prism)) as peer.url:
        yield peer


def _prism_file() -> Path:
    return peers_folder() / "node_modules" / "@stoplight" / "prism-cli" / "dist" / "index.js"


def _description_file() -> Path:
    return peers_folder() / "node_modules" / "@octokit" / "openapi" / "generated" / "ghes-3.19.json"


def _shim(peer: GitHubRest, prism: Prism) -> Starlette:
    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with httpx2.AsyncClient(base_url=prism.url, trust_env=False, timeout=60) as app.state.http:
            yield

    async def call(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        answer = await _pass_on(request, peer=peer, prism=prism, http=request.app.state.http)
        await answer(scope, receive, send)

    async def elsewhere(scope: Scope, receive: Receive, send: Send) -> None:
        await peer.elsewhere(scope, receive, send)

    return Starlette(routes=[Mount(API, call), Mount("/", elsewhere)], lifespan=lifespan)


async def _pass_on(request: Request, *, peer: GitHubRest, prism: Prism, http: httpx2.AsyncClient) -> Response:
    path = request.scope["raw_path"].decode().removeprefix(API)
    slashless = _SLASHED.sub(lambda found: found[1] + found[2].replace("/", "%2F"), path)
    body = await request.body()
    sent = {name: value for name, value in request.headers.items() if name not in _OF_THE_CONNECTION}
    answer = await http.request(
        request.method,
        f"{slashless}?{request.url.query}" if request.url.query else slashless,
        headers={**sent, "Accept": "application/json"},
        content=body,
    )
    strangers = prism.description.strangers(request.method, slashless, query=request.query_params, fields=_fields(body))
    exchange = Exchange(
        method=request.method,
        path=path,
        query=request.url.query,
        headers=dict(request.headers),
        body=body,
        status=answer.status_code,
        answer=answer.content,
        faults=(*_refusals(answer), *strangers),
    )
    peer.exchanges.append(exchange)
    return Response(answer.content, answer.status_code, headers={**_kept(answer), **_next_page(request, answer), **peer.headers})


def _refusals(answer: httpx2.Response) -> Iterator[str]:
    """Yield what Prism has against the request: that no such call exists, or what of it is wrong."""
    if answer.headers.get("content-type", "").startswith("application/problem+json"):
        yield answer.text
        return
    violations = orjson.loads(answer.headers.get("sl-violations", "[]"))
    found = [violation["message"] for violation in violations if violation["location"][0] == "request"]
    yield from found
    if answer.status_code == httpx2.codes.UNPROCESSABLE_CONTENT and not found:
        yield f"refused: {answer.text}"


def _fields(body: bytes) -> list[str]:
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError:
        return []
    return list(parsed) if isinstance(parsed, dict) else []


def _kept(answer: httpx2.Response) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name == "content-type" or name.startswith("sl-")}


def _next_page(request: Request, answer: httpx2.Response) -> dict[str, str]:
    """Give every list that GitHub pages a second page of its own: the example's link leads to another server."""
    query = QueryParams(request.url.query)
    if 'rel="next"' not in answer.headers.get("link", "") or query.get("page", "1") != "1":
        return {}
    following = urlencode({**query, "page": "2"})
    return {"Link": f'<{request.url.replace(query=following)}>; rel="next"'}
