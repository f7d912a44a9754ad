import base64
import hashlib
import re

import pytest
from hypothesis import given, strategies as st
from starlette.requests import HTTPConnection

from app.web.pages import Html, html, is_same_origin, join, page

PUBLIC_URL = "https://apps.example.com"


@given(value=st.text())
def test_what_is_filled_in_is_text_and_never_markup(value: str) -> None:
    filled = html('<a title="{value}">{value}</a>', value=value)

    inside = filled.removeprefix('<a title="').removesuffix("</a>")
    assert not set("<>\"'") & set(inside.replace('">', "", 1))


def test_pieces_of_html_stay_what_they_are() -> None:
    rows = join([html("<li>{name}</li>", name=name) for name in ("a", "<b>")])

    assert html("<ul>{rows}</ul>", rows=rows) == "<ul><li>a</li>\n<li>&lt;b&gt;</li></ul>"


def test_a_page_carries_its_one_style_and_nothing_else_may_load() -> None:
    answer = page("A & B", html("<p>{text}</p>", text="<script>"), status=404)

    body = bytes(answer.body).decode()
    style = re.search(r"<style>(.*)</style>", body, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert answer.headers["content-security-policy"] == (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
    )
    assert (answer.status_code, answer.headers["cache-control"]) == (404, "no-store")
    assert (answer.headers["referrer-policy"], answer.headers["x-content-type-options"]) == ("no-referrer", "nosniff")
    assert "<title>A &amp; B</title>" in body
    assert "<h1>A &amp; B</h1>" in body
    assert "&lt;script&gt;" in body


def test_a_form_may_be_answered_by_a_redirect_to_the_named_origins() -> None:
    answer = page("Sign in", Html(""), form_origins=["https://slack.com/oauth/v2/authorize", "https://slack.com"])

    assert answer.headers["content-security-policy"].endswith("; form-action 'self' https://slack.com")


@pytest.mark.parametrize("address", ["", "slack.com", "javascript:alert(1)", "https://a.example; script-src *", "https://a b"])
def test_what_is_no_address_does_not_get_into_the_policy(address: str) -> None:
    with pytest.raises(ValueError, match="no address"):
        page("Sign in", Html(""), form_origins=[address])


def test_a_template_takes_names_only() -> None:
    with pytest.raises(ValueError, match="names only"):
        html("<p>{text:>10}</p>", text="x")


@pytest.mark.parametrize(
    ("origin", "site", "ours"),
    [
        (None, None, True),
        (None, "same-origin", True),
        (None, "none", True),
        (None, "same-site", False),
        (None, "cross-site", False),
        ("https://apps.example.com", None, True),
        ("https://apps.example.com", "same-origin", True),
        ("null", None, False),
        ("null", "same-origin", True),
        ("null", "cross-site", False),
        ("null", "none", False),
        ("", None, False),
        ("https://apps.example.com:444", None, False),
        ("http://apps.example.com", None, False),
        ("https://apps.example.com.evil.example", None, False),
        ("https://evil.example", "same-origin", False),
        ("https://evil.example", None, False),
    ],
)
def test_a_request_is_ours_where_no_other_page_can_be_behind_it(origin: str | None, site: str | None, ours: bool) -> None:
    given_headers = {"origin": origin, "sec-fetch-site": site}
    headers = [(name.encode(), value.encode()) for name, value in given_headers.items() if value is not None]

    connection = HTTPConnection({"type": "http", "method": "POST", "path": "/", "headers": headers})

    assert is_same_origin(connection, public_url=f"{PUBLIC_URL}/below") is ours
