"""GitLab's API for groups: those whose members one is, and what stands in them."""

from collections.abc import Callable

from starlette.responses import JSONResponse, Response

from app.sandbox.git_world import Namespace
from app.sandbox.gitlab_shown import show_group, show_project
from app.sandbox.gitlab_wire import Call, refuse, respond_with_page


def list_groups(call: Call) -> Response:
    """Answer /groups: by name, those whose name or path has `search`; `top_level_only` without those in groups."""
    words = (call.query("search") or "").lower()
    found = [each for each in _groups(call) if words in f"{each.path} {each.name}".lower()]
    if call.says("top_level_only"):
        found = [each for each in found if "/" not in each.path]
    ordered = sorted(found, key=lambda each: each.name.lower(), reverse=call.query("sort") == "desc")
    return respond_with_page(call, ordered, lambda each: show_group(call, each))


def show_one(call: Call, group: Namespace) -> Response:
    return JSONResponse(show_group(call, group))


def list_projects(call: Call, group: Namespace) -> Response:
    """Answer /groups/{id}/projects: what one may see in it, and with `include_subgroups` in those in it."""
    places = {each.path for each in _groups(call) if call.says("include_subgroups") and each.path.startswith(f"{group.path}/")}
    visible = [each for each in call.git.world.visible(call.user) if each.namespace.path in {group.path, *places}]
    newest = sorted(visible, key=lambda each: (each.created_at, each.id), reverse=call.query("sort", "desc") == "desc")
    return respond_with_page(call, newest, lambda each: show_project(call, each, is_simple=call.says("simple")))


def of_group(answer: Callable[[Call, Namespace], Response]) -> Callable[[Call], Response]:
    """Let `answer` have the group that the path names by number or path; what one may not see is not there."""

    def answer_about(call: Call) -> Response:
        wanted = call.names[0]
        group = next((each for each in _groups(call) if wanted in {each.path, str(each.id)}), None)
        return refuse(404, "Group Not Found") if group is None else answer(call, group)

    return answer_about


def _groups(call: Call) -> list[Namespace]:
    groups = [each for each in call.git.world.namespaces.values() if each.kind == "group"]
    return [each for each in groups if call.user is not None and call.user.login in each.members]
