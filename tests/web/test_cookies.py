"""The cookies of a request, whoever wrote them."""

import ast
import time
from pathlib import Path
from typing import TypeGuard

import pytest
from hypothesis import given, strategies as st
from starlette.requests import HTTPConnection

from app.web.cookies import cookies_of

APP = Path(__file__).parents[2] / "app"
TRIES = 5

# RFC 6265, 4.1.1: what a server may set, without the quotes that ours never sets.
NAMES = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters='()<>@,;:\\"/[]?={}'), min_size=1)
VALUES = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters='",;\\'), min_size=1)


def connection(*lines: str) -> HTTPConnection:
    return HTTPConnection({"type": "http", "headers": [(b"cookie", line.encode("latin-1")) for line in lines]})


@pytest.mark.parametrize(
    ("lines", "cookies"),
    [
        ([], {}),
        ([""], {}),
        (["a=1"], {"a": "1"}),
        (["a=1; b=2"], {"a": "1", "b": "2"}),
        (["a=1;b=2", "c=3"], {"a": "1", "b": "2", "c": "3"}),
        (["a=1; a=2", "a=3"], {"a": "1"}),
        (["a=1=2"], {"a": "1=2"}),
        (["a; =b; c="], {}),
        (['a="1\\"2"'], {"a": '"1\\"2"'}),
        ([";;; a=1 ;;"], {"a": "1"}),
    ],
)
def test_cookies_are_read_as_they_were_sent(lines: list[str], cookies: dict[str, str]) -> None:
    assert cookies_of(connection(*lines)) == cookies


@given(st.dictionaries(NAMES, VALUES))
def test_what_a_browser_was_given_comes_back(given_out: dict[str, str]) -> None:
    request = connection("; ".join(f"{name}={value}" for name, value in given_out.items()))

    assert cookies_of(request) == given_out == request.cookies


@pytest.mark.parametrize("piece", ['a="\\"', "a=1;", ";", "=", 'a="\\101', "a"])
def test_twice_the_cookies_take_at_most_twice_as_long(piece: str) -> None:
    short, long = ('a="' + piece * (size // len(piece)) + '"' for size in (100_000, 800_000))

    assert seconds(long) < 8 * 4 * max(seconds(short), 0.001)  # 64 times where it grows with the square


def test_nothing_reads_cookies_in_another_way() -> None:
    nodes = ((path, node) for path in APP.rglob("*.py") for node in ast.walk(ast.parse(path.read_text())))

    assert [f"{path.relative_to(APP)}:{node.lineno}" for path, node in nodes if reads_cookies(node)] == []


def reads_cookies(node: ast.AST) -> TypeGuard[ast.Attribute | ast.ImportFrom]:
    match node:
        case ast.Attribute(attr="cookies"):
            return True
        case ast.ImportFrom(module="http.cookies" | "http.cookiejar"):
            return True
    return False


def seconds(line: str) -> float:
    """Return the least CPU of a few tries."""
    taken = []
    for _ in range(TRIES):
        request = connection(line)
        begun = time.thread_time()
        cookies_of(request)
        taken.append(time.thread_time() - begun)
    return min(taken)
