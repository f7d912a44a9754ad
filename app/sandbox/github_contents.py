"""GitHub's API for what is in a repository: contents, trees, blobs."""

import base64
import posixpath
from urllib.parse import quote

from starlette.responses import JSONResponse, Response

from app.sandbox.git_objects import Commit, Entry, Leaf, Snapshot, Tree
from app.sandbox.git_world import Repository
from app.sandbox.github_wire import Call, not_found, refuse

_WITH_CONTENT_AT_MOST = 1024 * 1024
_RAW_AT_MOST = 100 * 1024 * 1024
_LISTED_AT_MOST = 1_000
_TYPES = {"tree": "dir", "blob": "file"}
_LINK_MODE = "120000"


def show_contents(call: Call, repository: Repository) -> Response:
    """Answer /contents/{path}: a file (as JSON or, by Accept, as it is), a directory's list, a link, a submodule.

    From 1 MiB on a file's content is left out and its encoding is "none"; beyond 100 MiB it is refused.
    """
    ref, path = call.query("ref"), str(call.request.path_params.get("path", "")).strip("/")
    if not repository.branches:
        return refuse(404, "This repository is empty.")
    commit = repository.resolve(ref)
    if commit is None:
        return refuse(404, f"No commit found for the ref {ref}")
    shown = _Shown(call, repository, ref or str(repository.default_branch))
    if path in commit.snapshot.trees:
        return shown.directory(commit.snapshot.trees[path])
    leaf = commit.snapshot.leaves.get(path)
    return not_found() if leaf is None else shown.leaf(commit, path, leaf)


def show_tree(call: Call, repository: Repository) -> Response:
    """Answer /git/trees/{sha}: a tree, or the tree of a commit or branch; with `recursive`, whatever it says, all below."""
    if not repository.branches:
        return refuse(409, "Git Repository is empty.")
    found = _find_tree(repository, call.path("sha"))
    if found is None:
        return not_found()
    snapshot, tree = found
    url = f"{call.api}/repos/{repository.path}/git"
    entries = list(snapshot.under(tree.path)) if call.query("recursive") is not None else list(tree.entries)
    start = len(tree.path) + 1 if tree.path else 0
    return JSONResponse(
        {
            "sha": tree.sha,
            "url": f"{url}/trees/{tree.sha}",
            "tree": [_show_entry(each, url, start) for each in entries],
            "truncated": False,
        }
    )


def show_blob(call: Call, repository: Repository) -> Response:
    sha = call.path("sha")
    snapshots = (commit.snapshot for commit in repository.history.values())
    leaf = next((found for snapshot in snapshots if (found := snapshot.leaf_named(sha)) is not None), None)
    if leaf is None:
        return not_found()
    if len(leaf.content) > _RAW_AT_MOST:
        return _too_large()
    if call.wants_raw():
        return Response(leaf.content, media_type="application/vnd.github.raw; charset=utf-8")
    return JSONResponse(
        {
            "sha": sha,
            "node_id": f"B_{sha}",
            "size": len(leaf.content),
            "url": f"{call.api}/repos/{repository.path}/git/blobs/{sha}",
            "content": _encode(leaf.content),
            "encoding": "base64",
        }
    )


class _Shown:
    """What stands at the paths of one ref, as /contents shows it."""

    def __init__(self, call: Call, repository: Repository, ref: str) -> None:
        self._call = call
        self._repository = repository
        self._ref = ref

    def directory(self, tree: Tree) -> Response:
        return JSONResponse([self._listed(entry) for entry in tree.entries[:_LISTED_AT_MOST]])

    def leaf(self, commit: Commit, path: str, leaf: Leaf) -> Response:
        if leaf.commit is not None:
            shown = self._row(path, "submodule", leaf.commit, 0)
            return JSONResponse({**shown, "submodule_git_url": f"{self._call.html}/acme/{posixpath.basename(path)}.git"})
        if leaf.mode == _LINK_MODE:
            return self._link(commit, path, leaf)
        return self._file(path, leaf)

    def _link(self, commit: Commit, path: str, leaf: Leaf) -> Response:
        """Show what the link leads to where that is a file of the repository, as GitHub does, and else the link."""
        target = leaf.content.decode()
        aim = commit.snapshot.leaves.get(posixpath.normpath(posixpath.join(posixpath.dirname(path), target)))
        if aim is not None and aim.commit is None and aim.mode != _LINK_MODE:
            return self._file(path, aim)
        return JSONResponse({**self._row(path, "symlink", leaf.sha, len(leaf.content)), "target": target})

    def _file(self, path: str, leaf: Leaf) -> Response:
        size = len(leaf.content)
        if size > _RAW_AT_MOST:
            return _too_large()
        if self._call.wants_raw():
            return Response(leaf.content, media_type="application/vnd.github.raw; charset=utf-8")
        row = self._row(path, "file", leaf.sha, size)
        if size > _WITH_CONTENT_AT_MOST:
            return JSONResponse({**row, "content": "", "encoding": "none"})
        return JSONResponse({**row, "content": _encode(leaf.content), "encoding": "base64"})

    def _listed(self, entry: Entry) -> dict[str, object]:
        # in lists a submodule is a "file", for the sake of old clients; a link is what it is
        kind = "symlink" if entry.mode == _LINK_MODE else _TYPES.get(entry.type, "file")
        return self._row(entry.path, kind, entry.sha, entry.size or 0)

    def _row(self, path: str, kind: str, sha: str, size: int) -> dict[str, object]:
        repository, ref = f"{self._call.api}/repos/{self._repository.path}", quote(self._ref, safe="")
        url = f"{repository}/contents/{quote(path)}?ref={ref}"
        git = f"{repository}/git/{'trees' if kind == 'dir' else 'blobs'}/{sha}"
        raw = f"{self._call.html}/raw/{self._repository.path}/{quote(self._ref)}/{quote(path)}"
        html = f"{self._call.html}/{self._repository.path}/{'tree' if kind == 'dir' else 'blob'}/{quote(self._ref)}/{quote(path)}"
        return {
            "type": kind,
            "size": size,
            "name": posixpath.basename(path),
            "path": path,
            "sha": sha,
            "url": url,
            "git_url": None if kind == "submodule" else git,
            "html_url": html,
            "download_url": raw if kind in {"file", "symlink"} else None,
            "_links": {"self": url, "git": git, "html": html},
        }


def _find_tree(repository: Repository, named: str) -> tuple[Snapshot, Tree] | None:
    commit = repository.resolve(named)
    if commit is not None:
        return commit.snapshot, commit.snapshot.root
    for each in repository.history.values():
        tree = each.snapshot.tree_named(named)
        if tree is not None:
            return each.snapshot, tree
    return None


def _show_entry(entry: Entry, url: str, start: int) -> dict[str, object]:
    shown: dict[str, object] = {"path": entry.path[start:], "mode": entry.mode, "type": entry.type, "sha": entry.sha}
    if entry.size is not None:
        shown["size"] = entry.size
    if entry.type != "commit":
        shown["url"] = f"{url}/{entry.type}s/{entry.sha}"
    return shown


def _encode(content: bytes) -> str:
    """Write base64 in lines of sixty letters, each of which ends, as GitHub does."""
    encoded = base64.b64encode(content).decode()
    return "".join(f"{encoded[start : start + 60]}\n" for start in range(0, len(encoded), 60))


def _too_large() -> Response:
    message = (
        "This API returns blobs up to 100 MB in size. The requested blob is too large to fetch via the API, "
        "but you can always clone the repository via Git in order to obtain the blob."
    )
    return refuse(403, message, errors=[{"resource": "Blob", "field": "data", "code": "too_large"}])
