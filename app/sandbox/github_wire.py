"""How GitHub's REST API is called and how it answers: tokens, headers, errors, pages."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app.sandbox.git_grants import Token
from app.sandbox.git_links import link, root_of, whole
from app.sandbox.git_state import GitState
from app.sandbox.git_world import Repository, User
from app.sandbox.github_rates import Rates
from app.sandbox.state import name_caller

VERSION = "3.19.1"
DOCUMENTATION = "https://docs.github.com/enterprise-server@3.19/rest"
_PER_PAGE, _PER_PAGE_AT_MOST = 30, 100


@dataclass(frozen=True)
class GitHubState:
    git: GitState
    rates: Rates


@dataclass(frozen=True)
class Call:
    """A call of the API with a good token. `api` is the address below which all others stand."""

    request: Request
    git: GitState
    rates: Rates
    token: Token
    api: str

    @property
    def user(self) -> User:
        return self.token.user

    @property
    def html(self) -> str:
        return self.api.removesuffix("/api/v3")

    def path(self, name: str) -> str:
        return str(self.request.path_params[name])

    def query(self, name: str, default: str | None = None) -> str | None:
        return self.request.query_params.get(name, default)

    def may_see(self, repository: Repository) -> bool:
        """Tell whether person and scopes suffice: without `repo` a token opens nothing that is private."""
        return repository.is_visible(self.user) and (not repository.is_private or "repo" in self.token.scopes)

    def wants_raw(self) -> bool:
        accept = self.request.headers.get("accept", "")
        return any(f"application/vnd.github.{name}" in accept for name in ("raw", "v3.raw"))


def serve(github: GitHubState, answer: Callable[[Call], Response]) -> Callable[[Request], Awaitable[Response]]:
    """Return the endpoint that calls `answer` with whoever the token speaks for."""

    async def endpoint(request: Request) -> Response:
        call = _read(github, request)
        if isinstance(call, Response):
            return dress(github, call)
        within = github.rates.count(call.user.login)
        response = answer(call) if within else refuse(403, f"API rate limit exceeded for user ID {call.user.id}.")
        response.headers.update(github.rates.headers(call.user.login))
        response.headers["X-OAuth-Scopes"] = ", ".join(call.token.scopes)
        response.headers["X-OAuth-Client-Id"] = github.git.client.id
        return dress(github, response)

    return endpoint


def dress(github: GitHubState, response: Response) -> Response:
    """Put on the response what every one of a GitHub Enterprise Server's wears."""
    response.headers["X-GitHub-Enterprise-Version"] = VERSION
    response.headers["X-GitHub-Media-Type"] = "github.v3; format=json"
    response.headers["X-GitHub-Request-Id"] = github.git.entropy(12).hex()
    response.headers["Cache-Control"] = "private, no-store"
    return response


def refuse(status: int, message: str, **more: object) -> Response:
    return JSONResponse({"message": message, **more, "documentation_url": DOCUMENTATION, "status": str(status)}, status)


def not_found() -> Response:
    return refuse(404, "Not Found")


def invalid(resource: str, field: str, message: str = "Validation Failed", code: str = "invalid") -> Response:
    return refuse(422, "Validation Failed", errors=[{"resource": resource, "field": field, "code": code, "message": message}])


_Item = TypeVar("_Item")


def respond_with_page(
    call: Call, items: Sequence[_Item], show: Callable[[_Item], object], envelope: Callable[[list[object]], object] = list
) -> Response:
    """Answer with the page that is asked for, and links to those around it."""
    page, size = whole(call.query("page"), 1), whole(call.query("per_page"), _PER_PAGE, at_most=_PER_PAGE_AT_MOST)
    last = max(1, -(-len(items) // size))
    relations: dict[str, dict[str, object]] = {}
    if page > 1:
        relations["prev"] = {"page": min(page - 1, last)}
    if page < last:
        relations |= {"next": {"page": page + 1}, "last": {"page": last}}
    if page > 1:
        relations["first"] = {"page": 1}
    shown = [show(each) for each in items[(page - 1) * size : page * size]]
    return JSONResponse(envelope(shown), headers=link(call.request, relations))


def _read(github: GitHubState, request: Request) -> Call | Response:
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() not in {"bearer", "token"}:
        return refuse(401, "Requires authentication")
    token = github.git.grants.find(given.strip())
    name_caller(request, f"{'?' if token is None else token.user.login} …{given.strip()[-4:]}")
    if token is None or token.is_revoked:
        return refuse(401, "Bad credentials")
    return Call(request, github.git, github.rates, token, f"{root_of(request, 'github')}/api/v3")
