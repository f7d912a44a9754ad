import pytest

from app.graphql.error_messages import without_value
from tests.abuse.inside import told_of_the_inside

TELLING = {
    "a traceback": 'Traceback (most recent call last):\n  File "x", line 3',
    "a file of ours": "app/graphql/transport/view.py",
    "a folder": "no such file: /root/data",
    "an installed file": "lib/python3.11/site-packages",
    "a module of ours": "app.graphql.transport.view said no",
    "a library": "asyncpg: connection refused",
    "a query": 'SELECT "id" FROM "member"',
    "a broken constraint": "UNIQUE constraint failed: member.id",
    "an object": "<View object at 0x7f00>",
    "a class": "<class 'int'>",
    "an exception": "KeyError: 'x'",
}
FINE = [
    '{"errors":[{"message":"Sign in, or send an access token: Authorization: Bearer TOKEN."}]}',
    "Something went wrong here; the log has it under 0123456789abcdef.",
    "http://127.0.0.1:8000/authorize/abc",
    "What was selected comes from the team's app.example address.",
    without_value("Variable '$v' got invalid value 1; Expected type 'Int'."),
]


@pytest.mark.parametrize("text", TELLING.values(), ids=TELLING)
def test_what_tells_of_the_inside_is_found(text: str) -> None:
    assert len(told_of_the_inside(text)) >= 1


@pytest.mark.parametrize("text", FINE)
def test_what_is_said_to_people_is_fine(text: str) -> None:
    assert told_of_the_inside(text) == []
