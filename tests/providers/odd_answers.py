"""Answers that no provider should give, and that some proxy, outage or stranger will."""

import gzip
import json
from collections.abc import Mapping

from app.providers.contract import Fault
from tests.providers.scripted import Wire, http

_BOMB = gzip.compress(b"0" * 5_000_000)
_HTML = b"<!doctype html><title>Sign in to the Wi-Fi</title>"

# HTTP 2xx and 3xx whose body makes no sense.
SENSELESS: Mapping[str, Wire] = {
    "empty": http(),
    "no content": http(status=204),
    "html": http(_HTML, headers={"Content-Type": "text/html"}),
    "html that says it is json": http(_HTML),
    "plain words": http(b"ok"),
    "null": http(None),
    "a number": http(1),
    "a string": http("ok"),
    "truncated json": http(b'{"ok": tru'),
    "json and more": http(b'{"ok": true} {"ok": true}'),
    "deep arrays": http(b"[" * 100_000 + b"]" * 100_000),
    "deep objects": http(b'{"a":' * 100_000 + b"1" + b"}" * 100_000),
    "NaN": http(b'{"ok": true, "expires_in": NaN}'),
    "infinity": http(b'{"ok": true, "expires_in": 1e999}'),
    "a name twice": http(b'{"ok": false, "ok": true, "error": "invalid_code"}'),
    "utf-16": http('{"ok": true}'.encode("utf-16"), headers={"Content-Type": "application/json; charset=utf-16"}),
    "latin-1": http('{"ok": true, "team": "Zürich"}'.encode("latin-1")),
    "a byte order mark": http(b"\xef\xbb\xbf" + b'{"ok": true}'),
    "a lone surrogate": http(b'{"ok": true, "access_token": "\\ud800"}'),
    "an overlong number": http(b'{"ok": true, "expires_in": ' + b"9" * 5000 + b"}"),
    "a redirect": http(status=302, headers={"Location": "https://elsewhere.example/api"}),
    "a redirect with a body": http({"ok": True}, status=307, headers={"Location": "https://elsewhere.example/api"}),
    "accepted": http({"ok": True}, status=202),
    "gzip though asked not to": http(_BOMB, headers={"Content-Encoding": "gzip"}),
    "ten megabytes": http(b'"' + b"a" * 10_000_000 + b'"'),
    "ok is missing": http({"team": "Acme"}),
    "ok is a string": http({"ok": "true"}),
    "ok is a number": http({"ok": 1}),
    "ok is null": http({"ok": None}),
    "ok is a list": http({"ok": [True]}),
    "ok and nothing else": http({"ok": True}),
    "not ok and no error": http({"ok": False}),
    "the error is a number": http({"ok": False, "error": 7}),
    "the error is an object": http({"ok": False, "error": {"code": "invalid_auth"}}),
}

# What fails below the body; the fault is every provider's.
FAILING: Mapping[str, tuple[Wire, Fault]] = {
    "500": (http(status=500), Fault.BROKEN),
    "500 with ok": (http({"ok": True}, status=500), Fault.BROKEN),
    "502": (http(_HTML, status=502), Fault.BROKEN),
    "503": (http(_HTML, status=503, headers={"Retry-After": "7"}), Fault.BROKEN),
    "504": (http(status=504), Fault.BROKEN),
    "429": (http(status=429, headers={"Retry-After": "7"}), Fault.BUSY),
    "429 without a time": (http(status=429), Fault.BUSY),
    "closed at once": (Wire(b""), Fault.UNREACHABLE),
    "closed within the head": (Wire(b"HTTP/1.1 200 OK\r\nContent-"), Fault.UNREACHABLE),
    "closed within the body": (Wire(http({"ok": True}, headers={"Content-Length": "900"}).content), Fault.UNREACHABLE),
    "no http": (Wire(b"220 mail.example.com ESMTP\r\n\r\n"), Fault.BROKEN),
    "two lengths": (http(b"{}", headers={"Content-length": "2, 40"}), Fault.BROKEN),
    "an endless head": (Wire(b"HTTP/1.1 200 OK\r\nX: " + b"a" * 1_000_000), Fault.BROKEN),
}

# What never ends.
ENDLESS: Mapping[str, Wire] = {
    "silence": Wire(b"", stays_open=True),
    "a head that never ends": Wire(b"HTTP/1.1 200 OK\r\n", stays_open=True),
    "a body that never ends": Wire(http({"ok": True}, headers={"Content-Length": "900"}).content, stays_open=True),
    "a byte at a time": Wire(http(json.loads("[1]")).content * 20, pace=0.02),
}
