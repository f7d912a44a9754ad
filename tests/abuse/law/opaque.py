"""Cursors and ids: text that clients only pass on, or make up."""

import base64
from collections.abc import Callable, Sequence

from app.graphql.transport.requests import LARGEST_BODY
from tests.abuse.law.inputs import Exchange, Input, Make, Sender, ask, table

_LARGEST = LARGEST_BODY - 4096
_LARGEST_ID = 3_000
"""As many bytes as an id may hold, and somewhat fewer."""

_NODE = "query($v: ID!) { node(id: $v) { id } }"
_AUTHORIZATION = "query($v: ID!) { authorization(id: $v) { id } }"
_CHANNEL = "mutation($v: ID!) { beginAuthorization(input: { purpose: { integrationId: $v } }) { userErrors { code } } }"
_EVENTS = "query($v: String) { events(first: 1, after: $v) { nodes { id } } }"
_BEFORE = "query($v: String) { integrations(last: 1, before: $v) { nodes { id } } }"
_MONITORS = "query($v: String) { monitors(first: 1, after: $v) { nodes { id } } }"


def _text(part: str, query: str, *, before: str = "", after: str = "") -> Make:
    def make(size: int, sender: Sender) -> Exchange:
        return ask(query, sender, f'{{"v": "{before}{part * (size // len(part))}{after}"}}')

    return make


def _packed(content: Callable[[int], bytes], query: str) -> Make:
    """Return what looks like one of ours: base64url of the content."""

    def make(size: int, sender: Sender) -> Exchange:
        text = base64.urlsafe_b64encode(content(size)).rstrip(b"=").decode()
        return ask(query, sender, f'{{"v": "{text}"}}')

    return make


def _app_channels(size: int, sender: Sender) -> Exchange:
    cursor = base64.urlsafe_b64encode(b"Cursor:" + b"a=b&" * (size // 4)).rstrip(b"=").decode()
    return ask(
        f'{{ installedApp(id: "{sender.installed_app}") {{ channels(first: 1, after: "{cursor}") {{ nodes {{ id }} }} }} }}',
        sender,
    )


OPAQUE: Sequence[Input] = [
    *table(
        "ids",
        _LARGEST,
        {
            "letters": _text("A", _NODE),
            "equals signs": _text("=", _NODE),
            "letters and equals signs": _text("A", _NODE, after="=="),
            "no letters": _text("*", _NODE),
            "no ASCII": _text("\u0301", _NODE),
            "zeros": _text("\\u0000", _NODE),
            "half pairs": _text("\\ud83d", _NODE),
            "digits": _text("\u0663", _AUTHORIZATION),
            "spaces": _text(" ", _AUTHORIZATION, after="A"),
            "colons": _text(":", _CHANNEL),
        },
    ),
    *table(
        "ids",
        _LARGEST_ID,
        {
            "a long type": _packed(lambda size: b"a" * size + b":" + b"k" * 16, _NODE),
            "a long key": _packed(lambda size: b"Integration:" + b"k" * size, _NODE),
            "colons, packed": _packed(lambda size: b":" * size, _NODE),
            "zeros, packed": _packed(bytes, _NODE),
            "a channel of lists": _packed(lambda size: b"Channel:" + b"[" * size, _NODE),
            "no UTF-8, packed": _packed(lambda size: b"Event:" + b"\xff" * size, _NODE),
        },
    ),
    *table(
        "cursors",
        _LARGEST,
        {
            "letters": _text("A", _EVENTS),
            "equals signs": _text("=", _EVENTS),
            "no ASCII": _text("\u00e4", _EVENTS),
            "letters before a list": _text("A", _BEFORE),
            "percent signs": _text("%", _MONITORS),
        },
    ),
    *table(
        "cursors",
        _LARGEST_ID,
        {
            "opening brackets": _packed(lambda size: b"Cursor:" + b"[" * size, _EVENTS),
            "lists in one another": _packed(lambda size: b"Cursor:" + b"[" * (size // 2) + b"]" * (size // 2), _BEFORE),
            "many numbers": _packed(lambda size: b"Cursor:[" + b"1," * (size // 2) + b"1]", _EVENTS),
            "one number": _packed(lambda size: b"Cursor:[" + b"9" * size + b"]", _EVENTS),
            "a fraction": _packed(lambda size: b"Cursor:[1." + b"9" * size + b"]", _BEFORE),
            "an exponent": _packed(lambda size: b"Cursor:[1e" + b"9" * size + b"]", _BEFORE),
            "a text of escapes": _packed(lambda size: b'Cursor:["' + b"\\u0301" * (size // 6) + b'"]', _MONITORS),
            "a text that does not end": _packed(lambda size: b'Cursor:["' + b'\\"' * (size // 2), _MONITORS),
            "nulls": _packed(lambda size: b"Cursor:[" + b"null," * (size // 5) + b"null]", _MONITORS),
            "objects": _packed(lambda size: b"Cursor:" + b'{"a":' * (size // 5), _EVENTS),
            "a provider's parameters": _app_channels,
        },
    ),
]
