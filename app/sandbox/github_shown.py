"""How GitHub's API writes people, organizations, repositories, branches and commits."""

from datetime import datetime
from urllib.parse import quote

from app.sandbox.git_objects import Commit, Leaf
from app.sandbox.git_world import Access, Namespace, Repository, User
from app.sandbox.github_links import links_of_organization, links_of_repository, links_of_user
from app.sandbox.github_wire import Call

_DEFAULT_OF_EMPTY = "main"
_JOINED = "2024-01-02T03:04:05Z"
_FEATURES = {
    "has_issues": True,
    "has_projects": False,
    "has_downloads": True,
    "has_wiki": False,
    "has_pages": False,
    "has_discussions": False,
}
_COUNTS = dict.fromkeys(
    (
        "forks",
        "forks_count",
        "open_issues",
        "open_issues_count",
        "stargazers_count",
        "watchers",
        "watchers_count",
    ),
    0,
)


def show_user(user: User, api: str) -> dict[str, object]:
    return _show_account(user.login, user.id, api) | {"node_id": f"U_{user.id:06}", "type": "User"}


def show_whole_user(user: User, api: str, *, email: str | None) -> dict[str, object]:
    """Return a person as /user shows them to themselves; `email` is None where the token does not reach it."""
    nobody_wrote = dict.fromkeys(("company", "location", "bio", "hireable", "twitter_username"))
    counts = dict.fromkeys(("public_repos", "public_gists", "followers", "following"), 0)
    return {
        **show_user(user, api),
        "name": user.name,
        "email": email,
        "blog": "",
        **nobody_wrote,
        **counts,
        "created_at": _JOINED,
        "updated_at": _JOINED,
    }


def show_organization(namespace: Namespace, api: str) -> dict[str, object]:
    return {
        "login": namespace.path,
        "id": namespace.id,
        "node_id": f"O_{namespace.id:06}",
        "url": f"{api}/orgs/{namespace.path}",
        **links_of_organization(f"{api}/orgs/{namespace.path}"),
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
        **links_of_repository(url),
        **_addresses_of_git(call, repository),
        **_FEATURES,
        **_COUNTS,
        "homepage": None,
        "language": None,
        "license": None,
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
        "comments_url": f"{url}/commits/{commit.sha}/comments",
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
    account = _show_account(namespace.path, namespace.id, call.api)
    return account | {"node_id": f"O_{namespace.id:06}", "type": "Organization"}


def _show_account(login: str, id: int, api: str) -> dict[str, object]:
    """Return what people and organizations have alike where they own something."""
    html, url = api.removesuffix("/api/v3"), f"{api}/users/{login}"
    return {
        "login": login,
        "id": id,
        "avatar_url": f"{html}/avatars/u/{id}",
        "gravatar_id": "",
        "url": url,
        "html_url": f"{html}/{login}",
        **links_of_user(url),
        "site_admin": False,
    }


def _addresses_of_git(call: Call, repository: Repository) -> dict[str, str | None]:
    html = f"{call.html}/{repository.path}"
    host = html.partition("://")[2]
    return {
        "clone_url": f"{html}.git",
        "git_url": f"git://{host}.git",
        "ssh_url": f"git@{host.partition('/')[0]}:{repository.path}.git",
        "svn_url": html,
        "mirror_url": None,
    }


def _show_permissions(call: Call, repository: Repository) -> dict[str, bool]:
    access = repository.access.get(call.user.login, 0)
    return {
        "admin": access >= Access.OWNER,
        "maintain": access >= Access.MAINTAINER,
        "push": access >= Access.DEVELOPER,
        "triage": access >= Access.DEVELOPER,
        "pull": True,
    }
