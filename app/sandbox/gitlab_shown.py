"""How GitLab's API writes people, projects, branches, commits and entries of trees."""

from datetime import datetime
from urllib.parse import quote

from app.sandbox.git_objects import Commit, Entry
from app.sandbox.git_world import Access, Namespace, Repository, User
from app.sandbox.gitlab_wire import Call

_ACME = 101  # the one group that has another in it


def show_user(user: User, root: str) -> dict[str, object]:
    return {
        "id": user.id,
        "username": user.login,
        "name": user.name,
        "state": "active",
        "locked": False,
        "avatar_url": None,
        "web_url": f"{root}/{user.login}",
    }


def show_project(call: Call, project: Repository, *, is_simple: bool) -> dict[str, object]:
    namespace, web = project.namespace, f"{call.root}/{project.path}"
    shown: dict[str, object] = {
        "id": project.id,
        "description": project.description or None,
        "name": project.name,
        "name_with_namespace": f"{namespace.path.replace('/', ' / ')} / {project.name}",
        "path": project.name,
        "path_with_namespace": project.path,
        "created_at": write_moment(project.created_at),
        "default_branch": project.default_branch,
        "tag_list": [],
        "topics": [],
        "ssh_url_to_repo": f"git@127.0.0.1:{project.path}.git",
        "http_url_to_repo": f"{web}.git",
        "web_url": web,
        "readme_url": None,
        "forks_count": 0,
        "avatar_url": None,
        "star_count": 0,
        "last_activity_at": write_moment(project.pushed_at),
        "visibility": "private" if project.is_private else "public",
        "namespace": {
            "id": namespace.id,
            "name": namespace.name,
            "path": namespace.path.rpartition("/")[2],
            "kind": namespace.kind,
            "full_path": namespace.path,
            "parent_id": _parent_of(namespace),
            "avatar_url": None,
            "web_url": f"{call.root}/{namespace.path}",
        },
    }
    return shown if is_simple else shown | _show_rest(call, project)


def show_group(call: Call, group: Namespace) -> dict[str, object]:
    return {
        "id": group.id,
        "web_url": f"{call.root}/groups/{group.path}",
        "name": group.name,
        "path": group.path.rpartition("/")[2],
        "description": "",
        "visibility": "private",
        "share_with_group_lock": False,
        "require_two_factor_authentication": False,
        "two_factor_grace_period": 48,
        "project_creation_level": "developer",
        "auto_devops_enabled": None,
        "subgroup_creation_level": "maintainer",
        "emails_enabled": True,
        "mentions_disabled": None,
        "lfs_enabled": True,
        "default_branch": None,
        "avatar_url": None,
        "request_access_enabled": True,
        "full_name": group.path.replace("/", " / "),
        "full_path": group.path,
        "created_at": "2024-01-02T03:04:05.000Z",
        "parent_id": _parent_of(group),
        "archived": False,
    }


def show_branch(call: Call, project: Repository, branch: str) -> dict[str, object]:
    access = 0 if call.user is None else project.access.get(call.user.login, 0)
    is_protected = branch in project.protected
    return {
        "name": branch,
        "commit": show_commit(call, project, project.branches[branch]),
        "merged": False,
        "protected": is_protected,
        "developers_can_push": False,
        "developers_can_merge": False,
        "can_push": access >= (Access.MAINTAINER if is_protected else Access.DEVELOPER),
        "default": branch == project.default_branch,
        "web_url": f"{call.root}/{project.path}/-/tree/{quote(branch)}",
    }


def show_commit(call: Call, project: Repository, commit: Commit) -> dict[str, object]:
    at = write_moment(commit.at)
    return {
        "id": commit.sha,
        "short_id": commit.sha[:8],
        "created_at": at,
        "parent_ids": [] if commit.parent is None else [commit.parent],
        "title": commit.message.partition("\n")[0],
        "message": commit.message,
        "author_name": commit.author_name,
        "author_email": commit.author_email,
        "authored_date": at,
        "committer_name": commit.author_name,
        "committer_email": commit.author_email,
        "committed_date": at,
        "trailers": {},
        "extended_trailers": {},
        "web_url": f"{call.root}/{project.path}/-/commit/{commit.sha}",
    }


def show_entry(entry: Entry) -> dict[str, object]:
    return {"id": entry.sha, "name": entry.name, "type": entry.type, "path": entry.path, "mode": entry.mode}


def write_moment(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _parent_of(namespace: Namespace) -> int | None:
    return _ACME if "/" in namespace.path else None


def _show_rest(call: Call, project: Repository) -> dict[str, object]:
    """Return what only those who ask for a project whole, and are someone, are shown."""
    level = None if call.user is None else project.access.get(call.user.login)
    access = None if level is None else {"access_level": int(level), "notification_level": 3}
    by_group = call.user is not None and call.user.login in project.namespace.members
    permissions = {"project_access": None if by_group else access, "group_access": access if by_group else None}
    return {
        "empty_repo": not project.branches,
        "archived": False,
        "repository_access_level": "enabled",
        "creator_id": 1,
        "permissions": permissions,
    }
