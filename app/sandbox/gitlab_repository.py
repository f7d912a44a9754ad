"""GitLab's API for what is in a project's repository: branches, trees, files, commits."""

import base64
import hashlib
from collections.abc import Callable
from typing import Annotated, NamedTuple

from pydantic import StringConstraints, TypeAdapter, ValidationError
from pydantic_core import SchemaError
from starlette.responses import JSONResponse, Response

from app.sandbox.git_objects import Commit, Entry, Leaf
from app.sandbox.git_world import Repository
from app.sandbox.gitlab_shown import show_branch, show_commit, show_entry
from app.sandbox.gitlab_wire import Call, refuse, respond_with_keyset, respond_with_page


def list_branches(call: Call, project: Repository) -> Response:
    """Answer /repository/branches: by name; `search` ("in", "^begins", "ends$", "^is$") or `regex`."""
    if call.query("search") and call.query("regex"):
        return JSONResponse({"error": "search, regex are mutually exclusive"}, 400)
    fits = _matching(call)
    if fits is None:
        return JSONResponse({"error": "regex is an invalid regex"}, 400)
    names = [name for name in _sorted(call, project) if fits(name)]
    if not call.wants_keyset():
        return respond_with_page(call, names, lambda each: show_branch(call, project, each))
    token = call.query("page_token")
    # the token is the last name of the page before
    left = names[names.index(token) + 1 :] if token in names else [name for name in names if name > (token or "")]
    return respond_with_keyset(
        call, left, lambda each: show_branch(call, project, each), lambda last: {"page_token": last, "page": None}
    )


def show_one_branch(call: Call, project: Repository) -> Response:
    branch = call.names[1]
    return JSONResponse(show_branch(call, project, branch)) if branch in project.branches else refuse(404, "Branch Not Found")


def list_tree(call: Call, project: Repository) -> Response:
    """Answer /repository/tree: a directory's entries, directories first; with `recursive` all below."""
    commit, path = project.resolve(call.query("ref")), str(call.query("path", "")).strip("/")
    if commit is None:
        return refuse(404, "Tree Not Found")
    if path not in commit.snapshot.trees:
        return refuse(404, "invalid revision or path Not Found")
    snapshot = commit.snapshot
    entries = list(snapshot.under(path)) if call.says("recursive") else list(snapshot.trees[path].entries)
    entries.sort(key=lambda each: each.type != "tree")
    if not call.wants_keyset():
        return respond_with_page(call, entries, show_entry)
    return _respond_with_keyset(call, entries)


def show_file(call: Call, project: Repository) -> Response:
    """Answer /repository/files/{path}: its facts, and its content as base64 whatever its size. It needs a ref."""
    if not call.query("ref"):
        return JSONResponse({"error": "ref is missing, ref is empty"}, 400)
    found = _find_file(call, project)
    if isinstance(found, Response):
        return found
    facts = {**_facts(call, project, found), "content": base64.b64encode(found.leaf.content).decode()}
    return JSONResponse(facts, headers=_headers(facts))


def show_raw_file(call: Call, project: Repository) -> Response:
    """Answer /repository/files/{path}/raw: the file as it is, on the default branch where no ref is named."""
    found = _find_file(call, project)
    if isinstance(found, Response):
        return found
    facts = _facts(call, project, found)
    return Response(found.leaf.content, headers=_headers(facts), media_type="text/plain; charset=utf-8")


def show_one_commit(call: Call, project: Repository) -> Response:
    commit = project.resolve(call.names[1])
    if commit is None:
        return refuse(404, "Commit Not Found")
    more = {"stats": {"additions": 0, "deletions": 0, "total": 0}, "status": None, "project_id": project.id}
    return JSONResponse(show_commit(call, project, commit) | more)


class _File(NamedTuple):
    path: str
    leaf: Leaf
    commit: Commit


def _sorted(call: Call, project: Repository) -> list[str]:
    sort = call.query("sort", "name_asc")
    names = sorted(project.branches)
    if sort == "name_asc":
        return names
    return sorted(names, key=lambda name: project.branches[name].at, reverse=sort == "updated_desc")


def _matching(call: Call) -> Callable[[str], object] | None:
    """Return what tells the branches that are looked for; None for a regex that is none."""
    regex, search = call.query("regex"), str(call.query("search", "")).lower()
    if regex:
        return _finder(regex)
    term = search.removeprefix("^").removesuffix("$")
    begins, ends = search.startswith("^"), search.endswith("$")
    if begins and ends:
        return lambda name: name.lower() == term
    if begins:
        return lambda name: name.lower().startswith(term)
    return (lambda name: name.lower().endswith(term)) if ends else (lambda name: term in name.lower())


def _finder(regex: str) -> Callable[[str], object] | None:
    # Rust's engine takes time in proportion to the text, as RE2 does, which GitLab asks.
    try:
        pattern = TypeAdapter(Annotated[str, StringConstraints(pattern=regex)])
    except SchemaError:
        return None

    def find(name: str) -> bool:
        try:
            pattern.validate_python(name)
        except ValidationError:
            return False
        return True

    return find


def _respond_with_keyset(call: Call, entries: list[Entry]) -> Response:
    token = call.query("page_token")
    start = next((index + 1 for index, each in enumerate(entries) if _token(each) == token), 0)
    if token and not start:
        return refuse(404, "invalid revision or path Not Found")
    return respond_with_keyset(call, entries[start:], show_entry, lambda last: {"page_token": _token(last), "page": None})


def _token(entry: Entry) -> str:
    """Name an entry: two files of the same content share an id, so the path belongs to it."""
    return hashlib.sha256(entry.path.encode()).hexdigest()[:40]


def _find_file(call: Call, project: Repository) -> _File | Response:
    path, commit = call.names[1], project.resolve(call.query("ref"))
    if commit is None:
        return refuse(404, "Commit Not Found")
    leaf = commit.snapshot.leaves.get(path)
    return _File(path, leaf, commit) if leaf is not None and leaf.commit is None else refuse(404, "File Not Found")


def _facts(call: Call, project: Repository, file: _File) -> dict[str, object]:
    last = file.commit
    while last.parent is not None and project.history[last.parent].snapshot.leaves.get(file.path) == file.leaf:
        last = project.history[last.parent]
    return {
        "file_name": file.path.rpartition("/")[2],
        "file_path": file.path,
        "size": len(file.leaf.content),
        "encoding": "base64",
        "content_sha256": hashlib.sha256(file.leaf.content).hexdigest(),
        "ref": call.query("ref"),
        "blob_id": file.leaf.sha,
        "commit_id": file.commit.sha,
        "last_commit_id": last.sha,
        "execute_filemode": file.leaf.mode == "100755",
    }


def _headers(facts: dict[str, object]) -> dict[str, str]:
    """Say it in headers too, which is all that HEAD gets; what no header can carry stays out."""
    named = {f"X-Gitlab-{name.replace('_', '-').title()}": str(facts[name]) for name in facts if name != "content"}
    return {name: value for name, value in named.items() if value.isascii()}
