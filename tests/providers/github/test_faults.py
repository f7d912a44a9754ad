import pytest

from app.providers.contract import Failure, Fault, Tokens, Unwanted
from app.providers.github import provider as github
from app.providers.hosting import EntryPage, Server
from app.sealing.secret import Secret
from tests.providers.scripted import CODE, VERIFIER, Asked, Wire, door_to, http, scripted
from tests.providers.slack.steps import NOW

DATE = "Sat, 21 Nov 2026 10:00:00 GMT"
IN_A_MINUTE = "1795255260"
NEEDS_REPO = {"X-OAuth-Scopes": "user", "X-Accepted-OAuth-Scopes": "repo"}
HAS_REPO = {"X-OAuth-Scopes": "repo, user", "X-Accepted-OAuth-Scopes": "repo"}

REFUSALS = {
    "a bad token": (http({"message": "Bad credentials"}, status=401), Fault.DEAD_GRANT),
    "a proxy's 401": (http(b"<h1>Sign in</h1>", status=401), Fault.BROKEN),
    "a proxy's 401 in JSON": (http({"message": "Unauthorized"}, status=401), Fault.BROKEN),
    "a token that did not arrive": (http({"message": "Requires authentication"}, status=401), Fault.BROKEN),
    "a proxy's 407": (http({"message": "Bad"}, status=407), Fault.BROKEN),
    "a suspended account": (http({"message": "Sorry. Your account was suspended."}, status=403), Fault.DEAD_GRANT),
    "no right": (http({"message": "Must have admin rights to Repository."}, status=403), Fault.TARGET_GONE),
    "no scope": (http({"message": "Not Found"}, status=404, headers=NEEDS_REPO), Fault.MISSING_SCOPES),
    "not there": (http({"message": "Not Found"}, status=404, headers=HAS_REPO), Fault.TARGET_GONE),
    "a proxy's 404": (http(b"<h1>Nothing here</h1>", status=404), Fault.BROKEN),
    "gone": (http({"message": "This repository was deleted"}, status=410), Fault.TARGET_GONE),
    "taken down": (http({"message": "Repository access blocked"}, status=451), Fault.TARGET_GONE),
    "empty": (http({"message": "Git Repository is empty."}, status=409), Fault.TARGET_GONE),
    "not valid": (http({"message": "Validation Failed"}, status=422), Fault.REFUSED),
    "the limit": (http({"message": "x"}, status=403, headers={"X-RateLimit-Remaining": "0"}), Fault.BUSY),
    "the secondary limit": (http({"message": "You have exceeded a secondary rate limit."}, status=403), Fault.BUSY),
    "a wait": (http({"message": "x"}, status=403, headers={"Retry-After": "60"}), Fault.BUSY),
}
TOKEN_ERRORS = {
    "incorrect_client_credentials": Fault.CLIENT_REFUSED,
    "application_suspended": Fault.CLIENT_REFUSED,
    "bad_verification_code": Fault.REFUSED,
    "redirect_uri_mismatch": Fault.REFUSED,
    "unverified_user_email": Fault.REFUSED,
    "access_denied": Fault.DENIED,
    "something_new": Fault.REFUSED,
    "<b>Not a code": Fault.REFUSED,
}
TOKEN = {"access_token": "gho_x", "scope": "repo,user", "token_type": "bearer"}
USER = {"id": 1, "login": "octocat", "html_url": "https://git.example/octocat"}
ODD_TOKENS = {
    "no token": {key: value for key, value in TOKEN.items() if key != "access_token"},
    "an empty token": TOKEN | {"access_token": ""},
    "a token with a line break": TOKEN | {"access_token": "gho_x\r\nHost: evil.example"},
    "a token that is a number": TOKEN | {"access_token": 7},
    "another type": TOKEN | {"token_type": "mac"},
    "no type": {key: value for key, value in TOKEN.items() if key != "token_type"},
    "scopes that are none": TOKEN | {"scope": "Repo!"},
    "scopes that are null": TOKEN | {"scope": None},
}


async def find(wire: Wire) -> object:
    async with scripted(lambda _: wire) as there, door_to(there) as outbound:
        return await github.HOSTING.find_repository(
            authorized=there.authorized(), repository_id="acme/payments-api", outbound=outbound
        )


async def exchange(token: Wire, user: Wire) -> object:
    async with scripted(lambda asked: token if asked.target.startswith("/login") else user) as there, door_to(there) as outbound:
        return await github.exchange(
            client=there.client(),
            code=Secret(CODE),
            verifier=Secret(VERIFIER),
            redirect_uri="https://apps.example/callback",
            now=NOW,
            outbound=outbound,
        )


def fault_of(outcome: object) -> Fault | None:
    return outcome.fault if isinstance(outcome, Failure) else None


@pytest.mark.parametrize("case", REFUSALS)
async def test_each_refusal_says_who_must_act(case: str) -> None:
    wire, fault = REFUSALS[case]

    assert fault_of(await find(wire)) is fault


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"Retry-After": "60"}, 60.0),
        ({"Retry-After": "1000000000"}, 3600.0),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": IN_A_MINUTE, "Date": DATE}, 60.0),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1", "Date": DATE}, 0.0),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "soon", "Date": DATE}, None),
        ({"X-RateLimit-Remaining": "0"}, None),
    ],
)
async def test_how_long_to_wait_is_read_by_githubs_own_clock(headers: dict[str, str], wait: float | None) -> None:
    outcome = await find(http({"message": "API rate limit exceeded"}, status=403, headers=headers))

    assert isinstance(outcome, Failure)
    assert (outcome.fault, outcome.retry_after) == (Fault.BUSY, wait)


@pytest.mark.parametrize("error", TOKEN_ERRORS)
async def test_errors_of_the_exchange_come_with_200(error: str) -> None:
    outcome = await exchange(http({"error": error, "error_description": "x"}), http(USER))

    assert fault_of(outcome) is TOKEN_ERRORS[error]


@pytest.mark.parametrize("case", ODD_TOKENS)
async def test_an_odd_token_is_no_token(case: str) -> None:
    assert fault_of(await exchange(http(ODD_TOKENS[case]), http(USER))) is Fault.BROKEN


async def test_a_client_id_that_github_does_not_know_is_refused() -> None:
    assert fault_of(await exchange(http({"error": "Not Found"}, status=404), http(USER))) is Fault.CLIENT_REFUSED


async def test_a_github_app_is_told_from_an_oauth_app() -> None:
    outcome = await exchange(http(TOKEN | {"refresh_token": "ghr_x", "expires_in": 28_800}), http(USER))

    assert isinstance(outcome, Unwanted)
    assert outcome.failure.fault is Fault.CLIENT_REFUSED
    assert "OAuth app" in outcome.failure.message
    assert outcome.tokens.access.reveal() == TOKEN["access_token"]


async def test_a_token_of_which_nobody_says_whose_it_is_is_handed_over_to_be_given_back() -> None:
    outcome = await exchange(http(TOKEN), http(status=500))

    assert isinstance(outcome, Unwanted)
    assert (outcome.tokens.access.reveal(), outcome.failure.fault) == (TOKEN["access_token"], Fault.BROKEN)


@pytest.mark.parametrize(("scope", "read"), [("repo,user", ("repo", "user")), ("repo user", ("repo", "user")), ("", ())])
async def test_scopes_are_read_as_they_were_granted(scope: str, read: tuple[str, ...]) -> None:
    outcome = await exchange(http(TOKEN | {"scope": scope}), http(USER))

    assert isinstance(outcome, tuple)
    tokens, identity = outcome
    assert isinstance(tokens, Tokens)
    assert tokens.scopes == read
    assert identity.account_name == "octocat"


async def test_whoever_is_not_found_is_no_reason_to_stop() -> None:
    async with scripted(lambda _: http({"message": "Not Found"}, status=404)) as there, door_to(there) as outbound:
        outcome = await github.check(authorized=there.authorized(), outbound=outbound)

    assert fault_of(outcome) is Fault.BROKEN


async def test_there_is_nothing_to_refresh() -> None:
    async with scripted(lambda _: http(TOKEN)) as there, door_to(there) as outbound:
        outcome = await github.refresh(
            client=there.client(), refresh_token=Secret("x"), redirect_uri="https://a.example", now=NOW, outbound=outbound
        )

    assert fault_of(outcome) is Fault.DEAD_GRANT
    assert there.asked == []


@pytest.mark.parametrize(
    ("status", "body", "fault"),
    [
        (204, b"", None),
        (404, {"message": "Not Found"}, None),
        (422, {"message": "Validation Failed"}, None),
        (404, b"<h1>Nothing here</h1>", Fault.BROKEN),
        (200, {}, Fault.BROKEN),
        (401, {"message": "Bad credentials"}, Fault.CLIENT_REFUSED),
        (500, b"", Fault.BROKEN),
    ],
)
async def test_a_token_is_given_back_when_github_says_so(status: int, body: object, fault: Fault | None) -> None:
    async with scripted(lambda _: http(body, status=status)) as there, door_to(there) as outbound:
        outcome = await github.revoke(client=there.client(), access=Secret("gho_x"), outbound=outbound)

    assert fault_of(outcome) is fault


@pytest.mark.parametrize(
    ("wire", "found"),
    [
        (http({"installed_version": "3.19.0"}), Server("3.19.0")),
        (http({"message": "x"}, status=401, headers={"X-GitHub-Enterprise-Version": "3.17.2"}), Server("3.17.2")),
        (http({"verifiable_password_authentication": True}), Fault.REFUSED),
        (http({"message": "x"}, status=401), Fault.REFUSED),
        (http(b"<h1>Hello</h1>"), Fault.REFUSED),
        (http(status=302, headers={"Location": "https://git.example"}), Fault.REFUSED),
        (http(status=503), Fault.BROKEN),
        (http(status=429), Fault.BUSY),
    ],
)
async def test_a_server_is_taken_for_what_it_says(wire: Wire, found: Server | Fault) -> None:
    async with scripted(lambda _: wire) as there, door_to(there) as outbound:
        outcome = await github.HOSTING.find_server(base_url=there.url, origin=there.url, certificates=None, outbound=outbound)

    assert (fault_of(outcome) or outcome) == found
    assert "authorization" not in there.asked[0].headers


async def test_links_and_submodules_are_left_out_of_directories() -> None:
    def row(name: str, type: str, download_url: str | None) -> dict[str, object]:
        return {"type": type, "name": name, "path": f"docs/{name}", "size": 0, "download_url": download_url}

    def answer(_: Asked) -> Wire:
        return http(
            [
                row("a.yaml", "file", "https://git.example/raw"),
                row("more", "dir", None),
                row("link", "symlink", "https://git.example/raw"),
                row("vendor", "file", None),
                row("line\nbreak", "file", "https://git.example/raw"),
            ]
        )

    async with scripted(answer) as there, door_to(there) as outbound:
        page = await github.HOSTING.list_entries(
            authorized=there.authorized(),
            repository_id="acme/payments-api",
            ref="main",
            path="docs",
            cursor=None,
            limit=20,
            outbound=outbound,
        )

    assert isinstance(page, EntryPage)
    assert [(one.name, one.is_directory) for one in page.entries] == [("a.yaml", False), ("more", True)]
