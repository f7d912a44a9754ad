"""How GitLab's REST API is called and how it answers: paths, tokens, errors, pages."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app.sandbox.git_grants import Token
from app.sandbox.git_links import link, root_of, whole
from app.sandbox.git_state import GitState
from app.sandbox.git_world import User
from app.sandbox.state import name_caller

PER_PAGE, PER_PAGE_AT_MOST = 20, 100
_OFFSET_AT_MOST = 50_000
_TOO_FAR = (
    f"Offset pagination has a maximum allowed offset of {_OFFSET_AT_MOST} for requests that return objects of type Project. "
    "Remaining records can be retrieved using keyset pagination."
)
_EXPIRED = "Token is expired. You can either do re-authorization or token refresh."
_REVOKED = "Token was revoked. You have to re-authorize from the user."
_UNKNOWN = "Bad Access Token."


@dataclass(frozen=True)
class Call:
    """A call of the API. `user` is None for nobody; `names` is what the path names, decoded; `root` the relative root."""

    request: Request
    git: GitState
    user: User | None
    names: tuple[str, ...]
    root: str

    def query(self, name: str, default: str | None = None) -> str | None:
        return self.request.query_params.get(name, default)

    def says(self, name: str) -> bool:
        return self.query(name, "") in {"true", "1", "t", "True"}

    def wants_keyset(self) -> bool:
        return self.query("pagination") == "keyset"

    def per_page(self) -> int:
        return whole(self.query("per_page"), PER_PAGE, at_most=PER_PAGE_AT_MOST)


@dataclass(frozen=True)
class Endpoint:
    """What answers a path, and which scopes open it, any one of them."""

    answer: Callable[[Call], Response]
    scopes: tuple[str, ...] = ("api", "read_api")
    is_for_anyone: bool = False


Routes = Mapping[tuple[str | None, ...], Endpoint]


def call_api(git: GitState, routes: Routes, request: Request) -> Response:
    """Answer a request below /api/v4. None in a route's path stands for one segment, in which %2F is not a slash."""
    raw = bytes(request.scope["raw_path"]).decode("ascii").partition("/api/v4/")[2]
    segments = [unquote(each) for each in raw.split("/")]
    for pattern, endpoint in routes.items():
        if len(pattern) == len(segments) and all(fixed in {None, got} for fixed, got in zip(pattern, segments, strict=True)):
            names = tuple(got for fixed, got in zip(pattern, segments, strict=True) if fixed is None)
            return _admit(git, request, endpoint, names)
    return JSONResponse({"error": "404 Not Found"}, 404)


def read_access(request: Request) -> str | None:
    """Read the token of a request, from its header or its query (RFC 6750 sections 2.1 and 2.3)."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    return given.strip() if scheme.lower() == "bearer" else request.query_params.get("access_token")


def refuse(status: int, what: str) -> Response:
    """Refuse in GitLab's words: "404 Project Not Found"."""
    return JSONResponse({"message": f"{status} {what}"}, status)


def respond_with_page(call: Call, items: Sequence["_Item"], show: Callable[["_Item"], object]) -> Response:
    """Answer with the page that is asked for by its number: all relations, all counts."""
    page, size = whole(call.query("page"), 1), call.per_page()
    if (page - 1) * size > _OFFSET_AT_MOST:
        return JSONResponse({"error": _TOO_FAR}, 405)
    last = max(1, -(-len(items) // size))
    before, after = (page - 1 if page > 1 else None), (page + 1 if page < last else None)
    around = {"prev": before, "next": after, "first": 1, "last": last}
    relations = {name: {"page": number, "per_page": size} for name, number in around.items() if number is not None}
    headers = {
        "X-Total": str(len(items)),
        "X-Total-Pages": str(last),
        "X-Page": str(page),
        "X-Per-Page": str(size),
        "X-Prev-Page": str(before or ""),
        "X-Next-Page": str(after or ""),
        **link(call.request, relations),
    }
    return JSONResponse([show(each) for each in items[(page - 1) * size : page * size]], headers=headers)


def respond_with_keyset(
    call: Call, items: Sequence["_Item"], show: Callable[["_Item"], object], after: Callable[["_Item"], Mapping[str, object]]
) -> Response:
    """Answer with the first page of what is left, and nothing but a link to the next: `after` says how it goes on."""
    page = items[: call.per_page()]
    relations = {"next": after(page[-1])} if len(page) < len(items) else {}
    return JSONResponse([show(each) for each in page], headers=link(call.request, relations))


_Item = TypeVar("_Item")


def _admit(git: GitState, request: Request, endpoint: Endpoint, names: tuple[str, ...]) -> Response:
    access = read_access(request)
    if access is None:
        anyone = Call(request, git, None, names, root_of(request, git.name))
        return endpoint.answer(anyone) if endpoint.is_for_anyone else refuse(401, "Unauthorized")
    token = git.grants.find(access)
    name_caller(request, f"{'?' if token is None else token.user.login} …{access[-4:]}")
    if token is None:
        return _invalid_token(_UNKNOWN)
    # in GitLab's order: what is both is called expired
    if git.grants.is_expired(token):
        return _invalid_token(_EXPIRED)
    if token.is_revoked:
        return _invalid_token(_REVOKED)
    if not set(endpoint.scopes) & set(token.scopes):
        return _insufficient_scope(endpoint)
    return _answer(git, request, endpoint, names, token)


def _answer(git: GitState, request: Request, endpoint: Endpoint, names: tuple[str, ...], token: Token) -> Response:
    response = endpoint.answer(Call(request, git, token.user, names, root_of(request, git.name)))
    response.headers["X-Request-Id"] = git.entropy(13).hex()
    response.headers["Cache-Control"] = "max-age=0, private, must-revalidate"
    return response


def _invalid_token(description: str) -> Response:
    shown = {"error": "invalid_token", "error_description": description}
    challenge = f'Bearer realm="Protected by OAuth 2.0", error="invalid_token", error_description="{description}"'
    return JSONResponse(shown, 401, {"WWW-Authenticate": challenge})


def _insufficient_scope(endpoint: Endpoint) -> Response:
    """Refuse what the scopes do not open; GitLab leaves the challenge (RFC 6750 section 3) out here."""
    description = "The request requires higher privileges than provided by the access token."
    shown = {"error": "insufficient_scope", "error_description": description, "scope": " ".join(endpoint.scopes)}
    return JSONResponse(shown, 403)
