"""What the providers' consent pages have in common: how they look, what a browser may do with them, and the way back."""

import re
from html import escape
from urllib.parse import urlencode, urlsplit, urlunsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

# What may stand in a Content-Security-Policy: nothing that could end the directive.
REDIRECT_URI = re.compile(r"(?P<origin>https?://[A-Za-z0-9.\-\[\]:]+)(?:[/?][^\s#]*)?")


def send_back(redirect_uri: str, *, state: str | None, **answer: str) -> Response:
    """Send the browser back with the answer and the state, beside the query that the address already has."""
    parts = urlsplit(redirect_uri)
    carried = {} if state is None else {"state": state}
    query = "&".join(filter(None, (parts.query, urlencode(answer | carried))))
    return RedirectResponse(urlunsplit(parts._replace(query=query)), 302, {"Referrer-Policy": "no-referrer"})


def is_posted_from_elsewhere(request: Request) -> bool:
    """Tell whether another origin's page posts this: it would consent in the place of whoever sits at the browser."""
    origin = request.headers.get("origin")
    return origin is not None and origin != f"{request.url.scheme}://{request.headers['host']}"


def page(title: str, body: str, *, provider: str, redirect_origin: str | None = None, status: int = 200) -> Response:
    """Return a page without scripts. Its form goes to the sandbox, and from there only to `redirect_origin`."""
    # form-action must name where the answer redirects to: browsers hold it against redirects of a form as well
    form_action = "'none'" if redirect_origin is None else f"'self' {redirect_origin}"
    policy = f"default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'; form-action {form_action}"
    # same-origin and not no-referrer: under that, browsers post the form with "Origin: null"
    headers = {
        "Content-Security-Policy": policy,
        "Referrer-Policy": "same-origin",
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    content = _LAYOUT.format(title=f"{provider} sandbox: {title}", provider=provider, style=_STYLE, body=body)
    return HTMLResponse(content, status, headers)


def error_page(error: str, *, provider: str, status: int = 400, why: str = "") -> Response:
    """Return the page that ends a sign-in from which there is no way back that could be trusted; `why` is for people."""
    body = f"<h1>Something in this sign-in is wrong</h1><p>Error: <code>{escape(error)}</code></p><p>{escape(why)}</p>"
    return page("error", body, provider=provider, status=status)


_LAYOUT = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>{style}</style></head>
<body><main><p class="sandbox">Sandbox: this is not {provider}, and nothing here reaches {provider}.</p>
{body}
</main></body></html>
"""

_STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 30rem; margin: 8vh auto; padding: 0 1.25rem; }
h1 { font-size: 1.4rem; line-height: 1.3; }
label { display: block; font-weight: 600; margin-bottom: .25rem; }
select, button { font: inherit; padding: .5rem .9rem; border: 1px solid #8888; border-radius: .4rem; }
select { width: 100%; }
ul { padding-left: 1.2rem; }
.sandbox { background: #ecb22e; color: #1d1c1d; padding: .4rem .8rem; border-radius: .4rem; }
.back { opacity: .8; }
.choice { display: flex; gap: .75rem; justify-content: flex-end; }
.allow { background: #007a5a; border-color: #007a5a; color: #fff; font-weight: 600; }
:focus-visible { outline: 3px solid #1264a3; outline-offset: 2px; }
"""
