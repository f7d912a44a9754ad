"""What browsers post, and what providers send by themselves."""

import hashlib
import hmac
import time
from collections.abc import Sequence

from app.sandbox.slack_app import SIGNING_SECRET
from app.sign_ins.hooks import MAX_BYTES
from tests.abuse.law.inputs import Exchange, Input, Make, Sender, fill, many, request, table

_LARGEST_FORM = 4096 - 64
_LARGEST_HOOK = MAX_BYTES - 1024
_FORM = "application/x-www-form-urlencoded"
_TICKET = "/authorize/" + "A" * 43


def _form(part: str, *, before: str = "token=", after: str = "", path: str = "/sign-in", kind: str = _FORM) -> Make:
    def make(size: int, sender: Sender) -> Exchange:
        session = f"cookie: installed_apps_session={sender.cookie}\r\n" if sender.cookie else ""
        lines = f"origin: http://127.0.0.1:{sender.port}\r\n{session}"
        body = fill(part, size, before=before, after=after).encode("utf-8", "surrogatepass")
        return Exchange(request("POST", path, sender, lines=lines, body=body, kind=kind))

    return make


def _numbered(size: int, sender: Sender) -> Exchange:
    return _form("", before=many(lambda number: f"a{number}={number}&", size))(0, sender)


def _hook(part: str, *, before: str = "", after: str = "", genuine: bool = True, signature: str = "") -> Make:
    """Return an event of Slack's, signed as it signs them or not."""

    def make(size: int, sender: Sender) -> Exchange:
        body = fill(part, size, before=before, after=after).encode("utf-8", "surrogatepass")
        stamp = str(int(time.time()))
        signed = hmac.new(SIGNING_SECRET.encode(), b"v0:" + stamp.encode() + b":" + body, hashlib.sha256).hexdigest()
        lines = (
            f"x-slack-request-timestamp: {stamp}\r\n"
            f"x-slack-signature: {signature or 'v0=' + (signed if genuine else 'a' * 64)}\r\n"
        )
        return Exchange(request("POST", "/hooks/slack", sender, lines=lines, body=body))

    return make


def _long_signature(size: int, sender: Sender) -> Exchange:
    return _hook("", before="{}", signature="v0=" + "a" * size)(0, sender)


_EVENT = '{"type": "event_callback", "team_id": "T1", "event_id": "E1", "event": {"type": "tokens_revoked", "tokens": {"bot": ['

FORMS: Sequence[Input] = [
    *table(
        "form posts",
        _LARGEST_FORM,
        {
            "a long token": _form("A"),
            "a token of ours, and more of it": _form("a", before="token=ia_"),
            "percent signs": _form("%"),
            "percent-encoded text": _form("%C3%A4"),
            "percent-encoded bytes that are no text": _form("%FF"),
            "plus signs": _form("+"),
            "ampersands": _form("&"),
            "semicolons": _form(";"),
            "equals signs": _form("="),
            "fields of one name": _form("token=a&", before=""),
            "fields": _numbered,
            "no ASCII": _form("\u0301"),
            "parts of a multipart form": _form("--a\r\n\r\n", before="", kind="multipart/form-data; boundary=a"),
            "percent signs on a link": _form("%", path="/sign-in/" + "A" * 43),
            "percent signs on the way to a sign-in": _form("%", path=_TICKET),
            "fields on the way to a sign-in": _form("a=b&", before="", path=_TICKET),
            "fields on the way out": _form("a=b&", before="", path="/sign-out"),
        },
    ),
]

HOOKS: Sequence[Input] = [
    *table(
        "hooks",
        _LARGEST_HOOK,
        {
            "a forged event": _hook("x", genuine=False),
            "spaces": _hook(" "),
            "a text that does not end": _hook('\\"', before='"'),
            "opening brackets": _hook("["),
            "brackets in the depth that is allowed": _hook("[" * 30 + "]" * 30 + ",", before="[", after="1]"),
            "empty lists": _hook("[],", before="[", after="1]"),
            "empty objects": _hook("{},", before="[", after="1]"),
            "numbers": _hook("1,", before="[", after="1]"),
            "one name again and again": _hook('"a":1,', before="{", after='"a":1}'),
            "texts": _hook('"",', before="[", after='""]'),
            "a challenge": _hook("a", before='{"type": "url_verification", "challenge": "', after='"}'),
            "a challenge of marks": _hook("\u0301", before='{"type": "url_verification", "challenge": "', after='"}'),
            "a long type": _hook("a", before='{"type": "', after='"}'),
            "ids of people whose tokens ended": _hook('"U1",', before=_EVENT, after='"U1"]}}}'),
            "members that nobody asked for": _hook('"a": 1, ', before='{"type": "event_callback", "b": {', after='"b": 1}}'),
            "a long team": _hook(
                "T", before='{"type": "event_callback", "event": {"type": "app_uninstalled"}, "team_id": "', after='"}'
            ),
        },
        signed_in=(False,),
    ),
    *table("hooks", 24 * 1024, {"a long signature": _long_signature}, signed_in=(False,)),
]
