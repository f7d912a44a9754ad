"""Addresses of the answers themselves, as Link headers carry them (RFC 8288)."""

from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request


def root_of(request: Request, provider: str) -> str:
    """Return the address of the provider's relative root, as the client names this machine: "http://127.0.0.1:8010/github"."""
    return f"{request.url.scheme}://{request.headers['host']}/{provider}"


def link(request: Request, relations: Mapping[str, Mapping[str, object]]) -> dict[str, str]:
    """Return a Link header to the same request with other parameters, for each relation; no header without any.

    The path stays as the client wrote it: %2F in it is not a slash. A parameter whose value is None goes.
    """
    path = bytes(request.scope["raw_path"]).decode("ascii")
    base = f"{request.url.scheme}://{request.headers['host']}{path}"
    given = dict(parse_qsl(str(request.url.query), keep_blank_values=True))
    written = []
    for relation, changed in relations.items():
        query = {key: value for key, value in {**given, **changed}.items() if value is not None}
        written.append(f'<{base}?{urlencode(query)}>; rel="{relation}"')
    return {"Link": ", ".join(written)} if written else {}


def whole(given: str | None, default: int, *, at_most: int | None = None) -> int:
    """Read a positive whole number; what is none counts as not given."""
    number = int(given) if given is not None and given.isascii() and given.isdigit() else default
    number = number or default
    return number if at_most is None else min(number, at_most)
