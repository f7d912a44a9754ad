"""The few pages that the service shows a browser: one frame, one strict policy, and no text that is not escaped.

They carry no script and load nothing. They send no Referer, as their own addresses can be secrets. A browser then posts their
forms with `Origin: null`, and says by Sec-Fetch-Site where the form stood: see `is_same_origin`.
"""

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from html import escape
from string import Formatter

from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse

from app.outbound.origins import OddUrl, parse_url
from app.pages import stylesheet


class Html(str):
    """Text that may stand in a page as it is: made by `html` and `join`, never of what somebody sent."""

    __slots__ = ()


def html(template: str, /, **values: object) -> Html:
    """Fill the template's `{names}`; every value is escaped (also for attributes in double quotes) unless it is Html."""
    return Html(_Escaping().vformat(template, (), values))


def join(parts: Sequence[Html]) -> Html:
    """Put pieces of a page behind one another."""
    return Html("\n".join(parts))


def page(
    title: str,
    body: Html,
    *,
    status: int = 200,
    form_origins: Sequence[str] = (),
    headers: Sequence[tuple[str, str]] = (),
) -> HTMLResponse:
    """Return a whole page with its headers; `title` is its heading too, and is escaped.

    Its forms can be sent to this service alone. Browsers hold that against the redirect which answers a form as well, so
    `form_origins` names the other origins (the provider's) where such a redirect goes. Raises ValueError for what is no
    address.
    """
    answer = HTMLResponse(html(_FRAME, title=title, style=Html(stylesheet()), body=body), status)
    answer.headers.update(
        {
            "Content-Security-Policy": _policy(form_origins),
            "Referrer-Policy": "no-referrer",
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        }
    )
    for name, value in headers:
        answer.headers.append(name, value)
    return answer


def is_same_origin(connection: HTTPConnection, *, public_url: str) -> bool:
    """Whether no page of another origin is behind the request: its cookies may count, and its form may change something.

    A script outside of browsers says nothing of origins, and passes: it has no cookies but those it was given. `Origin: null` (a
    form of a page without Referer, but a sandboxed frame's too) passes only where the browser itself says that the page was ours.
    Sec-Fetch-Site cannot be set by a page (Fetch Metadata Request Headers, section 2.3).
    """
    origin = connection.headers.get("origin")
    site = connection.headers.get("sec-fetch-site")
    match origin:
        case None:
            return site in {None, "same-origin", "none"}
        case "null":
            return site == "same-origin"
        case _:
            return origin == _origin(public_url)


class _Escaping(Formatter):
    def format_field(self, value: object, format_spec: str) -> str:
        if format_spec:
            raise ValueError("A page's template takes names only.")
        return value if isinstance(value, Html) else escape(str(value))


def _policy(form_origins: Sequence[str]) -> str:
    targets = " ".join(["'self'", *dict.fromkeys(_origin(address) for address in form_origins)])
    return f"default-src 'none'; style-src '{_style_hash()}'; base-uri 'none'; frame-ancestors 'none'; form-action {targets}"


@cache
def _style_hash() -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(stylesheet().encode()).digest()).decode("ascii")


def _origin(address: str) -> str:
    url = parse_url(address)
    if isinstance(url, OddUrl):
        raise ValueError(f"no address: {url.message}")  # noqa: TRY004 - its spelling is wrong, not its type
    return url.origin


_FRAME = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<main>
<h1>{title}</h1>
{body}
</main>
</body>
</html>
"""
