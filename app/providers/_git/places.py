"""Where a Git server has what is asked for, and whether it answered about that."""

from app.providers._git.calls import Api
from app.providers._git.names import is_path, is_ref
from app.providers.contract import Failure, Fault
from app.providers.hosting import Branch, Repository


def within(place: tuple[str, ...] | Failure, *, ref: str, path: str = "", api: Api) -> tuple[str, ...] | Failure:
    """Return the place of a repository where there can be such a ref and path in one; `path` "" is the root."""
    if isinstance(place, Failure):
        return place
    if not is_ref(ref):
        return Failure(Fault.TARGET_GONE, f"{api.server} cannot have a branch of that name.")
    return place if not path or is_path(path) else no_path(api)


def no_path(api: Api) -> Failure:
    return Failure(Fault.TARGET_GONE, f"{api.server} cannot have a file or directory of that name.")


def no_repository(api: Api) -> Failure:
    """Return that no repository can have such an id."""
    return Failure(Fault.TARGET_GONE, f"That is no {api.repository} of {api.server}'s: choose another.")


def same_repository(found: Repository, *, asked: str, api: Api) -> Repository | Failure:
    """Return what was found; BROKEN where another id was asked for. Ids that differ in case alone are one."""
    return found if found.id.lower() == asked.lower() else _of_another(api.repository, api=api)


def same_branch(found: Branch, *, asked: str, api: Api) -> Branch | Failure:
    """Return what was found; BROKEN where another name was asked for."""
    return found if found.name == asked else _of_another("branch", api=api)


def _of_another(kind: str, *, api: Api) -> Failure:
    return Failure(Fault.BROKEN, f"{api.server} answered about another {kind} than it was asked about.")
