"""GitLab's API for the instance, people and projects."""

from collections.abc import Callable, Sequence

from starlette.responses import JSONResponse, Response

from app.sandbox.git_links import whole
from app.sandbox.git_world import Access, Repository, User
from app.sandbox.gitlab_shown import show_project, show_user
from app.sandbox.gitlab_wire import Call, refuse, respond_with_keyset, respond_with_page

VERSION = {"version": "18.6.1-ee", "revision": "5a0d1b2c3e4"}
_ORDERS: dict[str, Callable[[Repository], tuple[object, ...]]] = {
    "id": lambda each: (each.id,),
    "name": lambda each: (each.name.lower(), each.id),
    "path": lambda each: (each.name.lower(), each.id),
    "created_at": lambda each: (each.created_at, each.id),
    "updated_at": lambda each: (each.pushed_at, each.id),
    "last_activity_at": lambda each: (each.pushed_at, each.id),
}


def show_version(_: Call) -> Response:
    return JSONResponse(VERSION)


def show_metadata(_: Call) -> Response:
    kas = {"enabled": False, "externalUrl": None, "version": None}
    return JSONResponse({**VERSION, "kas": kas, "enterprise": True})


def show_viewer(call: Call) -> Response:
    if call.user is None:
        return refuse(401, "Unauthorized")
    more = {"email": call.user.email, "public_email": call.user.email, "is_admin": False, "two_factor_enabled": True}
    return JSONResponse(show_user(call.user, call.root) | more)


def list_projects(call: Call) -> Response:
    """Answer /projects: filtered, and paged by keyset (order_by=id only, Link alone) or by page number (all counts)."""
    if call.user is None and (call.says("membership") or call.says("owned")):
        return refuse(401, "Unauthorized")
    order, ascending = str(call.query("order_by", "created_at")), call.query("sort", "desc") == "asc"
    if order not in _ORDERS:
        return JSONResponse({"error": "order_by does not have a valid value"}, 400)
    projects = sorted(_filtered(call), key=_ORDERS[order], reverse=not ascending)
    is_simple = call.says("simple") or call.user is None
    if not call.wants_keyset():
        return respond_with_page(call, projects, lambda each: show_project(call, each, is_simple=is_simple))
    if order != "id":
        return JSONResponse({"error": "Keyset pagination is not yet available for this type of request"}, 405)
    return _respond_with_keyset(call, projects, "id_after" if ascending else "id_before", is_simple=is_simple)


def show_one(call: Call, project: Repository) -> Response:
    return JSONResponse(show_project(call, project, is_simple=call.user is None))


def show_member(call: Call, project: Repository) -> Response:
    """Answer /projects/:id/members/all/:user_id."""
    wanted = next((each for each in call.git.world.users.values() if str(each.id) == call.names[1]), None)
    level = project.access.get(wanted.login) if wanted is not None else None
    if wanted is None or level is None:
        return refuse(404, "Not found")
    ends = project.ends.get(wanted.login)
    shown = {"access_level": int(level), "expires_at": ends.isoformat() if ends is not None else None}
    return JSONResponse(show_user(wanted, call.root) | shown)


def of_project(answer: Callable[[Call, Repository], Response]) -> Callable[[Call], Response]:
    """Let `answer` have the project that the path names by number or path; what one may not see is not there."""

    def answer_about(call: Call) -> Response:
        project = _find(call, call.names[0])
        if project is None or not project.is_visible(call.user):
            return refuse(404, "Project Not Found")
        return answer(call, project)

    return answer_about


def _find(call: Call, wanted: str) -> Repository | None:
    world = call.git.world
    return world.repositories.get(int(wanted)) if wanted.isascii() and wanted.isdigit() else world.repository(wanted)


def _filtered(call: Call) -> Sequence[Repository]:
    least, visibility = whole(call.query("min_access_level"), 0), call.query("visibility")
    words = (call.query("search") or "").lower().split()
    return [
        each
        for each in call.git.world.visible(call.user)
        if _access(call.user, each) >= _least(call, least)
        and all(word in _searched(call, each) for word in words)
        and (visibility is None or each.is_private == (visibility == "private"))
    ]


def _access(user: User | None, project: Repository) -> int:
    return 0 if user is None else project.access.get(user.login, 0)


def _least(call: Call, wanted: int) -> int:
    if call.says("owned"):
        return Access.OWNER
    return max(wanted, 1) if call.says("membership") else wanted


def _searched(call: Call, project: Repository) -> str:
    place = project.path if call.says("search_namespaces") else project.name
    return f"{place} {project.description}".lower()


def _respond_with_keyset(call: Call, projects: Sequence[Repository], key: str, *, is_simple: bool) -> Response:
    after, before = whole(call.query("id_after"), 0), whole(call.query("id_before"), 0)
    left = [each for each in projects if each.id > after and (not before or each.id < before)]
    return respond_with_keyset(
        call, left, lambda each: show_project(call, each, is_simple=is_simple), lambda last: {key: last.id}
    )
