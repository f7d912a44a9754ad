"""What clients see of what went wrong, and what nobody sees."""

from collections.abc import Callable
from typing import Any

import asyncpg
import pytest
import structlog
from structlog.testing import capture_logs

from app.errors import (
    BadUserInput,
    CursorExpired,
    CursorInvalid,
    Forbidden,
    KeyUnavailable,
    RateLimited,
    Refusal,
    Unauthenticated,
    Unavailable,
    UserErrorCode,
)
from app.storage import outages
from tests.graphql.tiny import World

PLANTED = "xoxb-planted-5EcReT"


@pytest.fixture
def world() -> World:
    return World()


async def ask(world: World, query: str, variables: dict[str, Any] | None = None) -> tuple[str, list[dict[str, Any]]]:
    async with world.client() as client:
        response = await client.post("/graphql", json={"query": query, "variables": variables})
    return response.text, response.json().get("errors", [])


def raising(error: BaseException) -> Callable[[], None]:
    def cause() -> None:
        raise error

    return cause


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Unauthenticated("words"), "UNAUTHENTICATED"),
        (Forbidden("words"), "FORBIDDEN"),
        (BadUserInput("words"), "BAD_USER_INPUT"),
        (CursorExpired("words"), "CURSOR_EXPIRED"),
        (CursorInvalid("words"), "CURSOR_INVALID"),
        (RateLimited("words"), "RATE_LIMITED"),
        (Unavailable("words"), "UNAVAILABLE"),
        (Refusal(UserErrorCode.MISSING_SCOPES, "words"), "MISSING_SCOPES"),
    ],
)
async def test_our_own_errors_are_shown_with_their_code(world: World, error: Exception, code: str) -> None:
    world.cause = raising(error)

    _, errors = await ask(world, "{ trouble }")

    assert errors == [
        {"message": "words", "extensions": {"code": code}, "locations": [{"line": 1, "column": 3}], "path": ["trouble"]}
    ]


async def test_a_busy_provider_says_for_how_long(world: World) -> None:
    world.cause = raising(Refusal(UserErrorCode.PROVIDER_BUSY, "Later.", retry_after=30))

    _, errors = await ask(world, "{ trouble }")

    assert errors[0]["extensions"] == {"code": "PROVIDER_BUSY", "retryAfter": 30}


@pytest.mark.parametrize(
    "cause",
    [asyncpg.ConnectionDoesNotExistError("host=db.internal"), ConnectionResetError("db.internal"), TimeoutError("db.internal")],
)
async def test_a_database_that_is_away_is_unavailable(world: World, cause: Exception) -> None:
    away = outages.of_server(cause)
    assert away is not None
    world.cause = raising(away)

    body, errors = await ask(world, "{ trouble }")

    assert errors[0]["extensions"] == {"code": "UNAVAILABLE"}
    assert "db.internal" not in body


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError(f"no {PLANTED}"),
        KeyError(PLANTED),
        asyncpg.UniqueViolationError(f"Key (token)=({PLANTED}) already exists."),
        KeyUnavailable("The key is away.", key_id="k1"),
        ExceptionGroup("several", [ValueError(PLANTED)]),
    ],
)
async def test_what_nobody_expected_is_masked_and_logged_without_its_words(world: World, error: Exception) -> None:
    world.cause = raising(error)

    with capture_logs() as logs, structlog.contextvars.bound_contextvars(request_id="request-1"):
        body, errors = await ask(world, "{ trouble }")

    assert errors[0]["message"] == "Something went wrong here; the log has it under request-1."
    assert errors[0]["extensions"] == {"code": "INTERNAL"}
    assert PLANTED not in body
    assert [(row["event"], row["request_id"], row["error"]) for row in logs] == [
        ("unexpected error", "request-1", type(error).__qualname__)
    ]
    assert any("tiny.py" in line for line in logs[0]["trace"])
    assert PLANTED not in str(logs)


async def test_a_null_that_the_schema_forbids_is_our_own_fault(world: World) -> None:
    _, errors = await ask(world, "{ needed }")

    assert errors[0]["extensions"] == {"code": "INTERNAL"}


CLIENT = "mutation($input: ClientInput!) { addClient(input: $input) { name } }"
GOOD = {"url": "https://a.example", "clientSecret": PLANTED}

MALFORMED: dict[str, tuple[str, dict[str, Any] | None, str]] = {
    "a missing field beside a secret": (
        CLIENT,
        {"input": {"clientSecret": PLANTED}},
        "Variable '$input' does not fit: ClientInput needs the field url.",
    ),
    "an unknown field": (
        CLIENT,
        {"input": {**GOOD, "colour": PLANTED}},
        "Variable '$input' does not fit: ClientInput has no field colour.",
    ),
    "a secret in a field's place": (
        CLIENT,
        {"input": {**GOOD, "ia_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ01": PLANTED}},
        "Variable '$input' does not fit: ClientInput has no such field.",
    ),
    "an unknown field with an odd name": (
        CLIENT,
        {"input": {**GOOD, f"{PLANTED} '": 1}},
        "Variable '$input' does not fit: ClientInput has no such field.",
    ),
    "a text for an input": (CLIENT, {"input": PLANTED}, "Variable '$input' does not fit: ClientInput has to be an object."),
    "a list for an input": (CLIENT, {"input": [PLANTED]}, "Variable '$input' does not fit: ClientInput has to be an object."),
    "null for an input": (
        CLIENT,
        {"input": None},
        "Variable '$input' does not fit: a value of type ClientInput! is required, not null.",
    ),
    "no input": (CLIENT, {}, "Variable '$input' does not fit: a value of type ClientInput! is required."),
    "null for a field": (
        CLIENT,
        {"input": {**GOOD, "url": None}},
        "Variable '$input' does not fit at .url: a value of type URL! is required, not null.",
    ),
    "no address": (
        CLIENT,
        {"input": {**GOOD, "url": PLANTED}},
        "Variable '$input' does not fit at .url: URL has to be an absolute http or https address, such as https://git.example.com.",
    ),
    "a number for a text": (
        CLIENT,
        {"input": {"url": "https://a.example", "clientSecret": 5318008}},
        "Variable '$input' does not fit at .clientSecret: a value of type String is expected.",
    ),
    "an object for a text": (
        CLIENT,
        {"input": {"url": "https://a.example", "clientSecret": {"token": PLANTED}}},
        "Variable '$input' does not fit at .clientSecret: a value of type String is expected.",
    ),
    "no member of an enum": (
        CLIENT,
        {"input": {**GOOD, "role": PLANTED}},
        "Variable '$input' does not fit at .role: a value of the enum TeamRole is expected.",
    ),
    "a number for an enum": (
        CLIENT,
        {"input": {**GOOD, "role": 5318008}},
        "Variable '$input' does not fit at .role: a value of the enum TeamRole is expected.",
    ),
    "no moment": (
        CLIENT,
        {"input": {**GOOD, "since": PLANTED}},
        (
            "Variable '$input' does not fit at .since: DateTime has to be RFC 3339 with an offset, "
            "such as 2026-11-21T10:00:00.123Z, or milliseconds since 1970."
        ),
    ),
    "a text for a number": (
        CLIENT,
        {"input": {**GOOD, "count": PLANTED}},
        "Variable '$input' does not fit at .count: a value of type Int is expected.",
    ),
    "a number in a list of texts": (
        CLIENT,
        {"input": {**GOOD, "names": ["a", 5318008]}},
        "Variable '$input' does not fit at .names[1]: a value of type String is expected.",
    ),
    "two of one": (
        CLIENT,
        {"input": {**GOOD, "choice": {"left": PLANTED, "right": 1}}},
        "OneOf Input Object 'ChoiceInput' must specify exactly one key.",
    ),
    "a literal of another type": (
        f'{{ thing(name: {{a: "{PLANTED}"}}) {{ name }} }}',
        None,
        "A value of type String is expected.",
    ),
    "a literal for a number": (
        f'{{ things(first: "{PLANTED}") {{ nodes {{ name }} }} }}',
        None,
        "A value of type Int is expected.",
    ),
    "a literal without a field": (
        f'mutation {{ addClient(input: {{clientSecret: "{PLANTED}"}}) {{ name }} }}',
        None,
        "ClientInput needs the field url.",
    ),
    "a literal with an unknown field": (
        f'mutation {{ addClient(input: {{url: "https://a.example", clientSecret: "{PLANTED}", colour: 5318008}}) {{ name }} }}',
        None,
        "ClientInput has no field colour.",
    ),
    "a literal with a secret in a field's place": (
        f'mutation {{ addClient(input: {{url: "https://a.example", clientSecret: "{PLANTED}", ia_5318008: 1}}) {{ name }} }}',
        None,
        "ClientInput has no such field.",
    ),
    "a literal text for an enum": (
        f'mutation {{ addClient(input: {{url: "https://a.example", clientSecret: "x", role: "{PLANTED}"}}) {{ name }} }}',
        None,
        "A value of the enum TeamRole is expected.",
    ),
    "a literal that is no address": (
        f'{{ scalars(at: "2026-11-21T10:00:00Z", url: "{PLANTED}") }}',
        None,
        "URL has to be an absolute http or https address, such as https://git.example.com.",
    ),
    "a default of another type": (
        f'query($n: Int = "{PLANTED}") {{ things(first: $n) {{ nodes {{ name }} }} }}',
        None,
        "A value of type Int is expected.",
    ),
    "a text where a name is expected": (
        f'{{ thing("{PLANTED}") {{ name }} }}',
        None,
        "Syntax Error: Expected Name, found String.",
    ),
    "a block text in a selection": (f'{{ """{PLANTED}""" }}', None, "Syntax Error: Expected Name, found BlockString."),
    "a text that does not end": (f'{{ thing(name: "{PLANTED}', None, "Syntax Error: Unterminated string."),
    "a text with an odd escape": (
        f'{{ thing(name: "\\q{PLANTED}") {{ name }} }}',
        None,
        "Syntax Error: Invalid character escape sequence.",
    ),
    "a text with an odd code point": (
        f'{{ thing(name: "\\u{{{PLANTED}}}") {{ name }} }}',
        None,
        "Syntax Error: Invalid Unicode escape sequence.",
    ),
    "a number that is none": (
        "{ thing(name: 5318008x) { name } }",
        None,
        "Syntax Error: Invalid number.",
    ),
    "a variable in a constant": (
        f'query($n: String = ["{PLANTED}", $m]) {{ role }}',
        None,
        "Syntax Error: Unexpected variable '$m' in constant value.",
    ),
}


@pytest.mark.parametrize(("query", "variables", "message"), MALFORMED.values(), ids=MALFORMED.keys())
async def test_malformed_input_is_told_where_and_what_is_expected_and_never_repeated(
    world: World, query: str, variables: dict[str, Any] | None, message: str
) -> None:
    with capture_logs() as logs:
        body, errors = await ask(world, query, variables)

    assert PLANTED not in body
    assert "5318008" not in body
    assert [error["extensions"]["code"] for error in errors] == ["BAD_USER_INPUT"] * len(errors)
    assert message in [error["message"] for error in errors]
    assert logs == []
    assert world.added == []


async def test_a_variable_that_is_missing_inside_a_literal_is_the_callers_fault(world: World) -> None:
    query = f'mutation($url: URL!) {{ addClient(input: {{url: $url, clientSecret: "{PLANTED}", count: $count}}) {{ name }} }}'

    body, errors = await ask(world, query, {"url": "https://a.example"})

    assert PLANTED not in body
    assert errors[0]["extensions"] == {"code": "BAD_USER_INPUT"}


async def test_a_name_that_no_operation_has_is_not_repeated(world: World) -> None:
    async with world.client() as client:
        response = await client.post("/graphql", json={"query": "{ role }", "operationName": PLANTED})

    assert PLANTED not in response.text
    assert response.json()["errors"][0]["extensions"] == {"code": "BAD_USER_INPUT"}


async def test_a_deadline_of_ours_is_masked(world: World) -> None:
    world.cause = raising(TimeoutError())

    _, errors = await ask(world, "{ trouble }")

    assert errors[0]["extensions"] == {"code": "INTERNAL"}
