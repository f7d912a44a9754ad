"""GraphQL texts, and the variables beside them."""

from collections.abc import Callable, Sequence

from app.graphql.execution.documents import LONGEST_DOCUMENT, MOST_TOKENS, MOST_VARIABLE_VALUES
from app.graphql.transport.requests import LARGEST_BODY
from tests.abuse.law.inputs import Exchange, Input, Make, Sender, ask, fill, many, table

_LARGEST_TEXT = LONGEST_DOCUMENT - 256
_TOKENS = MOST_TOKENS - 100
_VALUES = MOST_VARIABLE_VALUES - 100
_LARGEST_VALUE = LARGEST_BODY - 4096


def _text(part: str, *, before: str = "{ __typename ", after: str = "}") -> Make:
    def make(size: int, sender: Sender) -> Exchange:
        return ask(fill(part, size, before=before, after=after), sender)

    return make


def _tokens(count: int, part: str, *, before: str = "{ ", after: str = "}") -> Make:
    """Return a document of so many tokens: each `part`, with `#` as its number, has `count`."""

    def make(size: int, sender: Sender) -> Exchange:
        return ask(before + " ".join(part.replace("#", str(number)) for number in range(size // count)) + after, sender)

    return make


def _nested(opening: str, closing: str, tokens: int, *, inside: str = "id", before: str = "{ ", after: str = " }") -> Make:
    def make(size: int, sender: Sender) -> Exchange:
        levels = size // tokens
        return ask(before + opening * levels + inside + closing * levels + after, sender)

    return make


def _chained(spread: Callable[[int], str], tokens: int) -> Make:
    """Return fragments, each of which spreads what `spread` says for its number."""

    def make(size: int, sender: Sender) -> Exchange:
        count = size // tokens
        links = (f"fragment F{number} on Query {{ {spread(number)} }}" for number in range(count))
        return ask(f"{' '.join(links)} fragment F{count} on Query {{ eventCursor }} {{ ...F0 }}", sender)

    return make


def _value(part: str, query: str, *, before: str = '"', after: str = '"', each: int = 1) -> Make:
    """Return an operation whose variable `v` is filled; `each` times as many characters are made as the size says."""

    def make(size: int, sender: Sender) -> Exchange:
        return ask(query, sender, f'{{"v": {fill(part, size * each, before=before, after=after)}}}')

    return make


def _listed(value: str, query: str, *, before: str = "[", after: str = "]") -> Make:
    def make(size: int, sender: Sender) -> Exchange:
        listed = ",".join(value.replace("#", str(number)) for number in range(size))
        return ask(query, sender, f'{{"v": {before}{listed}{after}}}')

    return make


def _declared(size: int, sender: Sender) -> Exchange:
    names = [f"v{number}" for number in range(size)]
    declared = " ".join(f"${name}: ID" for name in names[:300])
    return ask(f"query({declared}) {{ __typename }}", sender, "{" + ",".join(f'"{name}": "x"' for name in names) + "}")


def _numbered_texts(size: int, sender: Sender) -> Exchange:
    texts = many(lambda number: f'"""\n  {number}\n"""', size, between=" ")
    return ask(f"{{ nodes(ids: [{texts}]) {{ id }} }}", sender)


_ID = "query($v: ID!) { node(id: $v) { id } }"
_IDS = "query($v: [ID!]!) { nodes(ids: $v) { id } }"
_FIRST = "query($v: Int) { events(first: $v) { nodes { id } } }"
_FILTER = "query($v: EventFilter) { events(first: 1, filter: $v) { nodes { id } } }"
_RECORD = "mutation($v: RecordMonitorRunInput!) { recordMonitorRun(input: $v) { userErrors { code } } }"
_MEMBER = "mutation($v: AddTeamMemberInput!) { addTeamMember(input: $v) { userErrors { code } } }"
_APP = "mutation($v: AddInstalledAppInput!) { addInstalledApp(input: $v) { userErrors { code } } }"
_BEGIN = "mutation($v: BeginAuthorizationInput!) { beginAuthorization(input: $v) { userErrors { code } } }"
_TOKEN = "mutation($v: CreateAccessTokenInput!) { createAccessToken(input: $v) { userErrors { code } } }"
_EMAIL = '{"name": "A", "role": "VIEWER", "email": "'
_NAME = '{"email": "a@example.com", "role": "VIEWER", "name": "'
_CLIENT = '{"using": {"client": {"provider": "gitlab", "clientId": "a", "clientSecret": "b", "url": "'
_PEM = (
    '{"using": {"client": {"provider": "gitlab", "clientId": "a", "clientSecret": "b", "url": "https://a.b", "caCertificates": "'
)
_RUN = '{"monitorKey": "k", "runId": "r", "outcome": "FAILED", "startedAt": "2026-01-01T00:00:00Z", "durationMs": 1, '

DOCUMENTS: Sequence[Input] = [
    *table(
        "GraphQL text",
        _LARGEST_TEXT,
        {
            "comments of one letter": _text("#a\n"),
            "a comment of marks": _text("\u0301", before="{ __typename } #", after=""),
            "carriage returns": _text("\r"),
            "commas and line breaks": _text(",\n"),
            "a block text of quotes": _text('\\"""', before='{ node(id: """', after='""") { id } }'),
            "a block text that does not end": _text('"', before='{ node(id: """a'),
            "a block text of deeper and deeper lines": lambda size, sender: ask(
                '{ node(id: """' + many(lambda number: "\n" + " " * (number % 60) + "x", size) + '""") { id } }', sender
            ),
            "a block text of empty lines": _text("\n", before='{ node(id: """', after='""") { id } }'),
            "block texts": _numbered_texts,
            "texts of one quote": _text('" ', before="{ node(id: "),
            "a text of wrong escapes": _text("\\q", before='{ node(id: "', after='") { id } }'),
            "a text of braced escapes": _text("\\u{41}", before='{ node(id: "', after='") { id } }'),
            "escapes of half a pair": _text("\\ud83d", before='{ node(id: "', after='") { id } }'),
            "a name of digits": _text("1a", before="{ a"),
            "a name that nearly is one": _text("a", before="{ eventCurso"),
            "minus signs": _text("-", before="{ events(first: "),
            "dots": _text(".", before="{ "),
            "dollar signs": _text("$", before="query("),
            "at signs": _text("@"),
            "exclamation marks": _text("!", before="query($v: Int"),
            "bars": _text("|", before="{ "),
        },
    ),
    *table(
        "GraphQL text",
        _TOKENS,
        {
            "names that are nearly ours": _tokens(1, "viewe#"),
            "aliases of one field": _tokens(3, "a#: __typename"),
            "one alias for different fields": _tokens(3, "a: eventCurso#"),
            "different arguments for one field": _tokens(9, "node(id: #) { id }"),
            "fields that are the same": _tokens(1, "eventCursor"),
            "fields within fields that are the same": _tokens(6, "viewer { team { id } }"),
            "inline fragments of one type": _tokens(6, "... on Query { eventCursor }"),
            "fields of inline fragments that differ": _tokens(8, "... on Query { a: f# }"),
            "inline fragments in one another": _nested("... on Query { ", " }", 5, inside="eventCursor"),
            "inline fragments without a type in one another": _nested("... { ", " }", 3, inside="eventCursor"),
            "lists in one another": _nested("[", "]", 2, inside="", before="{ nodes(ids: ", after=") { id } }"),
            "objects in one another": _nested(
                "{ a: ", " }", 4, inside="1", before="{ events(filter: ", after=") { nodes { id } } }"
            ),
            "types in one another": _nested("[", "]", 2, inside="Int", before="query($v: ", after=") { eventCursor }"),
            "lists of types that cannot be": _nested("[", "!]", 3, inside="Int", before="query($v: ", after=") { eventCursor }"),
            "a chain of fragments": _chained(lambda number: f"...F{number + 1}", 8),
            "a chain of fragments by inline ones": _chained(lambda number: f"... {{ ...F{number + 1} }}", 11),
            "a chain of fragments, spread thrice": _chained(lambda number: f"...F{number + 1} " * 3, 12),
            "fragments that all spread the last": _chained(lambda _: "...F0", 8),
            "a spread of one fragment": _tokens(2, "...F", before="fragment F on Query { eventCursor } { "),
            "a spread of one fragment under a condition": _tokens(
                8, "...F @skip(if: false)", before="fragment F on Query { eventCursor } { "
            ),
            "conditions on one field": _tokens(6, "@skip(if: false)", before="{ eventCursor "),
            "conditions by variables": _tokens(7, "a#: eventCursor @skip(if: $v)", before="query($v: Boolean!) { "),
            "variables with defaults": _tokens(6, "$v#: Int = 1", before="query(", after=") { eventCursor }"),
            "variables with lists for defaults": _tokens(9, "$v#: [Int] = [1]", before="query(", after=") { eventCursor }"),
            "variables that nobody uses": _tokens(4, "$v#: ID", before="query(", after=") { eventCursor }"),
            "arguments of one name": _tokens(3, "first: 1", before="{ events(", after=") { nodes { id } } }"),
            "members of one name": _tokens(3, "types: []", before="{ events(filter: { ", after=" }) { nodes { id } } }"),
            "members that are not there": _tokens(3, "typ#: 1", before="{ events(filter: { ", after=" }) { nodes { id } } }"),
            "ids": _tokens(1, '"#"', before="{ nodes(ids: [", after="]) { id } }"),
            "operations": _tokens(5, "query Q# { eventCursor }", before="", after=""),
            "subscriptions to one another": _tokens(6, "a#: eventRecorded { id }", before="subscription { "),
            "questions after the schema": _tokens(8, '__type(name: "T#") { name }', before="{ "),
            "types of types": _nested("ofType { ", " }", 3, inside="name", before="{ __schema { types { ", after=" } } }"),
            "definitions": _tokens(7, "type T# { a: Int }", before="{ eventCursor } ", after=""),
        },
    ),
]

VARIABLES: Sequence[Input] = [
    *table(
        "variables",
        _LARGEST_VALUE,
        {
            "an integer that is long": _value("7", _FIRST, before="", after="7"),
            "an integer that is negative and long": _value("7", _FIRST, before="-", after="7"),
            "an id that is an integer": _value("9", _ID, before="1", after=""),
            "a moment of digits": _value("9", _RECORD, before='{"startedAt": "2026-01-01T00:00:00.', after='Z"}'),
            "a moment of spaces": _value(" ", _RECORD, before='{"startedAt": "', after='2026"}'),
            "an address of dots": _value("a.", _RECORD, before=_RUN + '"url": "https://', after='"}'),
            "an address of brackets": _value("[", _RECORD, before=_RUN + '"url": "https://[', after='"}'),
            "a message of marks": _value(
                "\u0301", _RECORD, before=_RUN + '"failures": [{"name": "a", "message": "a', after='"}]}'
            ),
            "a message of zeros": _value(
                "\\u0000", _RECORD, before=_RUN + '"failures": [{"name": "a", "message": "', after='"}]}'
            ),
            "a key of marks": _value("\u0301\u0323", _RECORD, before='{"runId": "r", "monitorKey": "a', after='"}'),
            "a name of marks": _value("\u0323\u0301", _MEMBER, before=_NAME + "a", after='"}'),
            "a name of letters that come apart": _value("\u1e69", _MEMBER, before=_NAME, after='"}'),
            "a name of syllables": _value("\u1100\u1161\u11a8", _MEMBER, before=_NAME, after='"}'),
            "a name of spaces": _value(" ", _MEMBER, before=_NAME, after='a"}'),
            "a name without width": _value("\u200b", _MEMBER, before=_NAME, after='a"}'),
            "an e-mail address of marks": _value("\u0345\u0301", _MEMBER, before=_EMAIL + "a", after='@example.com"}'),
            "an e-mail address of dots": _value("a.", _MEMBER, before=_EMAIL + "a@", after='com"}'),
            "an e-mail address of at signs": _value("a@", _MEMBER, before=_EMAIL, after='b.c"}'),
            "an e-mail address of sharp s": _value("\u00df", _MEMBER, before=_EMAIL, after='@example.com"}'),
            "an e-mail address with no ASCII behind it": _value("\u00e4.", _MEMBER, before=_EMAIL + "a@", after='b.c"}'),
            "a server's address of labels": _value("a.", _APP, before=_CLIENT + "https://", after='b"}}}'),
            "a server's address of no ASCII": _value("\u00e4.", _APP, before=_CLIENT + "https://", after='b"}}}'),
            "a server's address of one label": _value("\u00e4", _APP, before=_CLIENT + "https://", after='.b"}}}'),
            "a server's address of slashes": _value("/", _APP, before=_CLIENT + "https://a.b", after='"}}}'),
            "a server's address of dot segments": _value("/..", _APP, before=_CLIENT + "https://a.b", after='"}}}'),
            "a server's address of percent signs": _value("%2e", _APP, before=_CLIENT + "https://a.b/", after='"}}}'),
            "certificates that begin": _value("-----BEGIN CERTIFICATE-----\\n", _APP, before=_PEM, after='"}}}'),
            "certificates that are none": _value(
                "-----BEGIN CERTIFICATE-----\\nMA==\\n-----END CERTIFICATE-----\\n", _APP, before=_PEM, after='"}}}'
            ),
            "a provider's key": _value("a", _BEGIN, before='{"purpose": {"provider": "', after='"}}'),
            "a token's name": _value("\u0301", _TOKEN, before='{"scopes": ["READ"], "name": "a', after='"}'),
        },
    ),
    *table(
        "variables",
        _VALUES,
        {
            "ids of nothing": _listed('"x#"', _IDS),
            "one id again and again": _listed('"VmlldzpY"', _IDS),
            "long ids": _listed('"' + "A" * 60 + '#"', _IDS),
            "numbers for ids": _listed("#", _IDS),
            "nulls for ids": _listed("null", _IDS),
            "failures": _listed('{"name": "a#", "message": "b"}', _RECORD, before=_RUN + '"failures": [', after="]}"),
            "failures without a message": _listed('{"name": "a#"}', _RECORD, before=_RUN + '"failures": [', after="]}"),
            "types that are nearly ours": _listed('"MONITOR_RUN_RECORDE#"', _FILTER, before='{"types": [', after="]}"),
            "one type of events again and again": _listed('"MONITOR_RUN_RECORDED"', _FILTER, before='{"types": [', after="]}"),
            "one scope again and again": _listed('"READ"', _TOKEN, before='{"name": "a", "scopes": [', after="]}"),
            "members that are nearly ours": _listed('"monitorKe#": 1', _RECORD, before="{", after="}"),
            "lists for an id": _listed('["a#"]', "query($v: ID!) { node(id: $v) { id } }"),
            "members that are long": _listed('"' + "m" * 60 + '#": 1', _FILTER, before="{", after="}"),
            "variables that nobody declared": _declared,
        },
    ),
]
