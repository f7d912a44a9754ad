"""How GitHub's API writes people, organizations, repositories, branches and commits."""

from datetime import datetime
from urllib.parse import quote

from app.sandbox.git_objects import Commit, Leaf
from app.sandbox.git_world import Access, Namespace, Repository, User
from app.sandbox.github_wire import Call

_DEFAULT_OF_EMPTY = "main"


def show_user(user: User, api: str) -> dict[str, object]:
    html = api.removesuffix("/api/v3")
    return {
        "login": user.login,
        "id": user.id,
        "node_id": f"U_{user.id:06}",
        "avatar_url": f"{html}/avatars/u/{user.id}",
        "gravatar_id": "",
        "url": f"{api}/users/{user.login}",
        "html_url": f"{html}/{user.login}",
        "repos_url": f"{api}/users/{user.login}/repos",
        "organizations_url": f"{api}/users/{user.login}/orgs",
        "type": "User",
        "site_admin": False,
    }


def show_organization(namespace: Namespace, api: str) -> dict[str, object]:
    return {
        "login": namespace.path,
        "id": namespace.id,
        "node_id": f"O_{namespace.id:06}",
        "url": f"{api}/orgs/{namespace.path}",
        "repos_url": f"{api}/orgs/{namespace.path}/repos",
        "avatar_url": f"{api.removesuffix('/api/v3')}/avatars/u/{namespace.id}",
        "description": namespace.name,
    }


def show_repository(call: Call, repository: Repository) -> dict[str, object]:
    url, html = f"{call.api}/repos/{repository.path}", f"{call.html}/{repository.path}"
    pushed_at = write_moment(repository.pushed_at)
    return {
        "id": repository.id,
        "node_id": f"R_{repository.id:06}",
        "name": repository.name,
        "full_name": repository.path,
        "owner": _show_owner(call, repository.namespace),
        "private": repository.is_private,
        "visibility": "private" if repository.is_private else "public",
        "html_url": html,
        "description": repository.description or None,
        "fork": False,
        "url": url,
        "branches_url": f"{url}/branches{{/branch}}",
        "contents_url": f"{url}/contents/{{+path}}",
        "trees_url": f"{url}/git/trees{{/sha}}",
        "blobs_url": f"{url}/git/blobs{{/sha}}",
        "clone_url": f"{html}.git",
        "created_at": write_moment(repository.created_at),
        "updated_at": pushed_at,
        "pushed_at": pushed_at,
        "size": sum(len(leaf.content) for leaf in _leaves(repository)) // 1024,
        # GitHub names one even where there is no commit yet
        "default_branch": repository.default_branch or _DEFAULT_OF_EMPTY,
        "archived": False,
        "disabled": False,
        "topics": [],
        "permissions": _show_permissions(call, repository),
    }


def show_branch(call: Call, repository: Repository, branch: str) -> dict[str, object]:
    """Return a branch as lists show it."""
    commit = repository.branches[branch]
    address = f"{call.api}/repos/{repository.path}/commits/{commit.sha}"
    return {"name": branch, "commit": {"sha": commit.sha, "url": address}, "protected": branch in repository.protected}


def show_whole_branch(call: Call, repository: Repository, branch: str) -> dict[str, object]:
    url = f"{call.api}/repos/{repository.path}/branches/{quote(branch)}"
    protected = branch in repository.protected
    return {
        "name": branch,
        "commit": show_commit(call, repository, repository.branches[branch]),
        "_links": {"self": url, "html": f"{call.html}/{repository.path}/tree/{quote(branch)}"},
        "protected": protected,
        "protection": {
            "enabled": protected,
            "required_status_checks": {"enforcement_level": "off", "contexts": [], "checks": []},
        },
        "protection_url": f"{url}/protection",
    }


def show_reference(call: Call, repository: Repository, branch: str) -> dict[str, object]:
    url = f"{call.api}/repos/{repository.path}/git"
    sha = repository.branches[branch].sha
    return {
        "ref": f"refs/heads/{branch}",
        "node_id": f"REF_{repository.id}_{branch}",
        "url": f"{url}/refs/heads/{quote(branch)}",
        "object": {"type": "commit", "sha": sha, "url": f"{url}/commits/{sha}"},
    }


def show_commit(call: Call, repository: Repository, commit: Commit) -> dict[str, object]:
    url = f"{call.api}/repos/{repository.path}"
    author = {"name": commit.author_name, "email": commit.author_email, "date": write_moment(commit.at)}
    tree = commit.snapshot.root.sha
    return {
        "sha": commit.sha,
        "node_id": f"C_{commit.sha}",
        "commit": {
            "author": author,
            "committer": author,
            "message": commit.message,
            "tree": {"sha": tree, "url": f"{url}/git/trees/{tree}"},
            "url": f"{url}/git/commits/{commit.sha}",
            "comment_count": 0,
        },
        "url": f"{url}/commits/{commit.sha}",
        "html_url": f"{call.html}/{repository.path}/commit/{commit.sha}",
        "author": None,
        "committer": None,
        "parents": [] if commit.parent is None else [{"sha": commit.parent, "url": f"{url}/commits/{commit.parent}"}],
    }


def write_moment(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _leaves(repository: Repository) -> list[Leaf]:
    head = repository.resolve("HEAD")
    return [] if head is None else list(head.snapshot.leaves.values())


def _show_owner(call: Call, namespace: Namespace) -> dict[str, object]:
    if namespace.kind == "user":
        return show_user(call.git.world.users[namespace.path], call.api)
    return {**show_organization(namespace, call.api), "type": "Organization", "site_admin": False}


def _show_permissions(call: Call, repository: Repository) -> dict[str, bool]:
    access = repository.access.get(call.user.login, 0)
    return {
        "admin": access >= Access.OWNER,
        "maintain": access >= Access.MAINTAINER,
        "push": access >= Access.DEVELOPER,
        "triage": access >= Access.DEVELOPER,
        "pull": True,
    }
