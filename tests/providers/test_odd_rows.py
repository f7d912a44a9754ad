"""In every answer that holds a list, one row that makes no sense takes none of the others with it."""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import pytest

from app.outbound import Outbound
from app.providers.contract import Authorized, ChannelPage
from app.providers.hosting import BranchPage, EntryPage, RepositoryPage
from app.providers.slack.channels import MESSAGING
from tests.providers.git_servers import GITHUB, GITLAB, Kind
from tests.providers.scripted import Asked, Wire, door_to, http, scripted

COMMIT = "0" * 40
Read = Callable[[Authorized, Outbound], Awaitable[list[str]]]


@dataclass(frozen=True)
class List:
    """A list of a provider's: how it is asked for, the names that came of it, its answer with %s for the rows, and two rows."""

    read: Read
    answer: str
    rows: tuple[Mapping[str, object], Mapping[str, object]]


def repositories(kind: Kind, *, search: str | None = None) -> Read:
    async def read(authorized: Authorized, outbound: Outbound) -> list[str]:
        page = await kind.hosting.list_repositories(
            authorized=authorized, search=search, cursor=None, limit=20, outbound=outbound
        )
        assert isinstance(page, RepositoryPage), page
        return [one.name for one in page.repositories]

    return read


def branches(kind: Kind, *, search: str | None = None) -> Read:
    async def read(authorized: Authorized, outbound: Outbound) -> list[str]:
        page = await kind.hosting.list_branches(
            authorized=authorized,
            repository_id=kind.repository_id,
            default_branch="a",
            search=search,
            cursor=None,
            limit=20,
            outbound=outbound,
        )
        assert isinstance(page, BranchPage), page
        return [one.name for one in page.branches]

    return read


def entries(kind: Kind, *, path: str) -> Read:
    async def read(authorized: Authorized, outbound: Outbound) -> list[str]:
        page = await kind.hosting.list_entries(
            authorized=authorized,
            repository_id=kind.repository_id,
            ref="main",
            path=path,
            cursor=None,
            limit=20,
            outbound=outbound,
        )
        assert isinstance(page, EntryPage), page
        return [one.name for one in page.entries]

    return read


async def channels(authorized: Authorized, outbound: Outbound) -> list[str]:
    page = await MESSAGING.list_channels(authorized=authorized, cursor=None, limit=20, outbound=outbound)
    assert isinstance(page, ChannelPage), page
    return [one.name for one in page.channels]


def _github_repository(name: str) -> Mapping[str, object]:
    return {"name": name, "full_name": f"acme/{name}", "owner": {"login": "acme"}, "html_url": f"https://git.example/acme/{name}"}


def _gitlab_project(name: str) -> Mapping[str, object]:
    return {
        "id": len(name),
        "path": name,
        "path_with_namespace": f"acme/{name}",
        "namespace": {"full_path": "acme"},
        "web_url": f"https://git.example/acme/{name}",
    }


def _github_branch(name: str) -> Mapping[str, object]:
    return {"name": name, "commit": {"sha": COMMIT}, "protected": True}


def _gitlab_branch(name: str) -> Mapping[str, object]:
    return {"name": name, "commit": {"id": COMMIT}, "default": False, "protected": False}


def _reference(name: str) -> Mapping[str, object]:
    return {"ref": f"refs/heads/{name}", "object": {"type": "commit", "sha": COMMIT}}


def _both(make: Callable[[str], Mapping[str, object]]) -> tuple[Mapping[str, object], Mapping[str, object]]:
    return make("a"), make("aa")


LISTS: Mapping[str, List] = {
    "GitHub's repositories": List(repositories(GITHUB), "[%s]", _both(_github_repository)),
    "GitHub's repositories, searched": List(repositories(GITHUB, search="a"), '{"items": [%s]}', _both(_github_repository)),
    "GitHub's branches": List(branches(GITHUB), "[%s]", _both(_github_branch)),
    "GitHub's branches, searched": List(branches(GITHUB, search="a"), "[%s]", _both(_reference)),
    "GitHub's directory": List(
        entries(GITHUB, path="docs"), "[%s]", _both(lambda name: {"type": "dir", "name": name, "path": f"docs/{name}"})
    ),
    "GitHub's root": List(
        entries(GITHUB, path=""), '{"tree": [%s]}', _both(lambda name: {"type": "tree", "path": name, "mode": "040000"})
    ),
    "GitLab's projects": List(repositories(GITLAB), "[%s]", _both(_gitlab_project)),
    "GitLab's projects, searched": List(repositories(GITLAB, search="a"), "[%s]", _both(_gitlab_project)),
    "GitLab's branches": List(branches(GITLAB), "[%s]", _both(_gitlab_branch)),
    "GitLab's branches, searched": List(branches(GITLAB, search="a"), "[%s]", _both(_gitlab_branch)),
    "GitLab's directory": List(
        entries(GITLAB, path="docs"),
        "[%s]",
        _both(lambda name: {"type": "tree", "name": name, "path": f"docs/{name}", "mode": "040000"}),
    ),
    "Slack's channels": List(
        channels, '{"ok": true, "channels": [%s]}', _both(lambda name: {"id": f"C{name}", "name": name, "is_private": False})
    ),
}
# Text that stands between the two rows, `{row}` being the first of them.
ODD_ROWS: Mapping[str, str] = {
    "null": "null",
    "a number": "7",
    "a text": '"a"',
    "a list": "[[]]",
    "an object of nothing": "{}",
    "an object of other things": '{"id": null, "name": 7, "path": [], "ref": {}, "type": false}',
    "many": ", ".join(["null"] * 500),
}


@pytest.mark.parametrize("odd", ODD_ROWS)
@pytest.mark.parametrize("name", LISTS)
async def test_one_odd_row_loses_none_of_the_others(name: str, odd: str) -> None:
    one = LISTS[name]
    first, last = (json.dumps(row) for row in one.rows)
    answer = http((one.answer % f"{first}, {ODD_ROWS[odd]}, {last}").encode())

    assert await read(one, answer) == ["a", "aa"]


@pytest.mark.parametrize("half", [b"\\ud83d", b"x\\udc00x", b"\xff", b"\\\\\\ud83d"])
@pytest.mark.parametrize("name", LISTS)
async def test_half_a_character_in_what_is_not_even_looked_at_loses_nothing(name: str, half: bytes) -> None:
    """As in a description that somebody cut off in the middle of an emoji."""
    one = LISTS[name]
    first, last = (json.dumps({**row, "description": "HALF \\ud83d"}) for row in one.rows)
    answer = http((one.answer % f"{first}, {last}").encode().replace(b"HALF", half))

    assert await read(one, answer) == ["a", "aa"]


@pytest.mark.parametrize(
    ("odd", "is_left_out"), [("a\u200db", True), ("a\u200cb", True), ("", True), ("a b", True), ("ä-ö", False), ("日本", False)]
)
async def test_a_channel_whose_name_cannot_be_shown_is_left_out(odd: str, is_left_out: bool) -> None:
    one = LISTS["Slack's channels"]
    rows = [one.rows[0], {"id": "C9", "name": odd, "is_private": False}, one.rows[1]]

    names = await read(one, http((one.answer % ", ".join(map(json.dumps, rows))).encode()))

    assert names == (["a", "aa"] if is_left_out else ["a", odd, "aa"])


async def read(one: List, answer: Wire) -> list[str]:
    def answered(asked: Asked) -> Wire:
        # Which of a search's branches are protected is asked for beside.
        return http([_github_branch("a"), None]) if "protected=true" in asked.target else answer

    async with scripted(answered) as there, door_to(there) as outbound:
        return await one.read(there.authorized(), outbound)
