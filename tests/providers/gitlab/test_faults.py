from datetime import timedelta

import pytest

from app.providers.contract import Failure, Fault, Tokens
from app.providers.gitlab import provider as gitlab
from app.providers.gitlab.tokens import revoke
from app.providers.hosting import File, Server
from app.sealing.secret import Secret
from tests.providers.scripted import ACCESS_TOKEN, CODE, REFRESH_TOKEN, VERIFIER, Asked, Wire, door_to, http, scripted
from tests.providers.slack.steps import NOW

REVOKED = "Token was revoked. You have to re-authorize from the user."
EXPIRED = "Token is expired. You can either do re-authorization or token refresh."


def invalid(description: str, error: str = "invalid_token") -> dict[str, str]:
    return {"error": error, "error_description": description}


REFUSALS = {
    "expired": (http(invalid(EXPIRED), status=401), Fault.EXPIRED),
    "revoked": (http(invalid(REVOKED), status=401), Fault.DEAD_GRANT),
    "bad": (http(invalid("Bad Access Token."), status=401), Fault.DEAD_GRANT),
    "nobody": (http({"message": "401 Unauthorized"}, status=401), Fault.DEAD_GRANT),
    "a proxy's 401": (http(b"<h1>Sign in</h1>", status=401), Fault.BROKEN),
    "a proxy's 401 in JSON": (http({"message": "Unauthorized"}, status=401), Fault.BROKEN),
    "a proxy's 401 with a code": (http(invalid("Jwt is missing"), status=401), Fault.BROKEN),
    "a proxy's 407": (http({"message": "Log in"}, status=407), Fault.BROKEN),
    "no scope": (http({"error": "insufficient_scope", "scope": "api"}, status=403), Fault.MISSING_SCOPES),
    "blocked": (http({"message": "403 Forbidden - Your account has been blocked."}, status=403), Fault.DEAD_GRANT),
    "no right": (http({"message": "403 Forbidden"}, status=403), Fault.TARGET_GONE),
    "not there": (http({"message": "404 Project Not Found"}, status=404), Fault.TARGET_GONE),
    "a proxy's 404": (http(b"<h1>Nothing here</h1>", status=404), Fault.BROKEN),
    "gone": (http({"message": "410 Gone"}, status=410), Fault.TARGET_GONE),
    "taken down": (http({"message": "451"}, status=451), Fault.TARGET_GONE),
    "no such way": (http({"error": "page is invalid"}, status=400), Fault.REFUSED),
    "the limit": (http(b"Retry later\n", status=429, headers={"Retry-After": "7"}), Fault.BUSY),
}
TOKEN_ERRORS = {
    "invalid_grant": (400, Fault.DEAD_GRANT),
    "invalid_client": (401, Fault.CLIENT_REFUSED),
    "unauthorized_client": (401, Fault.CLIENT_REFUSED),
    "invalid_scope": (400, Fault.REFUSED),
    "invalid_request": (400, Fault.REFUSED),
    "unsupported_grant_type": (400, Fault.REFUSED),
    "access_denied": (400, Fault.DENIED),
    "temporarily_unavailable": (400, Fault.BUSY),
    "server_error": (400, Fault.BROKEN),
    "<b>Not a code": (400, Fault.REFUSED),
}
TOKEN = {"access_token": "a" * 64, "refresh_token": "b" * 64, "token_type": "Bearer", "expires_in": 7200, "scope": "api"}
USER = {"id": 7, "username": "ada", "web_url": "https://git.example/ada"}
ODD_TOKENS = {
    "no token": {key: value for key, value in TOKEN.items() if key != "access_token"},
    "a token with a line break": TOKEN | {"access_token": "x\r\nHost: evil.example"},
    "a refresh token that is a number": TOKEN | {"refresh_token": 7},
    "another type": TOKEN | {"token_type": "mac"},
    "a lifetime below zero": TOKEN | {"expires_in": -1},
    "no lifetime at all": TOKEN | {"expires_in": 0},
    "a lifetime in words": TOKEN | {"expires_in": "7200"},
    "an endless lifetime": TOKEN | {"expires_in": 10**18},
    "a broken lifetime": TOKEN | {"expires_in": 7200.5},
    "scopes that are a number": TOKEN | {"scope": 7},
}


def fault_of(outcome: object) -> Fault | None:
    return outcome.fault if isinstance(outcome, Failure) else None


async def find(wire: Wire) -> object:
    async with scripted(lambda _: wire) as there, door_to(there) as outbound:
        return await gitlab.HOSTING.find_repository(authorized=there.authorized(), repository_id="42", outbound=outbound)


async def exchange(token: Wire) -> object:
    def answer(asked: Asked) -> Wire:
        return token if asked.target.startswith("/oauth") else http(USER)

    async with scripted(answer) as there, door_to(there) as outbound:
        return await gitlab.exchange(
            client=there.client(),
            code=Secret(CODE),
            verifier=Secret(VERIFIER),
            redirect_uri="https://apps.example/callback",
            now=NOW,
            outbound=outbound,
        )


async def refresh(token: Wire) -> tuple[Tokens | Failure, list[Asked]]:
    async with scripted(lambda _: token) as there, door_to(there) as outbound:
        outcome = await gitlab.refresh(
            client=there.client(),
            refresh_token=Secret(REFRESH_TOKEN),
            redirect_uri="https://apps.example/callback",
            now=NOW,
            outbound=outbound,
        )
    return outcome, there.asked


@pytest.mark.parametrize("case", REFUSALS)
async def test_each_refusal_says_who_must_act(case: str) -> None:
    wire, fault = REFUSALS[case]

    assert fault_of(await find(wire)) is fault


@pytest.mark.parametrize("error", TOKEN_ERRORS)
async def test_each_error_of_a_refresh_is_sorted(error: str) -> None:
    status, fault = TOKEN_ERRORS[error]

    outcome, _ = await refresh(http(invalid("x", error), status=status))

    assert fault_of(outcome) is fault


@pytest.mark.parametrize("error", TOKEN_ERRORS)
async def test_an_exchange_fails_alike_but_has_no_grant_that_could_be_dead(error: str) -> None:
    status, fault = TOKEN_ERRORS[error]

    outcome = await exchange(http(invalid("x", error), status=status))

    assert fault_of(outcome) is (Fault.REFUSED if fault is Fault.DEAD_GRANT else fault)


@pytest.mark.parametrize("case", ODD_TOKENS)
async def test_an_odd_answer_brings_no_tokens(case: str) -> None:
    outcome, _ = await refresh(http(ODD_TOKENS[case]))

    assert fault_of(outcome) is Fault.BROKEN
    assert fault_of(await exchange(http(ODD_TOKENS[case]))) is Fault.BROKEN


@pytest.mark.parametrize("missing", [{}, {"expires_in": None}])
async def test_tokens_last_two_hours_where_gitlab_does_not_say(missing: dict[str, object]) -> None:
    unsaid = {key: value for key, value in TOKEN.items() if key != "expires_in"} | missing

    outcome, _ = await refresh(http(unsaid))

    assert isinstance(outcome, Tokens)
    assert outcome.expires_at == NOW + timedelta(seconds=7200)


@pytest.mark.parametrize(
    ("scope", "read"),
    [("api read_user", ("api", "read_user")), (["api", "read_user"], ("api", "read_user")), ("", ()), (None, ("api",))],
)
async def test_scopes_are_a_text_or_a_list_or_what_was_asked_for(scope: object, read: tuple[str, ...]) -> None:
    outcome, _ = await refresh(http(TOKEN | {"scope": scope}))

    assert isinstance(outcome, Tokens)
    assert outcome.scopes == read


async def test_a_refresh_sends_all_that_gitlab_wants_to_see() -> None:
    _, asked = await refresh(http(TOKEN))

    assert [(one.method, one.target) for one in asked] == [("POST", "/oauth/token")]
    fields = asked[0].body.decode().split("&")
    assert sorted(field.partition("=")[0] for field in fields) == [
        "client_id",
        "client_secret",
        "grant_type",
        "redirect_uri",
        "refresh_token",
    ]


async def test_without_a_new_refresh_token_the_old_one_goes_on() -> None:
    outcome, _ = await refresh(http({key: value for key, value in TOKEN.items() if key != "refresh_token"}))

    assert isinstance(outcome, Tokens)
    assert outcome.refresh is not None
    assert outcome.refresh.reveal() == REFRESH_TOKEN


@pytest.mark.parametrize(
    ("wire", "fault"),
    [
        (http({}), None),
        (http(b"<h1>Hello</h1>"), Fault.BROKEN),
        (http(invalid("x", "server_error")), Fault.BROKEN),
        (http(invalid("x", "unauthorized_client"), status=403), Fault.CLIENT_REFUSED),
        (http(invalid("x", "invalid_client"), status=401), Fault.CLIENT_REFUSED),
        (http(status=502), Fault.BROKEN),
    ],
)
async def test_a_token_is_given_back_when_gitlab_says_so(wire: Wire, fault: Fault | None) -> None:
    async with scripted(lambda _: wire) as there, door_to(there) as outbound:
        outcome = await revoke(client=there.client(), access=Secret(ACCESS_TOKEN), outbound=outbound)

    assert fault_of(outcome) is fault


@pytest.mark.parametrize(
    ("wire", "found"),
    [
        (http({"version": "17.5.1-ee", "revision": "abc"}), Server("17.5.1-ee")),
        (http({"message": "401 Unauthorized"}, status=401), Server("unknown")),
        (http({"error": "x"}, status=401, headers={"X-Gitlab-Meta": "{}"}), Server("unknown")),
        (http({"message": "Bad credentials"}, status=401), Fault.REFUSED),
        (http({"version": "17.5.1"}), Fault.REFUSED),
        (http(b"<h1>Hello</h1>"), Fault.REFUSED),
        (http({"error": "404 Not Found"}, status=404), Fault.REFUSED),
        (http(status=301, headers={"Location": "https://git.example"}), Fault.REFUSED),
        (http(status=503), Fault.BROKEN),
        (http(status=429), Fault.BUSY),
    ],
)
async def test_a_server_is_taken_for_what_it_says(wire: Wire, found: Server | Fault) -> None:
    async with scripted(lambda _: wire) as there, door_to(there) as outbound:
        outcome = await gitlab.HOSTING.find_server(base_url=there.url, origin=there.url, certificates=None, outbound=outbound)

    assert (fault_of(outcome) or outcome) == found
    assert "authorization" not in there.asked[0].headers


@pytest.mark.parametrize("size", [1_048_577, 10_000_000, 1_048_576, None])
async def test_a_file_that_is_too_large_to_be_taken_is_measured(size: int | None) -> None:
    told = {} if size is None else {"X-Gitlab-Size": str(size), "X-Gitlab-Commit-Id": "a" * 40}

    def answer(asked: Asked) -> Wire:
        return http(headers=told) if asked.method == "HEAD" else http(b'"' + b"a" * 3_000_000 + b'"')

    async with scripted(answer) as there, door_to(there) as outbound:
        outcome = await gitlab.HOSTING.read_file(
            authorized=there.authorized(), repository_id="42", ref="main", path="data/ledger.csv", outbound=outbound
        )

    if size is not None and size > 1_048_576:
        assert outcome == File("data/ledger.csv", "main", "a" * 40, size=size, is_binary=False, text=None)
    else:
        assert fault_of(outcome) is Fault.BROKEN
    assert [one.method for one in there.asked] == ["GET", "HEAD"]
