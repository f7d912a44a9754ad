"""The providers of Git hosting in worlds that answer as their servers do: what each makes of what all of them have."""

from collections.abc import AsyncIterator

import pytest

from app.providers.contract import Alive, Authorized, Failure, Fault
from app.providers.github import provider as github
from app.providers.gitlab import provider as gitlab
from app.providers.hosting import Branch, File, Server
from tests.providers.git_doors import origin_at
from tests.providers.git_worlds import PAYMENTS, GitWorld, git_world
from tests.sandbox.git_sign_ins import PKCE, github_server, gitlab_server

WORLDS = {"github": (github.PROVIDER, github_server), "gitlab": (gitlab.PROVIDER, gitlab_server)}
VERSIONS = {"github": "3.19.1", "gitlab": "unknown"}


@pytest.fixture(params=WORLDS)
async def world(request: pytest.FixtureRequest) -> AsyncIterator[GitWorld]:
    async with git_world(*WORLDS[request.param]) as opened:
        yield opened


@pytest.fixture
def ada(world: GitWorld) -> Authorized:
    return world.member("ada")


async def test_what_the_sign_in_is_refused_for_is_told_apart(world: GitWorld) -> None:
    used = world.server.code()
    world.server.exchange(used)
    outcomes = [
        await world.exchange(used),
        await world.exchange(world.server.code(**PKCE), verifier="x" * 43),
        await world.exchange(world.server.code(), client=world.client(secret="wrong")),
    ]

    faults = [one.fault for one in outcomes if isinstance(one, Failure)]
    assert faults == [Fault.REFUSED, Fault.REFUSED, Fault.CLIENT_REFUSED]


async def test_one_token_is_given_back_and_not_the_grant(world: GitWorld) -> None:
    first, second = (world.server.token("ada", scope=world.scope) for _ in range(2))

    outcomes = [await world.revoke(first) for _ in range(2)]
    impostor = await world.revoke(second, client=world.client(secret="wrong"))

    assert outcomes == [None, None]
    dead = await world.check(world.holder(first))
    assert isinstance(dead, Failure)
    assert dead.fault is Fault.DEAD_GRANT
    assert impostor is not None
    assert impostor.fault is Fault.CLIENT_REFUSED
    assert isinstance(await world.check(world.holder(second)), Alive)


async def test_the_server_is_known_by_its_version_and_another_is_not(world: GitWorld) -> None:
    async def find(url: str) -> object:
        return await world.hosting.find_server(base_url=url, origin=origin_at(url), certificates=None, outbound=world.outbound)

    [another] = [await find(f"{world.server.sandbox.url}/{name}") for name in WORLDS if name != world.server.name]

    assert await find(world.server.url) == Server(VERSIONS[world.server.name])
    assert isinstance(another, Failure)
    assert another.fault is Fault.REFUSED


async def test_each_sees_their_own_repositories_on_every_page(world: GitWorld, ada: Authorized) -> None:
    grace = world.member("grace")
    whole = await world.repositories(grace)

    uneven = await world.repositories(grace, limits=(30, 7, 100, 1))

    assert len(whole) == len(set(whole)) > 260
    assert uneven == whole
    assert "globex/secret-plans" in whole
    assert "globex/secret-plans" not in await world.repositories(ada)
    secret = await world.id_of("globex/secret-plans", grace)
    hidden = await world.hosting.find_repository(authorized=ada, repository_id=secret, outbound=world.outbound)
    assert isinstance(hidden, Failure)
    assert hidden.fault is Fault.TARGET_GONE


async def test_repositories_are_searched_by_name_and_nothing_else(world: GitWorld, ada: Authorized) -> None:
    assert await world.repositories(ada, search="payments") == [PAYMENTS]
    assert await world.repositories(ada, search="payments globex") == []
    assert await world.repositories(ada, search='payments" user:globex "') == []
    assert await world.repositories(ada, search='"') == []


async def test_branches_are_paged_and_searched_by_how_they_begin(world: GitWorld, ada: Authorized) -> None:
    many = await world.branches(ada, of="acme/many-branches")

    assert len({one.name for one in many}) == len(many) == 265
    assert await world.branches(ada, of="acme/many-branches", limit=17) == many
    found = await world.branches(ada, of="acme/many-branches", search="topic/2", limit=10)
    assert [one.name for one in found] == [f"topic/{number}" for number in range(200, 265)]
    assert [one.name for one in await world.branches(ada, search="feature/")] == ["feature/a/b"]
    assert await world.branches(ada, search="nothing") == []
    assert await world.branches(ada, of="acme/empty") == []
    [main] = await world.branches(ada, search="main")
    assert (main.name, main.is_default, main.is_protected) == ("main", True, True)


async def test_a_branch_is_found_by_its_whole_name(world: GitWorld, ada: Authorized) -> None:
    found, gone = await world.branch(ada, "feature/a/b"), await world.branch(ada, "feature/a")

    assert isinstance(found, Branch)
    assert (found.name, found.is_default, found.is_protected) == ("feature/a/b", False, False)
    assert isinstance(gone, Failure)
    assert gone.fault is Fault.TARGET_GONE


async def test_directories_have_files_and_directories_alone(world: GitWorld, ada: Authorized) -> None:
    root = await world.entries(ada, "")
    below = await world.entries(ada, "openapi")

    assert isinstance(root, list)
    assert {("openapi", True), ("README.md", False), (".gitattributes", False)} <= set(root)
    assert not {"current.yaml", "elsewhere", "vendor/schemas"} & {path for path, _ in root}
    assert isinstance(below, list)
    assert sorted(below) == [("openapi/openapi.yaml", False), ("openapi/schemas", True), ("openapi/v2.1", True)]
    assert await world.entries(ada, "notes", ref="feature/a/b") == [("notes/only here.txt", False)]
    for path, ref in (("README.md", "main"), ("nothing", "main"), ("openapi", "no-branch"), ("", "no-branch")):
        gone = await world.entries(ada, path, ref=ref)
        assert isinstance(gone, Failure)
        assert gone.fault is Fault.TARGET_GONE


async def test_files_are_read_at_the_head(world: GitWorld, ada: Authorized) -> None:
    head = await world.branch(ada, "feature/a/b")
    assert isinstance(head, Branch)

    found = await world.file(ada, "notes/only here.txt", ref="feature/a/b")

    assert found == File(
        path="notes/only here.txt",
        ref="feature/a/b",
        commit=head.commit,
        size=21,
        is_binary=False,
        text="Only on this branch.\n",
    )
    by_commit = await world.file(ada, "notes/only here.txt", ref=head.commit)
    assert isinstance(by_commit, File)
    assert by_commit.text == "Only on this branch.\n"


async def test_what_a_file_is_decides_what_is_shown_of_it(world: GitWorld, ada: Authorized) -> None:
    async def kind(path: str) -> tuple[int, bool, bool]:
        found = await world.file(ada, path)
        assert isinstance(found, File), found
        return found.size, found.is_binary, found.text is None

    assert await kind("empty.txt") == (0, False, False)
    assert await kind("docs/How to pay - a guide.md") == (23, False, False)
    assert await kind("assets/logo.png") == (264, True, True)
    assert await kind("data/ledger.csv") == (1_200_019, False, True)
    for path in ("openapi", "nothing.txt", "vendor/schemas"):
        gone = await world.file(ada, path)
        assert isinstance(gone, Failure)
        assert gone.fault is Fault.TARGET_GONE
