"""The stand-in for a GitHub Enterprise Server as a whole: consent page, token endpoint and REST API over one state."""

from collections.abc import Callable, Sequence
from functools import partial

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from app.clock import Clock
from app.sandbox import github_contents as contents, github_repositories as repositories
from app.sandbox.faults import AccountFault, RateLimitFault
from app.sandbox.git_client import Client
from app.sandbox.git_control import git_control_routes
from app.sandbox.git_seed import seed_world
from app.sandbox.git_state import GitState
from app.sandbox.github_oauth import oauth_routes
from app.sandbox.github_rates import LIMIT, Rates
from app.sandbox.github_search import search_repositories
from app.sandbox.github_wire import VERSION, Call, GitHubState, dress, not_found, refuse, serve
from app.sandbox.state import Snapshot

CLIENT = Client("sandbox-github", "sandbox-github-secret")


class GitHub:
    """A GitHub Enterprise Server with one OAuth app."""

    name = "github"

    def __init__(self, *, clock: Clock, entropy: Callable[[int], bytes]) -> None:
        # at GitHub, organizations do not nest
        seed = partial(seed_world, nested="acme-platform", first_id=1001)
        git = GitState(name=self.name, clock=clock, entropy=entropy, client=CLIENT, seed=seed)
        self._state = GitHubState(git, Rates(clock))

    def routes(self) -> Sequence[BaseRoute]:
        return [*oauth_routes(self._state), *_api_routes(self._state)]

    def control_routes(self) -> Sequence[BaseRoute]:
        return git_control_routes(self._state.git)

    def reset(self) -> None:
        self._state.git.reset()
        self._state.rates.windows.clear()

    def strike(self, fault: AccountFault) -> int:
        return self._state.git.strike(fault)

    def snapshot(self) -> Snapshot:
        return self._state.git.snapshot()

    def fail(self, status: int) -> Response:
        return dress(self._state, refuse(status, "Server Error"))

    def limit(self, fault: RateLimitFault) -> Response:
        """Refuse with 429 as a secondary limit does, or with 403 as the primary one, which says when it ends."""
        message = "You have exceeded a secondary rate limit." if fault.status == 429 else "API rate limit exceeded."  # noqa: PLR2004 - as it says
        response = refuse(fault.status, message)
        ends_at = int(self._state.git.clock.now().timestamp()) + fault.retry_after
        if fault.status == 429:  # noqa: PLR2004 - as above
            response.headers["Retry-After"] = str(fault.retry_after)
        else:
            response.headers.update(
                {"X-RateLimit-Limit": str(LIMIT), "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(ends_at)}
            )
        return dress(self._state, response)


def _api_routes(github: GitHubState) -> Sequence[BaseRoute]:
    """Return what is below /api/v3 and asks for a person's token. GET only: the service reads."""

    async def show_meta(_: Request) -> Response:
        return dress(github, JSONResponse({"verifiable_password_authentication": True, "installed_version": VERSION}))

    async def show_nothing(_: Request) -> Response:
        return dress(github, not_found())

    of_one = "/repos/{owner}/{name}"
    answers: dict[str, Callable[[Call], Response]] = {
        "/user": repositories.show_viewer,
        "/user/orgs": repositories.list_organizations,
        "/user/repos": repositories.list_viewers_repositories,
        "/rate_limit": _show_rates,
        "/orgs/{org}/repos": repositories.list_organizations_repositories,
        "/search/repositories": search_repositories,
        of_one: repositories.of_repository(repositories.show_one),
        f"{of_one}/branches": repositories.of_repository(repositories.list_branches),
        f"{of_one}/branches/{{branch:path}}": repositories.of_repository(repositories.show_one_branch),
        f"{of_one}/commits/{{ref:path}}": repositories.of_repository(repositories.show_one_commit),
        f"{of_one}/git/matching-refs/heads/{{prefix:path}}": repositories.of_repository(repositories.list_matching_branches),
        f"{of_one}/git/trees/{{sha:path}}": repositories.of_repository(contents.show_tree),
        f"{of_one}/git/blobs/{{sha}}": repositories.of_repository(contents.show_blob),
        f"{of_one}/contents": repositories.of_repository(contents.show_contents),
        f"{of_one}/contents/{{path:path}}": repositories.of_repository(contents.show_contents),
    }
    return [
        Route("/api/v3/meta", show_meta, methods=["GET"]),
        *(Route(f"/api/v3{path}", serve(github, answer), methods=["GET"]) for path, answer in answers.items()),
        Route("/api/v3/{rest:path}", show_nothing, methods=["GET"]),
    ]


def _show_rates(call: Call) -> Response:
    core = call.rates.show(call.user.login)
    search = core | {"limit": 30, "remaining": 30, "used": 0, "resource": "search"}
    return JSONResponse({"resources": {"core": core, "search": search}, "rate": core})
