"""The service's cookies: where browsers keep them to, and those of a request, which need not come from a browser."""

from starlette.requests import HTTPConnection

from app.settings import Settings


def own_path(settings: Settings) -> str:
    """Return the path that browsers keep the service's cookies to: no other service of the host is sent them."""
    return settings.path or "/"


def own_name(name: str, *, settings: Settings) -> str:
    """Return a cookie's name, over https with the prefix that keeps others from setting it (RFC 6265bis, 4.1.3).

    With a host to itself that is `__Host-`: no other host can. Browsers take that for the path / only, so below a path it is
    `__Secure-`: nobody can over http.
    """
    if not settings.has_secure_cookies:
        return name
    return f"__Secure-{name}" if settings.path else f"__Host-{name}"


def cookies_of(connection: HTTPConnection) -> dict[str, str]:
    """Return values by name, as they were sent; of several with one name the first. A piece without a name or a value is none.

    Browsers send those of the longest path first (RFC 6265, 5.4): ours, where another such service has the path above.
    Starlette's own reader takes quotes and backslashes out of values. CPython before 3.11.10 does that in quadratic time, and the
    service sets no cookie that has any.
    """
    cookies: dict[str, str] = {}
    for line in connection.headers.getlist("cookie"):
        for piece in line.split(";"):
            name, _, value = piece.partition("=")
            if name.strip() and value:
                cookies.setdefault(name.strip(), value.strip())
    return cookies
