"""Documents and bodies that are cheap to send and would be dear to answer, for the service's own schema.

None of them reaches a row: each is refused, or asks for nothing but the schema itself.
"""

import json
from collections.abc import Mapping

from graphql import get_introspection_query

from app.graphql.transport.requests import LARGEST_BODY

_BODY = LARGEST_BODY - 200
_TYPE = "{ kind name ofType { kind name ofType { kind name ofType { name } } } }"
_EVERYTHING = (
    f"types {{ name description kind fields(includeDeprecated: true) {{ name description args {{ name description type {_TYPE} }}"
    f" type {_TYPE} }} inputFields {{ name type {_TYPE} }} interfaces {{ name }} enumValues {{ name description }}"
    " possibleTypes { name } }"
)


def _chain(length: int, *, spreads: int = 2, ends: str = "__typename") -> str:
    links = [f"fragment F{n} on Viewer {{ {f'...F{n + 1} ' * spreads} }}" for n in range(length)]
    return " ".join([*links, f"fragment F{length} on Viewer {{ {ends} }}", "{ viewer { ...F0 } }"])


def _times(count: int, part: str, *, around: str = "{{ {} }}") -> str:
    """Write `part` so many times, with `#` as its number."""
    return around.format(" ".join(part.replace("#", str(number)) for number in range(count)))


def _nest(levels: int, opening: str, closing: str = " }", *, inside: str = "id") -> str:
    return opening * levels + inside + closing * levels


_RUNS = "monitors(first: 100) { nodes { runs(first: 100) { nodes { monitor { "

FRAGMENTS = {
    **{f"a chain of {n} fragments": _chain(n) for n in (1, 2, 3, 5, 10, 20, 30, 40, 49, 50, 100, 150, 200)},
    "a chain of 49 fragments, spread ten times": _chain(49, spreads=10),
    **{f"a chain of {n} fragments without a field": _chain(n, ends="...Nowhere") for n in (10, 20, 40, 49)},
    **{f"a chain of {n} fragments that leads back": _chain(n, ends="...F0") for n in (10, 20, 40, 49)},
    "a chain of 200 fragments, spread once": _chain(200, spreads=1),
    "a fragment that spreads itself": "fragment A on Query { ...A } { ...A }",
    "a fragment that spreads itself below": "fragment A on Team { members { nodes { id ...A } } } { viewer { team { ...A } } }",
    "fragments in a circle": _times(40, "fragment F# on Query { ...F0 }", around="{} {{ ...F0 }}"),
    "each fragment spreads all": _times(
        40, "fragment F# on Query { " + _times(40, "...F#", around="{}").replace("#", "") + " }", around="{} {{ ...F0 }}"
    ),
    "fragments that nobody spreads": "{ eventCursor } " + _times(250, "fragment F# on Query { eventCursor }", around="{}"),
    "one name for all fragments": "{ eventCursor } " + "fragment F on Query { eventCursor } " * 250,
    "unknown fragments": _times(600, "...F#"),
    "inline fragments": _times(450, "... { eventCursor }"),
    "inline fragments in one another": "{ " + _nest(150, "... on Query { ", inside="__typename") + " }",
    "inline fragments on a type that is not there": _times(400, "... on Odd# { id }"),
}
FIELDS = {
    "aliases": _times(600, "a#: eventCursor"),
    "aliases of lists": _times(150, "a#: events(first: 100) { nodes { id } }"),
    "aliases by fragments": "fragment A on Query { a: eventCursor b: eventCursor } " + "{ " + "...A " * 400 + "}",
    "duplicate fields": _times(1_900, "eventCursor"),
    "duplicate fields with fields": _times(300, "viewer { member { id } }"),
    "duplicate fields that conflict": _times(120, "a: node(id: #) { id }"),
    "duplicate fields three deep": _times(60, "viewer { team { members { nodes { id } } } }"),
    "names that are not there": _times(1_900, "f#"),
    "names that are nearly there": _times(900, "eventCurso#"),
    "a long name": "{ " + "a" * 16_000 + " }",
    "typenames": _times(1_900, "__typename"),
    "ten thousand typenames": _times(10_000, "__typename"),
    "typenames by alias": _times(600, "t#: __typename"),
    "deep fields": "{ " + _nest(5_000, "viewer { ") + " }",
    "deep fields within the tokens": "{ " + _nest(600, "viewer { ") + " }",
    "deep lists": "{ " + _nest(6, _RUNS, " } } } } }") + " }",
    "wide lists": "{ " + _nest(2, _RUNS, " } } } } }") + " }",
    "a page without end": "{ events(first: 99999999999999999999) { nodes { id } } }",
    "lists sized by a variable": "query($n: Int!) { monitors(first: $n) { nodes { runs(first: $n) { nodes { id } } } } }",
    "subscriptions to many": "subscription { " + " ".join(f"a{n}: eventRecorded {{ id }}" for n in range(250)) + " }",
    "mutations": "mutation { "
    + " ".join(f'm{n}: retryDelivery(input: {{id: "x"}}) {{ userErrors {{ code }} }}' for n in range(60))
    + " }",
}
DIRECTIVES = {
    "directives": "{ eventCursor " + "@skip(if: false) " * 280 + "}",
    "ten thousand directives": "{ eventCursor " + "@a " * 10_000 + "}",
    "unknown directives": "{ eventCursor " + "@a " * 900 + "}",
    "directives on fragments": _times(180, "... @include(if: true) { eventCursor }"),
    "directives on an operation": "query " + "@a " * 900 + "{ eventCursor }",
    "directives on a variable": "query($a: Int " + "@a " * 900 + ") { eventCursor }",
}
TEXT = {
    "a mebibyte of comment": "{ __typename } #" + "x" * _BODY,
    "half a million comments": "{ __typename } " + "#\n" * (_BODY // 3),
    "comments within the length": "{ __typename } " + "#\n" * 8_000,
    "commas": "{ __typename " + "," * 16_000 + "}",
    "spaces": " " * 16_000,
    "null characters": "\0" * 16_000,
    "emoji": "{ __typename } #" + "\U0001f600" * 4_000,
    "a byte order mark, again and again": "\ufeff" * 5_000 + "{ __typename }",
    "a long text": f'{{ node(id: "{"x" * 100_000}") {{ id }} }}',
    "a long text within the length": f'{{ nodes(ids: ["{"x" * 15_000}" 1.5]) {{ id }} }}',
    "a block text": f'{{ node(id: """{"x" * 100_000}""") {{ id }} }}',
    "a block text of many lines": '{ nodes(ids: [1.5 """' + "\n  x" * 3_900 + '"""]) { id } }',
    "a text of escapes": '{ nodes(ids: [1.5 "' + "\\u0041" * 2_600 + '"]) { id } }',
    "a text that does not end": '{ node(id: "' + "x" * 16_000,
    "a huge integer": "{ events(first: " + "9" * 15_000 + ") { nodes { id } } }",
    "a huge negative integer": "{ events(first: -" + "9" * 15_000 + ") { nodes { id } } }",
    "a huge float": "{ events(first: 1." + "9" * 15_000 + ") { nodes { id } } }",
    "a huge exponent": "{ events(first: 1e" + "9" * 15_000 + ") { nodes { id } } }",
    "opening braces": "{" * 16_000,
    "closing braces": "}" * 16_000,
    "names alone": "a " * 1_900,
}
VALUES = {
    "ten thousand variables": "query(" + " ".join(f"$v{n}: Int" for n in range(10_000)) + ") { eventCursor }",
    "variables": "query(" + " ".join(f"$v{n}: Int" for n in range(480)) + ") { eventCursor }",
    "one variable, again and again": "query(" + "$v: Int " * 480 + ") { eventCursor }",
    "variables that nobody declared": "{ " + " ".join(f"a{n}: node(id: $v{n}) {{ id }}" for n in range(30)) + " }",
    "a deep type": "query($v: " + "[" * 500 + "Int" + "]" * 500 + ") { eventCursor }",
    "a deep list": "{ nodes(ids: " + _nest(900, "[", "]", inside="") + ") { id } }",
    "a deep object": "{ events(filter: " + _nest(450, "{ types: ", inside="ID") + ") { nodes { id } } }",
    "a wide list": "{ nodes(ids: [" + "1.5 " * 1_800 + "]) { id } }",
    "a wide object": "{ events(filter: { " + " ".join(f"f{n}: 1" for n in range(600)) + " }) { nodes { id } } }",
    "one argument, again and again": "{ events(" + "first: 1 " * 600 + ") { nodes { id } } }",
    "arguments that are not there": "{ events(" + " ".join(f"a{n}: 1" for n in range(600)) + ") { nodes { id } } }",
    "enum values that are not there": "{ events(filter: { types: ["
    + " ".join(f"E{n}" for n in range(1_500))
    + "] }) { nodes { id } } }",
}
OPERATIONS = {
    "operations": " ".join(f"query Q{n} {{ eventCursor }}" for n in range(380)),
    "one name for all operations": "query Q { eventCursor } " * 380,
    "operations without a name": "{ eventCursor } " * 600,
    "type definitions": "type A { a: Int } " * 200,
    "schema extensions": "extend schema @a " * 300,
    "descriptions": '"x" ' * 1_900,
}
INTROSPECTION = {
    "all of the schema": get_introspection_query(),
    "all of the schema, twenty times": _times(20, f"a#: __schema {{ {_EVERYTHING} }}"),
    "the same by a fragment": f"fragment F on __Schema {{ {_EVERYTHING} }} " + _times(30, "a#: __schema { ...F }"),
    "all types, thirty times": "{ __schema "
    + _times(29, "a#: types { name description kind fields { name description } }")
    + " }",
    "all fields, thirty times": "{ __schema { types " + _times(29, "a#: fields { name description type { name } }") + " } }",
    "one type, thirty times": _times(30, 'a#: __type(name: "Query") { fields { name description args { name description } } }'),
    "types of types": "{ __schema { types { " + _nest(50, "fields { type { ", " } }", inside="name") + " } } }",
    "types of types within the depth": "{ __schema { types { fields { type { ofType { fields { type { name } } } } } } } }",
    "types of types of types": "{ __schema { types "
    + _nest(2, "{ fields { type { ofType ", " } } }", inside="{ name }")
    + " } }",
    "types of lists of types": "{ __schema { types { fields { type { "
    + _nest(190, "ofType { ", " }", inside="name")
    + " } } } } }",
    "types behind interfaces": "{ __schema { types { possibleTypes { interfaces { possibleTypes { fields { name } } } } } } }",
    "fifty schemas in one another": "{ " + _nest(50, "__schema { types { fields { type { ", " } } } }", inside="name") + " }",
}

DOCUMENTS: Mapping[str, str] = {
    **FRAGMENTS,
    **FIELDS,
    **DIRECTIVES,
    **TEXT,
    **VALUES,
    **OPERATIONS,
    **INTROSPECTION,
}

_ASKS_NOTHING = "{ __typename }"
_IDS = "query($v: [ID!]!) { nodes(ids: $v) { id } }"
_TYPES = "query($v: [EventType!]) { events(filter: { types: $v }) { nodes { id } } }"
_FILTER = "query($v: EventFilter) { events(filter: $v) { nodes { id } } }"
_ADD = "mutation($v: AddIntegrationInput!) { addIntegration(input: $v) { userErrors { code } } }"
_RECORD = "mutation($v: RecordMonitorRunInput!) { recordMonitorRun(input: $v) { userErrors { code } } }"
_FIRST = "query($v: Int) { events(first: $v) { nodes { id } } }"


def _fill(part: str, *, before: str = "[", after: str = "1]") -> str:
    """Write `part` for as long as it goes into a body."""
    return before + part * ((_BODY - 200) // len(part)) + after


def _body(value: str, query: str = _ASKS_NOTHING) -> bytes:
    return f'{{"query": {json.dumps(query)}, "variables": {{"v": {value}}}}}'.encode()


def _many(count: int, part: str, *, query: str) -> bytes:
    return _body("[" + ",".join(part.replace("#", str(number)) for number in range(count)) + "]", query)


BODIES: Mapping[str, bytes] = {
    "empty lists": _body(_fill("[],")),
    "empty objects": _body(_fill("{},")),
    "small objects": _body(_fill('{"a":1},')),
    "deep and wide lists": _body(_fill("[" * 28 + "]" * 28 + ",")),
    "deep and wide objects": _body(_fill('{"a":' * 20 + "1" + "}" * 20 + ",")),
    "ints": _body(_fill("1,")),
    "floats": _body(_fill("1.5e300,")),
    "long floats": _body(_fill("1." + "9" * 700 + "e-300,")),
    "long ints": _body(_fill("9" * 4_000 + ",")),
    "texts": _body(_fill('"",')),
    "a list that does not end": _body("[" * (_BODY - 200)),
    "a deep list": _body("[" * (_BODY // 2 - 200) + "]" * (_BODY // 2 - 200)),
    "a deep object": _body(_fill('{"a":', before="", after="1")),
    "a text of escapes": _body(_fill("\\u0041", before='"', after='"')),
    "a text of surrogates": _body(_fill("\\ud83d\\ude00", before='"', after='"')),
    "a text of quotes": _body(_fill('\\"', before='"', after='"')),
    "a text of quotes that does not end": b'{"query": "' + b'\\",' * (_BODY // 3),
    "texts of quotes that do not end": _fill('"\\",', before="[", after='"').encode(),
    "a text of brackets": _body(_fill("[{,", before='"', after='"'), _FIRST),
    "a long text": _body(_fill("x", before='"', after='"'), _FIRST),
    "a huge int": _body(_fill("9", before="", after="9"), _FIRST),
    "a huge float": _body(_fill("9", before="1.", after="9")),
    "a huge exponent": _body(_fill("9", before="1e", after="9"), _FIRST),
    "names": b'{"query": "{ __typename }", "variables": {' + b",".join(b'"v%d":1' % number for number in range(70_000)) + b"}}",
    "one name again and again": b'{"query": "{ __typename }", "variables": {' + b'"v":1,' * 170_000 + b'"v":1}}',
    "spaces": b'{"query": "{ __typename }"' + b" " * _BODY + b"}",
    "a mebibyte that is no JSON": b'{"query": "' + b"x" * _BODY,
    "a mebibyte that is no text": b'{"query": "' + b"\xff" * _BODY + b'"}',
    "a long operation name": b'{"query": "{ __typename }", "operationName": "' + b"x" * _BODY + b'"}',
    "long extensions": _fill("1,", before='{"query": "{ __typename }", "extensions": {"a": [', after="1]}}").encode(),
    "a batch": _fill('{"query": "{ __typename }"},', after="{}]").encode(),
    "ten thousand texts for numbers": _many(9_900, '"x"', query=_FIRST),
    "ten thousand numbers for ids": _many(9_900, "1.5", query=_IDS),
    "ten thousand lists for ids": _many(4_900, "[1]", query=_IDS),
    "ten thousand names that are no enum's": _many(9_900, '"MONITOR_RUN_RECORDE#"', query=_TYPES),
    "an object of ten thousand names": _body("{" + ",".join(f'"typo{number}":1' for number in range(9_900)) + "}", _FILTER),
    "an object of long names": _body("{" + ",".join(f'"{"s" * 90}{number}":1' for number in range(9_000)) + "}", _FILTER),
    "an object with a name of a mebibyte": _body('{"' + "x" * (_BODY - 300) + '": 1}', _FILTER),
    "an input of nothing that is wanted": _body("{" + ",".join(f'"name{number}":1' for number in range(9_000)) + "}", _ADD),
    "five thousand failures that are none": _body('{"failures": [' + ",".join(['{"a":1}'] * 4_900) + "]}", _RECORD),
    "a long address": _body('{"url": "http://' + "[" * (_BODY - 300) + '"}', _RECORD),
    "a long moment": _body('{"startedAt": "' + "2" * (_BODY - 300) + '"}', _RECORD),
    "more than a mebibyte": b'{"query": "{ __typename }' + b" " * LARGEST_BODY + b'"}',
}
