"""Heads of requests, and the cookies in them."""

import base64
from collections.abc import Sequence

from tests.abuse.law.inputs import Exchange, Input, Make, Sender, fill, many, request, table

LARGEST_HEAD = 30 * 1024
"""Of one line or of all of them: with what else stands in a head still below 32 KiB."""

_LINES = 90
_QUERY = b'{"query": "{ __typename }"}'


def _line(name: str, part: str, *, before: str = "", after: str = "", path: str = "/graphql", method: str = "POST") -> Make:
    """Return a head with one long line."""

    def make(size: int, sender: Sender) -> Exchange:
        lines = f"{name}: {fill(part, size, before=before, after=after)}\r\n"
        credential = "" if name == "authorization" else sender.credential
        return Exchange(request(method, path, sender, lines=credential + lines, body=_QUERY if method == "POST" else b""))

    return make


def _lines(line: str, *, path: str = "/graphql") -> Make:
    """Return a head with as many lines as there may be, of the size altogether; `#` is the number of each, `*` what fills it."""

    def make(size: int, sender: Sender) -> Exchange:
        count = _LINES if size <= LARGEST_HEAD else _LINES * size // LARGEST_HEAD
        each = max(size // count - len(line) - 2, 1)
        lines = "".join(line.replace("#", str(number)).replace("*", "x" * each) + "\r\n" for number in range(count))
        return Exchange(request("POST", path, sender, lines=sender.credential + lines, body=_QUERY))

    return make


def _path(part: str, *, before: str = "/", after: str = "", method: str = "GET") -> Make:
    def make(size: int, sender: Sender) -> Exchange:
        return Exchange(request(method, fill(part, size, before=before, after=after), sender, lines=sender.credential))

    return make


def _bearer(part: str, *, before: str = "Bearer ", after: str = "") -> Make:
    return _line("authorization", part, before=before, after=after)


def _jwt(size: int, sender: Sender) -> Exchange:
    segment = base64.urlsafe_b64encode(b'{"alg":"RS256","kid":"' + b"k" * (size // 4) + b'"}').rstrip(b"=").decode()
    return _bearer("A", before=f"Bearer {segment}.", after=".AAAA")(size // 3, sender)


def _cookie(part: str, *, path: str = "/graphql", method: str = "POST", before: str = "", after: str = "") -> Make:
    """Return a cookie line with the browser's own cookie, where somebody is signed in, at its end."""

    def make(size: int, sender: Sender) -> Exchange:
        session = f"; installed_apps_session={sender.cookie}" if sender.cookie else ""
        origin = f"origin: http://127.0.0.1:{sender.port}\r\nsec-fetch-mode: navigate\r\n"
        lines = f"{origin}cookie: {fill(part, size, before=before, after=after)}{session}\r\n"
        return Exchange(request(method, path, sender, lines=lines, body=_QUERY if method == "POST" else b""))

    return make


def _numbered_cookies(size: int, sender: Sender) -> Exchange:
    return _cookie("x", before=many(lambda number: f"c{number}={number}; ", size))(0, sender)


_TICKET = "/authorize/" + "A" * 43
_STATE = "/callback/slack?code=abc&state=" + "A" * 43
_TWICE = "installed_apps_session=A; installed_apps_session=B; "

HEADS: Sequence[Input] = [
    *table(
        "head",
        LARGEST_HEAD,
        {
            "commas in Accept": _line("accept", ","),
            "media ranges": _line("accept", "text/html;q=0.1,"),
            "parameters of one media range": _line("accept", ";a=b", before="application/json"),
            "a weight of many digits": _line("accept", "9", before="application/json;q=0."),
            "a weight without end": _line("accept", "9", before="application/json;q=1e"),
            "semicolons in Content-Type": _line("content-type", ";", before="application/json"),
            "charsets in Content-Type": _line("content-type", ";charset=utf-8", before="application/json"),
            "addresses that proxies named": _line("x-forwarded-for", "10.0.0.1, "),
            "colons that proxies named": _line("x-forwarded-for", ":"),
            "brackets that proxies named": _line("x-forwarded-for", "[::1],"),
            "a long origin": _line("origin", "a.", before="http://"),
            "an origin of brackets": _line("origin", "[", before="http://"),
            "an origin of colons": _line("origin", ":1", before="http://a"),
            "an origin that is no ASCII": _line("origin", "\xe4", before="http://"),
            "ranges of bytes": _line("range", "0-1,", before="bytes="),
            "hashes to compare": _line("if-none-match", '"a",', path="/healthz", method="GET"),
            "encodings": _line("accept-encoding", "gzip;q=0,"),
            "languages": _line("accept-language", "de-DE-x-a;q=0.5, "),
            "a long agent": _line("user-agent", "Mozilla/5.0 ("),
            "a traced parent": _line("traceparent", "00-", before="00-"),
            "a host of labels": _line("x-forwarded-host", "a."),
            "lines": _lines("x-#: *"),
            "lines of one name": _lines("x-a: *"),
            "lines that name proxies": _lines("x-forwarded-for: 10.0.0.#, *"),
            "lines of Accept": _lines("accept: text/#;*"),
            "lines of Content-Type": _lines("content-type: application/json;*"),
            "lines of Origin": _lines("origin: http://a#.example/*"),
            "lines of Authorization": _lines("authorization: Bearer *"),
            "a token that is long": _bearer("A"),
            "a token of ours, and more of it": _bearer("a", before="Bearer ia_"),
            "a token of spaces": _bearer(" ", before="Bearer", after="A"),
            "a token of spaces without an end": _bearer(" ", before="Bearer", after="\x7f"),
            "a token of dots": _bearer("."),
            "a token of commas": _bearer("A, Bearer "),
            "a JWT with large segments": _jwt,
            "a JWT with many segments": _bearer("eyJh."),
            "basic credentials": _bearer("QTpC", before="Basic "),
            "slashes": _path("/"),
            "dots": _path("../"),
            "dots, encoded": _path("%2e%2e%2f"),
            "percent signs": _path("%"),
            "percent signs in a query": _path("%", before="/graphql?query="),
            "percent-encoded text": _path("%C3%A4", before="/graphql?query="),
            "percent-encoded bytes that are no text": _path("%FF", before="/graphql?query="),
            "ampersands": _path("&", before="/graphql?query=%7B__typename%7D"),
            "parameters of one name": _path("query=a&", before="/graphql?"),
            "plus signs": _path("+", before="/graphql?query="),
            "variables in the address": _path("[", before="/graphql?query=%7B__typename%7D&variables="),
            "quotes in the variables of an address": _path("%5C%22", before="/graphql?query=%7B__typename%7D&variables=%22"),
            "a long ticket": _path("A", before="/authorize/"),
            "a long link": _path("A", before="/sign-in/", method="POST"),
            "where to go next": _path("/a", before="/sign-in?next=/authorize"),
            "a callback's path": _path("a/", before="/callback/"),
            "a callback's parameters": _path("&state=a", before=_STATE),
            "a callback's list": _path("&state[]=", before=_STATE),
            "a callback's code": _path("%25", before="/callback/slack?state=" + "A" * 43 + "&code="),
        },
    ),
    *table(
        "cookies",
        LARGEST_HEAD,
        {
            "semicolons": _cookie(";"),
            "semicolons and spaces": _cookie("; "),
            "many": _numbered_cookies,
            "one name again and again": _cookie("a=1; "),
            "our own name again and again": _cookie(_TWICE),
            "equals signs": _cookie("="),
            "quotes": _cookie('"', before="a="),
            "a quoted text that does not end": _cookie('\\"', before='a="'),
            "backslashes": _cookie("\\", before='a="', after='"'),
            "octal escapes": _cookie("\\101", before='a="', after='"'),
            "spaces": _cookie(" ", before="a=", after="b"),
            "commas": _cookie("a=1,"),
            "names without values": _cookie("a;"),
            "dollar signs": _cookie("$Path=/; "),
            "brackets": _cookie("[", before="a="),
            "no ASCII": _cookie("\xfc=\xe4; "),
            "quotes on the way to a sign-in": _cookie('\\"', before='a="', path=_TICKET, method="GET"),
            "many on the way to a sign-in": _cookie("a=1; ", path=_TICKET, method="GET"),
            "quotes on the way back": _cookie('\\"', before='a="', path=_STATE, method="GET"),
            "many on the way back": _cookie("sign_in_a=1; ", path=_STATE, method="GET"),
            "many on the way out": _cookie("a=1; ", path="/sign-out"),
        },
    ),
]
