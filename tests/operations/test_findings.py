"""What is looked for in answers is found there."""

from typing import Any

import orjson
import pytest

from app.errors import UserErrorCode
from tests.operations.findings import in_answer
from tests.tenancy.door import Answer
from tests.tenancy.teams import Things

THEIRS = Things(people=None, tokens={}, live={"Monitor": "TW9uaXRvcjp0aGVpcnM"}, gone={})  # type: ignore[arg-type]  # nobody asks


def answer(body: object, *, status: int = 200, media: str = "application/json") -> Answer:
    return Answer(status, media, orjson.dumps(body))


def error(message: str, code: str) -> dict[str, Any]:
    return {"data": None, "errors": [{"message": message, "extensions": {"code": code}}]}


def found(given: Answer, *, operation: str = "{ viewer { member { name } } }") -> list[str]:
    return list(in_answer(given, operation, theirs=THEIRS))


@pytest.mark.parametrize(
    "given",
    [
        answer({"data": {"viewer": None}}),
        answer(error("No.", "FORBIDDEN"), status=400),
        *(answer(error("No.", code)) for code in UserErrorCode),
        Answer(200, "text/event-stream", b'event: next\ndata: {"data":{"n":1}}\n\nevent: next\ndata: {"data":{"n":2}}\n\n'),
        Answer(200, "text/event-stream", b""),
    ],
)
def test_nothing_is_wrong_with_an_answer_of_the_contract(given: Answer) -> None:
    assert found(given) == []


@pytest.mark.parametrize(
    "given",
    [
        answer({"data": None}, status=500),
        answer(error("Something went wrong here.", "INTERNAL")),
        answer(error("Not now.", "UNAVAILABLE")),
        answer({"data": None, "errors": [{"message": "It has no code."}]}),
        answer({"detail": "Not Found"}),
        answer({"data": {"name": 'Traceback (most recent call last): File "app/service/schema.py"'}}),
        answer({"data": {"name": "sqlite3.OperationalError: no such table"}}),
        answer({"data": {"node": {"id": "TW9uaXRvcjp0aGVpcnM"}}}),
        Answer(200, "application/json", b"<html>"),
        Answer(200, "application/json", b""),
        Answer(200, "text/event-stream", b'event: next\ndata: {"data":\n\n'),
    ],
)
def test_what_must_not_be_answered_is_found(given: Answer) -> None:
    assert len(found(given)) == 1


def test_an_id_that_was_asked_for_may_be_named() -> None:
    given = answer({"data": {"revokeAccessToken": {"userErrors": [{"message": "There is no TW9uaXRvcjp0aGVpcnM."}]}}})

    assert found(given, operation='{ node(id: "TW9uaXRvcjp0aGVpcnM") { id } }') == []
