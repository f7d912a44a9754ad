"""What /control can do at the stand-in for a Git server: be those who push there and those who run it."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import TypeVar

from pydantic import Base64Bytes, BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route

from app.sandbox.control import refused
from app.sandbox.git_client import Client
from app.sandbox.git_objects import Leaf
from app.sandbox.git_state import GitState
from app.sandbox.git_world import Repository

Answer = dict[str, object]


class _OfRepository(BaseModel):
    model_config = ConfigDict(extra="forbid")

    repository: str


class _OfUser(_OfRepository):
    user: str


class _EndOfAccess(_OfUser):
    """The day at whose beginning a membership ends; null: it does not."""

    on: date | None


class _OfBranch(_OfRepository):
    branch: str


class _NewBranch(_OfBranch):
    to: str


class _OfFile(_OfBranch):
    path: str = Field(pattern=r"^[^/]+(/[^/]+)*$")
    message: str = "Change a file"


class _NewPath(_OfFile):
    to: str = Field(pattern=r"^[^/]+(/[^/]+)*$")


class _NewContent(_OfFile):
    """What the file is from now on: text, bytes, or so many zeros."""

    content: str | None = None
    content_base64: Base64Bytes | None = None
    size: int | None = Field(default=None, ge=0)

    def octets(self) -> bytes:
        if self.content_base64 is not None:
            return self.content_base64
        return (self.content or "").encode() if self.size is None else bytes(self.size)


class _NewSecret(BaseModel):
    model_config = ConfigDict(extra="forbid")

    secret: str


class _Absent(Exception):
    """What the order names is not there."""


def git_control_routes(state: GitState) -> Sequence[BaseRoute]:
    """Return /NAME/… for the provider's name; repositories are named by their paths ("acme/empty"), people by their logins.

    commit (a file's new content, on a branch that may be new), delete_file, rename_file, delete_branch, rename_branch,
    delete_repository, remove_access (of a user to a repository), end_access (the same on a day), renew_secret (of the
    OAuth client: grants stay).
    """
    return [
        _route(state, "renew_secret", _NewSecret, _renew_secret),
        _route(state, "delete_repository", _OfRepository, _delete_repository),
        _route(state, "remove_access", _OfUser, _remove_access),
        _route(state, "end_access", _EndOfAccess, _end_access),
        _route(state, "delete_branch", _OfBranch, _delete_branch),
        _route(state, "rename_branch", _NewBranch, _rename_branch),
        _route(state, "commit", _NewContent, _commit_content),
        _route(state, "delete_file", _OfFile, _delete_file),
        _route(state, "rename_file", _NewPath, _rename_file),
    ]


_Order = TypeVar("_Order", bound=BaseModel)


def _route(state: GitState, name: str, kind: type[_Order], change: Callable[[GitState, _Order], Answer]) -> Route:
    async def endpoint(request: Request) -> JSONResponse:
        try:
            return JSONResponse({"ok": True, **change(state, kind.model_validate_json(await request.body()))})
        except ValidationError as problem:
            return refused(problem)
        except _Absent as absent:
            return JSONResponse({"error": f"there is no such {absent}"}, status_code=404)

    return Route(f"/{state.name}/{name}", endpoint, methods=["POST"])


def _renew_secret(state: GitState, order: _NewSecret) -> Answer:
    state.client = Client(state.client.id, order.secret)
    return {}


def _delete_repository(state: GitState, order: _OfRepository) -> Answer:
    state.world.remove(_repository(state, order))
    return {}


def _remove_access(state: GitState, order: _OfUser) -> Answer:
    if _repository(state, order).access.pop(order.user, None) is None:
        raise _Absent("user")
    return {}


def _end_access(state: GitState, order: _EndOfAccess) -> Answer:
    repository = _repository(state, order)
    if order.user not in repository.access:
        raise _Absent("user")
    repository.ends.pop(order.user, None)
    if order.on is not None:
        repository.ends[order.user] = order.on
    return {}


def _delete_branch(state: GitState, order: _OfBranch) -> Answer:
    _with_branch(state, order).delete_branch(order.branch)
    return {}


def _rename_branch(state: GitState, order: _NewBranch) -> Answer:
    _with_branch(state, order).rename_branch(order.branch, order.to)
    return {}


def _commit_content(state: GitState, order: _NewContent) -> Answer:
    repository = _repository(state, order)
    base = repository.branches.get(order.branch) or repository.resolve("HEAD")
    before = {} if base is None else base.snapshot.leaves
    # a file takes the place of a directory of the same name
    beside = {path: leaf for path, leaf in before.items() if not path.startswith(f"{order.path}/")}
    return _commit(state, order, repository, {**beside, order.path: Leaf(order.octets())})


def _delete_file(state: GitState, order: _OfFile) -> Answer:
    leaves = _leaves_with_file(state, order)
    del leaves[order.path]
    return _commit(state, order, _repository(state, order), leaves)


def _rename_file(state: GitState, order: _NewPath) -> Answer:
    leaves = _leaves_with_file(state, order)
    leaves[order.to] = leaves.pop(order.path)
    return _commit(state, order, _repository(state, order), leaves)


def _repository(state: GitState, order: _OfRepository) -> Repository:
    repository = state.world.repository(order.repository)
    if repository is None:
        raise _Absent("repository")
    return repository


def _with_branch(state: GitState, order: _OfBranch) -> Repository:
    repository = _repository(state, order)
    if order.branch not in repository.branches:
        raise _Absent("branch")
    return repository


def _leaves_with_file(state: GitState, order: _OfFile) -> dict[str, Leaf]:
    leaves = dict(_with_branch(state, order).branches[order.branch].snapshot.leaves)
    if order.path not in leaves:
        raise _Absent("file")
    return leaves


def _commit(state: GitState, order: _OfFile, repository: Repository, leaves: dict[str, Leaf]) -> Answer:
    author = next(iter(state.world.users.values())).author
    commit = repository.commit(order.branch, leaves, message=order.message, author=author, at=state.clock.now())
    return {"commit": commit.sha}
