"""Messages and frames of WebSockets, and streams of server-sent events."""

import json
from collections.abc import Sequence

from tests.abuse.law.inputs import Exchange, Input, Make, Sender, converse, fill, frame, request, subscribe, table

_LARGEST_MESSAGE = 1024 * 1024 - 1024
_LARGEST_SIGN_IN = 31 * 1024
"""Of a message before anyone is known: with what else stands in it still below 32 KiB."""

_FRAMES = 500
"""Of one kind in a row: who sends more of them than the server bears is sent away, and pays no more."""

_LARGEST_OPERATION = 14 * 1024
_CONTINUED, _TEXT, _BINARY, _PING, _PONG = 0x00, 0x01, 0x82, 0x89, 0x8A
_LAST = 0x80
_PAYLOAD = 125


def _message(part: str, *, before: str, after: str) -> Make:
    def make(size: int, sender: Sender) -> Exchange:
        return converse([frame(fill(part, size, before=before, after=after))], sender)

    return make


def _init(part: str, *, before: str = '{"type": "connection_init", "payload": {"authorization": "', after: str = '"}}') -> Make:
    """Return a sign-in that is filled: the first message there is, whoever sends it."""

    def make(size: int, sender: Sender) -> Exchange:
        return converse([frame(fill(part, size, before=before, after=after))], sender, signs_in=False)

    return make


def _repeated(*frames: bytes) -> Make:
    """Return the frames again and again: so many of the first."""

    def make(size: int, sender: Sender) -> Exchange:
        return converse([b"".join(frames) * size], sender)

    return make


def _pieces(content: bytes, each: int) -> Make:
    """Return one message in so many frames."""

    def make(size: int, sender: Sender) -> Exchange:
        piece = content * (each // len(content)) if content else b""
        return converse(
            [frame(b'"', kind=_TEXT), frame(piece, kind=_CONTINUED) * size, frame(b'"', kind=_CONTINUED | _LAST)], sender
        )

    return make


def _pieces_between_pings(size: int, sender: Sender) -> Exchange:
    between = frame(b" ", kind=_CONTINUED) + frame(b"", kind=_PING)
    return converse([frame(b'"', kind=_TEXT), between * size, frame(b'"', kind=_CONTINUED | _LAST)], sender)


def _begun(document: str, *, completes: bool) -> Make:
    """Return operations that are begun, one after another, each under an id of its own."""

    def make(size: int, sender: Sender) -> Exchange:
        begun = []
        for number in range(size):
            begun.append(subscribe(document, f"{number}"))
            if completes:
                begun.append(frame(f'{{"type": "complete", "id": "{number}"}}'))
        return converse(begun, sender)

    return make


def _wrong(size: int, sender: Sender) -> Exchange:
    return converse([subscribe(f"{{ {sender.name()} }}", f"{number}") for number in range(size)], sender)


def _hashes(size: int, sender: Sender) -> Exchange:
    def asked(number: int) -> bytes:
        extensions = {"persistedQuery": {"version": 1, "sha256Hash": f"{number:064x}"}}
        return frame(json.dumps({"type": "subscribe", "id": f"{number}", "payload": {"query": "", "extensions": extensions}}))

    return converse([asked(number) for number in range(size)], sender)


def _handshake(name: str, part: str) -> Make:
    def make(size: int, sender: Sender) -> Exchange:
        head = converse([], sender).opening
        return Exchange(
            head.replace(b"\r\n\r\n", f"\r\n{name}: {fill(part, size)}\r\n\r\n".encode(), 1), frames=b"", enough=b"\r\n\r\n"
        )

    return make


def _stream(document: str, *, enough: bytes | None = None, variables: str = "null") -> Make:
    """Return an operation that is answered by events; a subscription to what never happens is left when it has begun."""

    def make(size: int, sender: Sender) -> Exchange:
        asked = document.replace("*", sender.name() + "x" * size)
        body = f'{{"query": {json.dumps(asked)}, "variables": {variables.replace("*", "x" * size)}}}'.encode()
        lines = sender.credential + "accept: text/event-stream\r\n"
        return Exchange(request("POST", "/graphql", sender, lines=lines, body=body), enough=enough)

    return make


def _streams(document: str, count: int) -> Make:
    """Return operations that are asked for one after another over one connection, `count` at once at the most."""

    def make(size: int, sender: Sender) -> Exchange:
        body = json.dumps({"query": document}).encode()
        one = request("POST", "/graphql", sender, lines=sender.credential + "accept: text/event-stream\r\n", body=body)
        kept = one.replace(b"connection: close", b"connection: keep-alive")
        return Exchange(kept * min(size, count) + one)

    return make


_PING_TEXT = '{"type": "ping"}'

SOCKETS: Sequence[Input] = [
    *table(
        "WebSocket frames",
        _LARGEST_SIGN_IN,
        {
            "a sign-in with a long token": _init("A"),
            "a sign-in with a token of spaces": _init(" "),
            "a sign-in with a text of backslashes": _init("\\\\"),
            "a sign-in with a text of escaped quotes": _init('\\"'),
            "a sign-in with a text that does not end": _init('\\"', after=""),
            "a sign-in with spaces around it": _init(" ", before=" ", after='{"type": "connection_init"}'),
        },
    ),
    *table(
        "WebSocket frames",
        _LARGEST_MESSAGE,
        {
            "a ping with a long text": _message("x", before='{"type": "ping", "payload": {"a": "', after='"}}'),
            "a ping with a text of half pairs": _message("\\ud83d", before='{"type": "ping", "payload": {"a": "', after='"}}'),
            "a ping with a list": _message("1 ", before='{"type": "ping", "payload": {"a": [', after="]}}"),
            "a long id": _message("x", before='{"type": "complete", "id": "', after='"}'),
            "an id of marks": _message("\u0301", before='{"type": "complete", "id": "a', after='"}'),
            "a long type": _message("x", before='{"type": "', after='"}'),
            "no JSON": _message("[", before="", after=""),
            "bytes": lambda size, sender: converse([frame(b"\xff" * size, kind=_BINARY)], sender),
            "text that is no UTF-8 at its end": lambda size, sender: converse([frame(b'"' + b"x" * size + b"\xe2\x82")], sender),
            "an operation with a long comment": _message(
                "x", before='{"type": "subscribe", "id": "1", "payload": {"query": "{ __typename } #', after='"}}'
            ),
        },
    ),
    *table(
        "WebSocket frames",
        _FRAMES,
        {
            "empty pings": _repeated(frame(b"", kind=_PING)),
            "pings with all that they can hold": _repeated(frame(b"x" * _PAYLOAD, kind=_PING)),
            "pongs that nobody asked for": _repeated(frame(b"x" * _PAYLOAD, kind=_PONG)),
            "pings of the protocol": _repeated(frame(_PING_TEXT)),
            "pongs of the protocol": _repeated(frame('{"type": "pong"}')),
            "pings and pongs in turn": _repeated(frame(_PING_TEXT), frame(b"", kind=_PING)),
            "the ends of what never began": _repeated(frame('{"type": "complete", "id": "none"}')),
            "empty texts": _repeated(frame("")),
            "spaces around a ping": _repeated(frame(" " * 400 + _PING_TEXT)),
            "a message in empty pieces": _pieces(b"", 1),
            "a message in pieces of a byte": _pieces(b" ", 1),
            "a message in pieces of a kibibyte": _pieces(b" ", 1024),
            "a message with a ping between its pieces": _pieces_between_pings,
            "closes": _repeated(frame(b"\x03\xe8", kind=0x88)),
        },
    ),
    *table(
        "WebSocket frames",
        90,
        {
            "queries": _begun("{ __typename }", completes=False),
            "queries that are wrong, each in its own way": _wrong,
            "queries under one id": lambda size, sender: converse([subscribe("{ eventCursor }") * size], sender),
            "subscriptions that end at once": _begun("subscription { eventRecorded { id } }", completes=True),
            "subscriptions that stay": _begun("subscription { eventRecorded { id } }", completes=False),
            "subscriptions of somebody else's sign-in": _begun(
                'subscription { authorizationChanged(id: "x") { id } }', completes=False
            ),
            "mutations that are refused": _begun(
                'mutation { retryDelivery(input: { id: "x" }) { userErrors { code } } }', completes=False
            ),
            "hashes that nobody has sent": _hashes,
        },
    ),
    *table(
        "WebSocket frames",
        24 * 1024,
        {
            "protocols in the handshake": _handshake("sec-websocket-protocol", "a,"),
            "extensions in the handshake": _handshake("sec-websocket-extensions", "permessage-deflate; a=b,"),
            "quoted extensions in the handshake": _handshake("sec-websocket-extensions", 'a; b="c",'),
            "a long key in the handshake": _handshake("sec-websocket-key", "A"),
            "upgrades in the handshake": _handshake("upgrade", "websocket, "),
        },
    ),
    *table(
        "SSE",
        _LARGEST_OPERATION,
        {
            "a query with a long name": _stream("query * { __typename }"),
            "a query that is wrong": _stream("{ * }"),
            "a subscription with a long cursor": _stream('subscription { eventRecorded(after: "*") { id } }'),
            "a subscription to a sign-in with a long id": _stream('subscription { authorizationChanged(id: "*") { id } }'),
            "a subscription that never has anything to tell": _stream(
                'subscription { eventRecorded(filter: { subjectId: "*" }) { id } }', enough=b"\r\n\r\n"
            ),
            "a cursor in a variable": _stream(
                "subscription($v: String) { eventRecorded(after: $v) { id } }", variables='{"v": "*"}'
            ),
            "a subscription with a text of escapes": _stream(
                "subscription($v: String) { eventRecorded(after: $v) { id } }", variables='{"v": "\\u0301*"}'
            ),
        },
    ),
    *table(
        "SSE",
        32,
        {
            "queries that end at once": _streams("{ __typename }", 128),
            "queries that are refused": _streams("{ no }", 128),
            "subscriptions that end at once": _streams('subscription { authorizationChanged(id: "x") { id } }', 128),
        },
    ),
]
