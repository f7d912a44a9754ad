from ipaddress import ip_network

import pytest
from hypothesis import given, strategies as st
from starlette.requests import HTTPConnection

from app.log.actors import LONGEST_USER_AGENT, EventOrigin
from app.log.origins import origin_of


def connection(*headers: tuple[str, str], client: str | None = "192.0.2.7") -> HTTPConnection:
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers]
    return HTTPConnection({"type": "http", "headers": raw, "client": (client, 1) if client is not None else None})


def test_an_origin_is_the_address_the_user_agent_and_the_tokens_last_four() -> None:
    found = origin_of(connection(("user-agent", "curl/8.5.0")), trusted=(), token_last_four="a1B2")

    assert found == EventOrigin("192.0.2.7", "curl/8.5.0", "a1B2")


def test_the_address_is_the_one_that_a_trusted_proxy_names() -> None:
    asked = connection(("x-forwarded-for", "203.0.113.5"))

    assert origin_of(asked, trusted=()).address == "192.0.2.7"
    assert origin_of(asked, trusted=(ip_network("192.0.2.0/24"),)).address == "203.0.113.5"
    assert origin_of(connection(client=None), trusted=()).address == "unknown"


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("", None),
        (" \t ", None),
        ("a\x1b[2Jb\x85c\x00d", "a [2Jb c d"),
        ("x" * 10_000, "x" * LONGEST_USER_AGENT),
        ("Mozilla/5.0  (X11)", "Mozilla/5.0 (X11)"),
    ],
)
def test_a_user_agent_is_one_printable_line_and_not_too_long(sent: str, kept: str | None) -> None:
    assert origin_of(connection(("user-agent", sent)), trusted=()).user_agent == kept


@given(st.text(st.characters(max_codepoint=255)))
def test_whatever_a_client_calls_itself_can_be_shown_and_stored(sent: str) -> None:
    kept = origin_of(connection(("user-agent", sent)), trusted=()).user_agent

    assert kept is None or (kept.isprintable() and 1 <= len(kept) <= LONGEST_USER_AGENT)
