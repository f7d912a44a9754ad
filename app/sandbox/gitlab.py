"""The stand-in for a self-managed GitLab as a whole: consent page, Doorkeeper's endpoints and REST API over one state."""

from collections.abc import Callable, Sequence
from functools import partial

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from app.clock import Clock
from app.sandbox import gitlab_groups as groups, gitlab_projects as projects, gitlab_repository as repository
from app.sandbox.faults import AccountFault, RateLimitFault
from app.sandbox.git_client import Client
from app.sandbox.git_control import git_control_routes
from app.sandbox.git_seed import seed_world
from app.sandbox.git_state import GitState
from app.sandbox.gitlab_groups import of_group
from app.sandbox.gitlab_oauth import oauth_routes
from app.sandbox.gitlab_projects import of_project
from app.sandbox.gitlab_wire import Endpoint, Routes, call_api, refuse
from app.sandbox.state import Snapshot

CLIENT = Client("sandbox-gitlab", "sandbox-gitlab-secret")

_FILES = ("api", "read_api", "read_repository")
_ANY = ("api", "read_api", "read_user")
_ROUTES: Routes = {
    ("version",): Endpoint(projects.show_version, _ANY),
    ("metadata",): Endpoint(projects.show_metadata, _ANY),
    ("user",): Endpoint(projects.show_viewer, _ANY),
    ("groups",): Endpoint(groups.list_groups),
    ("groups", None): Endpoint(of_group(groups.show_one)),
    ("groups", None, "projects"): Endpoint(of_group(groups.list_projects)),
    ("projects",): Endpoint(projects.list_projects, is_for_anyone=True),
    ("projects", None): Endpoint(of_project(projects.show_one), is_for_anyone=True),
    ("projects", None, "members", "all", None): Endpoint(of_project(projects.show_member)),
    ("projects", None, "repository", "branches"): Endpoint(of_project(repository.list_branches), is_for_anyone=True),
    ("projects", None, "repository", "branches", None): Endpoint(of_project(repository.show_one_branch), is_for_anyone=True),
    ("projects", None, "repository", "tree"): Endpoint(of_project(repository.list_tree), is_for_anyone=True),
    ("projects", None, "repository", "files", None): Endpoint(of_project(repository.show_file), _FILES, is_for_anyone=True),
    ("projects", None, "repository", "files", None, "raw"): Endpoint(
        of_project(repository.show_raw_file), _FILES, is_for_anyone=True
    ),
    ("projects", None, "repository", "commits", None): Endpoint(of_project(repository.show_one_commit), is_for_anyone=True),
}


class GitLab:
    """A GitLab with one OAuth application."""

    name = "gitlab"

    def __init__(self, *, clock: Clock, entropy: Callable[[int], bytes]) -> None:
        seed = partial(seed_world, nested="acme/platform", first_id=2001)
        self._git = GitState(name=self.name, clock=clock, entropy=entropy, client=CLIENT, seed=seed)

    def routes(self) -> Sequence[BaseRoute]:
        async def endpoint(request: Request) -> Response:
            for project in self._git.world.repositories.values():
                project.end_access(self._git.clock.now().date())
            return call_api(self._git, _ROUTES, request)

        return [*oauth_routes(self._git), Route("/api/v4/{rest:path}", endpoint, methods=["GET"])]

    def control_routes(self) -> Sequence[BaseRoute]:
        return git_control_routes(self._git)

    def reset(self) -> None:
        self._git.reset()

    def strike(self, fault: AccountFault) -> int:
        return self._git.strike(fault)

    def snapshot(self) -> Snapshot:
        return self._git.snapshot()

    def fail(self, status: int) -> Response:
        return refuse(status, "Internal Server Error")

    def limit(self, fault: RateLimitFault) -> Response:
        now = int(self._git.clock.now().timestamp())
        headers = {
            "Retry-After": str(fault.retry_after),
            "RateLimit-Limit": "2000",
            "RateLimit-Remaining": "0",
            "RateLimit-Reset": str(now + fault.retry_after),
        }
        return PlainTextResponse("Retry later\n", 429, headers)
