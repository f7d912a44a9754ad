"""Directories and files at GitHub.

Sources: GitHub Enterprise Server's REST references "Repository contents" (a directory gives its first 1,000 entries and no pages;
a file over 1 MB comes without content, its encoding "none"; a link to a file comes as that file; a submodule in a directory says
that it is a file), "Git trees" and "Commits".
"""

import re
from dataclasses import replace
from typing import Annotated

from pydantic import Field, TypeAdapter

from app.outbound import Sender
from app.providers._git.files import LINK, decode_content, make_file
from app.providers._git.names import is_path
from app.providers._git.pages import cut, read_position
from app.providers._git.places import no_path, within
from app.providers._http.answers import Answer, Commit, Many
from app.providers.contract import Authorized, Failure, Fault
from app.providers.github.calls import API, read_answer
from app.providers.github.repositories import locate
from app.providers.hosting import Entry, EntryPage, File

_COMMIT_ID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


class _Entry(Answer):
    type: str
    name: str
    path: str
    download_url: str | None = None

    @property
    def can_be_opened(self) -> bool:
        # A submodule says that it is a file, and has nothing to download.
        return (
            is_path(self.path)
            and is_path(self.name)
            and (self.type == "dir" or (self.type == "file" and self.download_url is not None))
        )


class _Leaf(Answer):
    path: str
    mode: str
    type: str

    @property
    def can_be_opened(self) -> bool:
        return is_path(self.path) and self.type in {"tree", "blob"} and self.mode != LINK


class _Tree(Answer):
    tree: Many[_Leaf]


class _Content(Answer):
    type: str
    size: Annotated[int, Field(ge=0)]
    encoding: str | None = None
    content: str | None = None


class _Commit(Answer):
    sha: Commit


# A directory is a list, anything else an object.
_CONTENTS = TypeAdapter[list[_Entry] | _Content](Many[_Entry] | _Content)
_COMMIT = TypeAdapter(_Commit)
_TREE = TypeAdapter(_Tree)


async def list_entries(
    *, authorized: Authorized, repository_id: str, ref: str, path: str, cursor: str | None, limit: int, outbound: Sender
) -> EntryPage | Failure:
    """Return what is in a directory: files and directories; links and submodules are left out."""
    at = read_position(cursor, limit=limit, names=(), server=API.server)
    if isinstance(at, Failure):
        return at
    entries = (
        await _list_directory(repository_id, ref, path, authorized=authorized, outbound=outbound)
        if path
        else await _list_root(repository_id, ref, authorized=authorized, outbound=outbound)
    )
    return entries if isinstance(entries, Failure) else EntryPage(*cut(entries, at, limit=limit, following=None))


async def read_file(*, authorized: Authorized, repository_id: str, ref: str, path: str, outbound: Sender) -> File | Failure:
    """Return the file as it is at the commit that `ref` names at this moment."""
    if not is_path(path):
        return no_path(API)
    commit = await _resolve(repository_id, ref, authorized=authorized, outbound=outbound)
    if isinstance(commit, Failure):
        return commit
    found = await _look(repository_id, commit, path, authorized=authorized, outbound=outbound)
    match found:
        case Failure():
            return found
        case _Content(type="file"):
            return _describe(found, path=path, ref=ref, commit=commit)
        case _:
            return Failure(Fault.TARGET_GONE, "This is a directory, a link or a submodule, not a file.")


async def _list_directory(
    repository_id: str, ref: str, path: str, *, authorized: Authorized, outbound: Sender
) -> list[Entry] | Failure:
    found = await _look(repository_id, ref, path, authorized=authorized, outbound=outbound)
    match found:
        case Failure():
            return found
        case list():
            openable = (one for one in found if one.can_be_opened)
            return [Entry(name=one.name, path=one.path, is_directory=one.type == "dir") for one in openable]
        case _:
            return Failure(Fault.TARGET_GONE, "This is a file, not a directory.")


async def _list_root(repository_id: str, ref: str, *, authorized: Authorized, outbound: Sender) -> list[Entry] | Failure:
    """Ask for the commit's own tree: as contents, GitHub describes no root."""
    place = within(locate(repository_id), ref=ref, api=API)
    if isinstance(place, Failure):
        return place
    outcome = await API.ask((*place, "git", "trees", ref), endpoint="tree", authorized=authorized, outbound=outbound)
    found = await read_answer(outcome, _TREE, base_url=authorized.base_url)
    if isinstance(found, Failure):
        return found
    openable = (one for one in found.tree if one.can_be_opened)
    return [Entry(name=one.path, path=one.path, is_directory=one.type == "tree") for one in openable]


async def _look(
    repository_id: str,
    ref: str,
    path: str,
    *,
    authorized: Authorized,
    outbound: Sender,
) -> list[_Entry] | _Content | Failure:
    place = within(locate(repository_id), ref=ref, path=path, api=API)
    if isinstance(place, Failure):
        return place
    outcome = await API.ask(
        (*place, "contents", *path.split("/")), {"ref": ref}, endpoint="contents", authorized=authorized, outbound=outbound
    )
    return await read_answer(outcome, _CONTENTS, base_url=authorized.base_url)


async def _resolve(repository_id: str, ref: str, *, authorized: Authorized, outbound: Sender) -> str | Failure:
    """Return the id of the commit: with it, what is read next is of that commit even if the branch moves on meanwhile."""
    place = within(locate(repository_id), ref=ref, api=API)
    if isinstance(place, Failure):
        return place
    if _COMMIT_ID.fullmatch(ref):
        return ref
    # One file of the commit's at most: without that, the answer has all its changes.
    outcome = await API.ask(
        (*place, "commits", ref), {"per_page": "1"}, endpoint="commit", authorized=authorized, outbound=outbound
    )
    found = await read_answer(outcome, _COMMIT, base_url=authorized.base_url)
    if isinstance(found, _Commit):
        return found.sha
    # 422: no such commit.
    return replace(found, fault=Fault.TARGET_GONE, message=_NO_REF) if found.fault is Fault.REFUSED else found


def _describe(found: _Content, *, path: str, ref: str, commit: str) -> File | Failure:
    if found.encoding == "none" or (not found.content and found.size):
        return File(path=path, ref=ref, commit=commit, size=found.size, is_binary=False, text=None)
    content = decode_content(found.content or "") if found.encoding == "base64" else None
    if content is None:
        return Failure(Fault.BROKEN, "GitHub's answer has a content that cannot be read.")
    return make_file(content, path=path, ref=ref, commit=commit)


_NO_REF = "GitHub has no such branch, or does not show it to this account."
