"""Directories and files at GitLab.

Sources: GitLab's references of the Repositories API (tree) and the Repository files API: a file's content as base64 whatever its
size; HEAD gives the same facts in headers.
"""

import re
from typing import Annotated, Literal

from pydantic import StringConstraints, TypeAdapter

from app.outbound import BadAnswer, Response, Sender
from app.providers._git.files import LARGEST_TEXT, LINK, decode_content, make_file
from app.providers._git.names import is_path
from app.providers._git.pages import read_position, turn
from app.providers._git.places import no_path, within
from app.providers._http.answers import Answer, Commit, Many
from app.providers.contract import Authorized, Failure, Fault
from app.providers.gitlab.calls import API, read_answer
from app.providers.gitlab.projects import locate
from app.providers.hosting import Entry, EntryPage, File

_SIZE = re.compile(r"[0-9]{1,15}")
_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


class _Entry(Answer):
    name: str
    path: str
    type: str
    mode: Annotated[str, StringConstraints(pattern=r"^[0-7]{6}$")]

    @property
    def can_be_opened(self) -> bool:
        return is_path(self.path) and is_path(self.name) and self.type in {"tree", "blob"} and self.mode != LINK


class _File(Answer):
    file_path: str
    encoding: Literal["base64"]
    content: str
    commit_id: Commit


_ENTRIES = TypeAdapter[list[_Entry]](Many[_Entry])
_FILE = TypeAdapter(_File)


async def list_entries(
    *, authorized: Authorized, repository_id: str, ref: str, path: str, cursor: str | None, limit: int, outbound: Sender
) -> EntryPage | Failure:
    """Return what is in a directory: files and directories; links and submodules are left out, so a page may have fewer."""
    place = within(locate(repository_id), ref=ref, path=path, api=API)
    at = read_position(cursor, limit=limit, names=API.pages, server=API.server)
    if isinstance(place, Failure):
        return place
    if isinstance(at, Failure):
        return at
    query = {"ref": ref, "per_page": str(at.size), **({"path": path} if path else {}), **at.query}
    outcome = await API.ask((*place, "repository", "tree"), query, endpoint="tree", authorized=authorized, outbound=outbound)
    found = await read_answer(outcome, _ENTRIES, base_url=authorized.base_url)
    page = turn(found, outcome, at, limit=limit, api=API)
    if isinstance(page, Failure):
        return page
    openable = (one for one in page[0] if one.can_be_opened)
    return EntryPage(
        tuple(Entry(name=one.name, path=one.path, is_directory=one.type == "tree") for one in openable),
        page[1],
    )


async def read_file(*, authorized: Authorized, repository_id: str, ref: str, path: str, outbound: Sender) -> File | Failure:
    """Return the file as it is at the commit that `ref` names at this moment."""
    place = within(locate(repository_id), ref=ref, path=path, api=API)
    if isinstance(place, Failure):
        return place
    if not path:
        return no_path(API)
    segments = (*place, "repository", "files", path)
    outcome = await API.ask(segments, {"ref": ref}, endpoint="file", authorized=authorized, outbound=outbound)
    found = await read_answer(outcome, _FILE, base_url=authorized.base_url)
    if isinstance(found, Failure):
        # Too large to be taken whole, perhaps: then its size is still told.
        large = isinstance(outcome, BadAnswer)
        described = await _measure(segments, ref, path, authorized=authorized, outbound=outbound) if large else None
        return described or found
    content = decode_content(found.content)
    if content is None or found.file_path != path:
        return Failure(Fault.BROKEN, "GitLab's answer has a content that cannot be read, or of another file.")
    return make_file(content, path=path, ref=ref, commit=found.commit_id)


async def _measure(segments: tuple[str, ...], ref: str, path: str, *, authorized: Authorized, outbound: Sender) -> File | None:
    """Describe a file that is over the largest size for which its text is given; None for any other."""
    outcome = await API.ask(segments, {"ref": ref}, endpoint="file size", authorized=authorized, outbound=outbound, method="HEAD")
    if not isinstance(outcome, Response) or outcome.status != 200:  # noqa: PLR2004 - RFC 9110, section 15.3.1
        return None
    size, commit = outcome.headers.get("x-gitlab-size", ""), outcome.headers.get("x-gitlab-commit-id", "")
    if not _SIZE.fullmatch(size) or not _COMMIT.fullmatch(commit) or int(size) <= LARGEST_TEXT:
        return None
    return File(path=path, ref=ref, commit=commit, size=int(size), is_binary=False, text=None)
