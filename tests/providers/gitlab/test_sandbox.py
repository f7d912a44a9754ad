"""GitLab's provider in a world that answers as GitLab does: what its functions make of it."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from app.outbound import Outbound
from app.providers.contract import Alive, Authorized, Client, Failure, Fault
from app.providers.gitlab import provider as gitlab
from app.providers.gitlab.tokens import revoke
from app.providers.hosting import Branch, File, Server
from app.sealing.secret import Secret
from tests.providers.git_doors import authorized_at, client_at, door_to_url, origin_at
from tests.providers.git_lists import read_branches, read_entries, read_repositories
from tests.sandbox.git_sign_ins import PKCE, REDIRECT_URI, VERIFIER, GitServer, gitlab_server
from tests.sandbox.running import run_sandbox

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
SCOPE = " ".join(gitlab.PROVIDER.scopes)
PAYMENTS = "acme/payments-api"
HOSTING = gitlab.HOSTING


@pytest.fixture
def server() -> Iterator[GitServer]:
    with run_sandbox() as running:
        yield gitlab_server(running)


@pytest.fixture
async def outbound(server: GitServer) -> AsyncIterator[Outbound]:
    async with door_to_url(server.url) as opened:
        yield opened


@pytest.fixture
def client(server: GitServer) -> Client:
    return client_at(server.url, id=server.client["client_id"], secret=server.client["client_secret"])


@pytest.fixture
def ada(server: GitServer) -> Authorized:
    return authorized_at(server.url, server.token("ada", scope=SCOPE))


async def number_of(path: str, authorized: Authorized, outbound: Outbound) -> str:
    found = await read_repositories(HOSTING, authorized, outbound, search=path.rpartition("/")[2])
    return next(one.id for one in found if one.full_name == path)


async def exchange(client: Client, code: str, outbound: Outbound, *, verifier: str = VERIFIER) -> object:
    return await gitlab.exchange(
        client=client, code=Secret(code), verifier=Secret(verifier), redirect_uri=REDIRECT_URI, now=NOW, outbound=outbound
    )


async def branches(
    authorized: Authorized, outbound: Outbound, *, of: str = PAYMENTS, search: str | None = None, limit: int = 100
) -> list[Branch]:
    return await read_branches(
        HOSTING, authorized, outbound, of=await number_of(of, authorized, outbound), search=search, limit=limit
    )


async def repositories(
    authorized: Authorized, outbound: Outbound, *, search: str | None = None, limits: tuple[int, ...] = (100,)
) -> list[str]:
    found = await read_repositories(HOSTING, authorized, outbound, search=search, limits=limits)
    return [one.full_name for one in found]


async def entries(
    authorized: Authorized, outbound: Outbound, path: str, *, ref: str = "main"
) -> list[tuple[str, bool]] | Failure:
    return await read_entries(
        HOSTING, authorized, outbound, of=await number_of(PAYMENTS, authorized, outbound), path=path, ref=ref
    )


async def read(authorized: Authorized, outbound: Outbound, path: str, *, ref: str = "main", of: str = PAYMENTS) -> File | Failure:
    return await HOSTING.read_file(
        authorized=authorized, repository_id=await number_of(of, authorized, outbound), ref=ref, path=path, outbound=outbound
    )


async def test_a_sign_in_lasts_and_says_who_it_was(server: GitServer, client: Client, outbound: Outbound) -> None:
    signed_in = await exchange(client, server.code("grace", scope=SCOPE, **PKCE), outbound)

    assert isinstance(signed_in, tuple)
    tokens, identity = signed_in
    assert (tokens.expires_at, tokens.scopes) == (NOW + timedelta(hours=2), ("api",))
    assert tokens.refresh is not None
    assert (identity.account_id, identity.account_name) == ("2", "grace")
    alive = await gitlab.check(authorized=authorized_at(server.url, tokens.access.reveal()), outbound=outbound)
    assert alive == Alive(identity)


async def test_what_the_sign_in_is_refused_for_is_told_apart(server: GitServer, client: Client, outbound: Outbound) -> None:
    used = server.code()
    server.exchange(used)
    outcomes = [
        await exchange(client, used, outbound),
        await exchange(client, server.code(**PKCE), outbound, verifier="x" * 43),
        await exchange(client_at(server.url, id=client.id, secret="wrong"), server.code(), outbound),
    ]

    faults = [one.fault for one in outcomes if isinstance(one, Failure)]
    assert faults == [Fault.REFUSED, Fault.REFUSED, Fault.CLIENT_REFUSED]


async def test_one_token_is_given_back_and_not_the_grant(server: GitServer, client: Client, outbound: Outbound) -> None:
    first, second = server.token("ada", scope=SCOPE), server.token("ada", scope=SCOPE)

    outcomes = [await revoke(client=client, access=Secret(first), outbound=outbound) for _ in range(2)]
    impostor = await revoke(client=client_at(server.url, id=client.id, secret="wrong"), access=Secret(second), outbound=outbound)

    assert outcomes == [None, None]
    dead = await gitlab.check(authorized=authorized_at(server.url, first), outbound=outbound)
    assert isinstance(dead, Failure)
    assert dead.fault is Fault.DEAD_GRANT
    assert impostor is not None
    assert impostor.fault is Fault.CLIENT_REFUSED
    assert isinstance(await gitlab.check(authorized=authorized_at(server.url, second), outbound=outbound), Alive)


async def test_the_server_is_known_by_its_version_and_another_is_not(server: GitServer, outbound: Outbound) -> None:
    async def find(url: str) -> object:
        return await HOSTING.find_server(base_url=url, origin=origin_at(url), certificates=None, outbound=outbound)

    githubs = await find(server.url.replace("/gitlab", "/github"))

    assert await find(server.url) == Server("unknown")
    assert isinstance(githubs, Failure)
    assert githubs.fault is Fault.REFUSED


async def test_each_sees_their_own_repositories_on_every_page(server: GitServer, ada: Authorized, outbound: Outbound) -> None:
    grace = authorized_at(server.url, server.token("grace", scope=SCOPE))
    whole = await repositories(grace, outbound)

    uneven = await repositories(grace, outbound, limits=(30, 7, 100, 1))

    assert len(whole) == len(set(whole)) > 260
    assert uneven == whole
    assert "globex/secret-plans" in whole
    assert "globex/secret-plans" not in await repositories(ada, outbound)
    hidden = await HOSTING.find_repository(
        authorized=ada, repository_id=await number_of("globex/secret-plans", grace, outbound), outbound=outbound
    )
    assert isinstance(hidden, Failure)
    assert hidden.fault is Fault.TARGET_GONE


async def test_repositories_are_searched_by_name_and_nothing_else(ada: Authorized, outbound: Outbound) -> None:
    assert await repositories(ada, outbound, search="payments") == [PAYMENTS]
    assert await repositories(ada, outbound, search="payments globex") == []
    assert await repositories(ada, outbound, search='"') == []


async def test_branches_are_paged_and_searched_by_how_they_begin(ada: Authorized, outbound: Outbound) -> None:
    many = await branches(ada, outbound, of="acme/many-branches")

    assert len({one.name for one in many}) == len(many) == 265
    assert await branches(ada, outbound, of="acme/many-branches", limit=17) == many
    found = await branches(ada, outbound, of="acme/many-branches", search="topic/2", limit=10)
    assert [one.name for one in found] == [f"topic/{number}" for number in range(200, 265)]
    assert [one.name for one in await branches(ada, outbound, search="feature/")] == ["feature/a/b"]
    assert await branches(ada, outbound, search="nothing") == []
    assert await branches(ada, outbound, of="acme/empty") == []
    [main] = await branches(ada, outbound, search="main")
    assert (main.name, main.is_default, main.is_protected) == ("main", True, True)


async def test_a_branch_is_found_by_its_whole_name(ada: Authorized, outbound: Outbound) -> None:
    async def find(name: str) -> Branch | Failure:
        return await HOSTING.find_branch(
            authorized=ada,
            repository_id=await number_of(PAYMENTS, ada, outbound),
            name=name,
            default_branch="main",
            outbound=outbound,
        )

    found, gone = await find("feature/a/b"), await find("feature/a")

    assert isinstance(found, Branch)
    assert (found.name, found.is_default, found.is_protected) == ("feature/a/b", False, False)
    assert isinstance(gone, Failure)
    assert gone.fault is Fault.TARGET_GONE


async def test_directories_have_files_and_directories_alone(ada: Authorized, outbound: Outbound) -> None:
    root = await entries(ada, outbound, "")
    below = await entries(ada, outbound, "openapi")

    assert isinstance(root, list)
    assert {("openapi", True), ("README.md", False), (".gitattributes", False)} <= set(root)
    assert not {"current.yaml", "elsewhere", "vendor/schemas"} & {path for path, _ in root}
    assert isinstance(below, list)
    assert sorted(below) == [("openapi/openapi.yaml", False), ("openapi/schemas", True), ("openapi/v2.1", True)]
    assert await entries(ada, outbound, "notes", ref="feature/a/b") == [("notes/only here.txt", False)]
    for path, ref in (("README.md", "main"), ("nothing", "main"), ("openapi", "no-branch"), ("", "no-branch")):
        gone = await entries(ada, outbound, path, ref=ref)
        assert isinstance(gone, Failure)
        assert gone.fault is Fault.TARGET_GONE


async def test_files_are_read_at_the_head(ada: Authorized, outbound: Outbound) -> None:
    head = await HOSTING.find_branch(
        authorized=ada,
        repository_id=await number_of(PAYMENTS, ada, outbound),
        name="feature/a/b",
        default_branch="main",
        outbound=outbound,
    )
    assert isinstance(head, Branch)

    found = await read(ada, outbound, "notes/only here.txt", ref="feature/a/b")

    assert found == File(
        path="notes/only here.txt",
        ref="feature/a/b",
        commit=head.commit,
        size=21,
        is_binary=False,
        text="Only on this branch.\n",
    )
    by_commit = await read(ada, outbound, "notes/only here.txt", ref=head.commit)
    assert isinstance(by_commit, File)
    assert by_commit.text == "Only on this branch.\n"


async def test_what_a_file_is_decides_what_is_shown_of_it(ada: Authorized, outbound: Outbound) -> None:
    async def kind(path: str) -> tuple[int, bool, bool]:
        found = await read(ada, outbound, path)
        assert isinstance(found, File), found
        return found.size, found.is_binary, found.text is None

    assert await kind("empty.txt") == (0, False, False)
    assert await kind("docs/How to pay - a guide.md") == (23, False, False)
    assert await kind("assets/logo.png") == (264, True, True)
    assert await kind("data/ledger.csv") == (1_200_019, False, True)
    for path in ("openapi", "nothing.txt", "vendor/schemas"):
        gone = await read(ada, outbound, path)
        assert isinstance(gone, Failure)
        assert gone.fault is Fault.TARGET_GONE


async def test_a_token_without_the_scope_lacks_it(server: GitServer, ada: Authorized, outbound: Outbound) -> None:
    payments = await number_of(PAYMENTS, ada, outbound)
    bare = authorized_at(server.url, server.token("ada", scope="read_user"))

    outcome = await HOSTING.find_repository(authorized=bare, repository_id=payments, outbound=outbound)

    assert isinstance(outcome, Failure)
    assert outcome.fault is Fault.MISSING_SCOPES


async def test_a_token_that_is_over_is_told_from_one_that_was_revoked(
    server: GitServer, ada: Authorized, outbound: Outbound
) -> None:
    grace = authorized_at(server.url, server.token("grace", scope=SCOPE))
    server.fault("expire_tokens", user="ada")
    server.fault("revoke_token", user="grace")

    outcomes = [await gitlab.check(authorized=one, outbound=outbound) for one in (ada, grace)]

    assert [one.fault for one in outcomes if isinstance(one, Failure)] == [Fault.EXPIRED, Fault.DEAD_GRANT]


async def test_patience_is_asked_for(server: GitServer, ada: Authorized, outbound: Outbound) -> None:
    server.fault("rate_limit", retry_after=7)

    outcome = await gitlab.check(authorized=ada, outbound=outbound)

    assert outcome == Failure(Fault.BUSY, "GitLab asks to slow down (HTTP 429).", retry_after=7.0)
