"""Every regular expression of the service, how it is used, and what could make it slow.

`SHAPES` are repeated for all of them; what stands beside a pattern is its own: beginnings behind which it goes on, and parts that
it could read in more ways than one.
"""

from collections.abc import Mapping
from dataclasses import dataclass

SHAPES = (
    *("a", "A", "0", " ", "\t", "\n", "\0", '"', "'", "\\", ",", ".", "-", "_", "/", ":", ";", "=", "@", "%", "<", ">", "["),
    *("é", "\u0301", "\u200d", "\ud800", "%41", "a.", "a ", "a-", " ,", '\\"', "//", "../", "\r\n", "a@", "<>", "[]", "{}"),
)
ENDINGS = ("", "\0", "!")


@dataclass(frozen=True)
class Use:
    """`method` is how the service asks it. `begins` stand before what is repeated, `repeats` are its own parts to repeat."""

    method: str
    begins: tuple[str, ...] = ("",)
    repeats: tuple[str, ...] = ()


_WHOLE = Use("fullmatch")
_SEARCHED = Use("search")
_CUT_OUT = Use("sub")
_CODE_OF_WORDS = Use("fullmatch", ("", "a_"), ("a_", "a_0", "aaaaaaaaaaaaaaaaaaaa_"))
_COMMIT = Use("fullmatch", ("", "0" * 40), ("0123456789abcdef",))
_VALUE_MESSAGE = (
    "Variable '$v' has invalid value: ",
    "Variable '$v' has invalid value at v.",
    "Argument 'a' has invalid value: ",
)

PATTERNS: Mapping[str, Use] = {
    "app/web/authorization_responses.py _STATE": _WHOLE,
    "app/web/authorization_responses.py _CODE": _WHOLE,
    "app/web/authorization_responses.py _ERROR": _WHOLE,
    "app/web/authorization_responses.py _ISSUER": _WHOLE,
    "app/catalogue/addresses.py _ROOT": Use("fullmatch", ("", "/a"), ("/a", "/", "/a~")),
    "app/text/characters.py _NEVER_SEEN": Use("match"),
    "app/text/characters.py _VARIATION": Use("match"),
    "app/text/characters.py _FLAG": Use(
        "finditer", ("", "\U0001f3f4"), ("\U0001f3f4", "\U000e0067", "\U0001f3f4\U000e0067", "\U000e007f")
    ),
    "app/text/characters.py _JOINING": Use("match"),
    "app/text/characters.py _PICTURE": Use("match"),
    "app/web/client_address.py _WITH_PORT": Use("fullmatch", ("", "[", "[::1]:"), ("1.", "::", "1:")),
    "app/graphql/execution/locations.py _LINE_END": Use("finditer", ("",), ("\r\n", "\r", "a\n")),
    "app/graphql/transport/requests.py _STRAY_PERCENT": Use("search", ("",), ("%41", "%4", "%%")),
    "app/graphql/transport/requests.py _SHA256": _WHOLE,
    "app/graphql/scalars.py _MOMENT": Use("fullmatch", ("", "2026-11-21T10:00:00.", "2026-11-21T10:00:00+"), ("0", "\u0660")),
    "app/graphql/scalars.py _FRACTION": Use("sub", ("", "."), (".0", "..")),
    "app/graphql/scalars.py _ODD": _SEARCHED,
    "app/graphql/searches.py _UNFIT": _SEARCHED,
    "app/graphql/streams.py _HEX": _WHOLE,
    "app/graphql/error_messages.py _PLACE": Use("fullmatch", ("", *_VALUE_MESSAGE, "Variable '$"), ("a[", "].", " at a", ": ")),
    "app/graphql/error_messages.py _ABSENT": Use(
        "fullmatch", ("", "Argument 'a' of required type 'A'", "Variable '$"), ("' ", "[A", "! ")
    ),
    "app/graphql/error_messages.py _REASONS": Use(
        "fullmatch",
        ("", "Value ", "Value ' does not exist in '", "Expected value of type 'A' to include required field '", "Enum 'A"),
        (
            " does not exist in '",
            " does not exist in 'a' enum",
            "' enum.",
            "Expected value of type '",
            "_",
            "DateTime has to be ",
        ),
    ),
    "app/graphql/error_messages.py _QUOTED_TOKEN": Use(
        "sub", ("", "Syntax Error: "), ("String ", "Name '", "Block ", "BlockString", 'Int "')
    ),
    "app/graphql/error_messages.py _LEXER": Use(
        "sub", ("", "Syntax Error: Invalid "), ("Syntax Error: Invalid ", "Syntax Error: ", "Syntax Error: Invalid a", "Invalid")
    ),
    "app/graphql/error_messages.py _TOO_LONG": Use(
        "fullmatch", ("", "Syntax Error: "), ("nested too deeply", "nested too ", "Syntax Error: Source contains more than ")
    ),
    "app/installed_apps/client_inputs.py _CLIENT_ID": _WHOLE,
    "app/installed_apps/client_inputs.py _SECRET": _WHOLE,
    "app/text/json_stream.py _BLANK": Use("match"),
    "app/text/json_stream.py _WORD": Use("match"),
    "app/text/json_stream.py _IN_TEXT": Use("match", ("", "a"), ("\\\\", '\\"')),
    "app/text/json_stream.py _BETWEEN": Use("match", ("", '"'), ('"a"', '"\\', '""', "1,")),
    "app/text/json_stream.py _PLAIN_TEXT": Use("match", ("", '"'), ("a",)),
    "app/text/json_stream.py _SURROGATE": _CUT_OUT,
    "app/text/json_text.py _ESCAPE": Use("sub", ("", "\\"), ("\\", "\\u", "\\ud83d", "\\ud83d\\ud83d", "\\ud83d\\ude00")),
    "app/monitors/reported.py _HALF_PAIR": _CUT_OUT,
    "app/outbound/messages.py _NAME": _WHOLE,
    "app/outbound/messages.py _VALUE": Use("fullmatch", ("", "a"), ("a ", "\ta", " ")),
    "app/outbound/origins.py _ADDRESS": Use(
        "fullmatch", ("", "https://", "https://a/", "https://a?"), ("/", "?", "#", "https://")
    ),
    "app/outbound/origins.py _AUTHORITY": Use("fullmatch", ("", "[", "a:", "[::1]:"), ("1:", "::", "a.")),
    "app/outbound/origins.py _TARGET": Use("fullmatch", ("", "/"), ("%41", "%4", "%", "/%2e")),
    "app/outbound/origins.py _LABEL": Use("fullmatch", ("", "a"), ("a-", "-")),
    "app/outbound/origins.py _NUMBER_LIKE": Use("fullmatch", ("", "0x"), ("0x", "0")),
    "app/outbound/origins.py _DOT_SEGMENT": Use("fullmatch", ("",), ("%2e", ".", "%2E.")),
    "app/outbound/policy.py _RULE": Use("fullmatch", ("", "[", "a:", "[::1]:"), ("1:", "::", "/1", "*.")),
    "app/providers/_http/answers.py _MENDABLE": Use("search", ("",), ("e-", "single ", "access ", "terms o")),
    "app/providers/_oauth/tokens.py _TOKEN": _WHOLE,
    "app/providers/_oauth/tokens.py _SCOPE": _WHOLE,
    "app/providers/_http/answers.py _ODD_SPACE": _CUT_OUT,
    "app/providers/_oauth/tokens.py read_scopes": Use("split", ("",), (", ", " ,", "a,")),
    "app/providers/_git/names.py _UNFIT": _CUT_OUT,
    "app/providers/_git/names.py _NO_REF": Use("search", ("", "a"), ("/", "..", ".lock", "@{", "/.", ".loc", ".lock/", "@", "-")),
    "app/providers/_git/pages.py _NUMBER": _WHOLE,
    "app/providers/_git/pages.py _PLAIN": _WHOLE,
    "app/providers/_git/pages.py _LINK": Use("findall", ("", "<"), ("<", ">", "<a>", "<a>;", "a>", '<a>; rel="b",')),
    "app/providers/_git/pages.py _RELATION": Use(
        "search", ("", ";", "; rel", ";rel=", ';rel="'), ("; ", ";rel", ";rel=", ';rel="', "; rel ", "rel=", ";\t")
    ),
    "app/providers/_http/waiting.py _SECONDS": _WHOLE,
    "app/providers/_oauth/errors.py _CODE": _CODE_OF_WORDS,
    "app/providers/github/files.py _COMMIT_ID": _COMMIT,
    "app/providers/github/repositories.py _ID": Use("fullmatch", ("", "a/"), ("a/", "a-")),
    "app/providers/github/repositories.py _NEVER_IN_NAMES": _CUT_OUT,
    "app/providers/github/servers.py _VERSION": Use("fullmatch", ("", "3.", "3"), (".1", "1.", "-.")),
    "app/providers/gitlab/calls.py _BLOCKED": Use(
        "search", ("", "your account has been "), ("your account ", "your account is", "terms of ", "your user is ", "_")
    ),
    "app/providers/gitlab/files.py _SIZE": _WHOLE,
    "app/providers/gitlab/files.py _COMMIT": _COMMIT,
    "app/providers/gitlab/projects.py _ID": _WHOLE,
    "app/providers/pagerduty/keys.py _KEY": _WHOLE,
    "app/providers/slack/channels.py _OWN_ID": _WHOLE,
    "app/providers/slack/channels.py _CHANNEL_ID": _WHOLE,
    "app/providers/slack/channels.py _TS": _WHOLE,
    "app/providers/slack/hooks.py _TIMESTAMP": _WHOLE,
    "app/providers/slack/hooks.py _SIGNATURE": Use("fullmatch", ("", "v0="), ("v0=", "0f")),
    "app/providers/slack/mentions.py _USER_GROUP": _WHOLE,
    "app/providers/slack/messages.py _URL": Use("fullmatch", ("", "https://", "https://a/"), ("/", "?", "#", "https://", "a?")),
    "app/repositories/paths.py _UNFIT": _SEARCHED,
    "app/sandbox/access.py _LOOPBACK_HOST": Use("fullmatch", ("", "localhost:", "127.0.0.1:"), ("localhost", ":1")),
    "app/sandbox/consent_page.py REDIRECT_URI": Use("fullmatch", ("", "https://", "https://a/"), ("/", "?", "a:", "[")),
    "app/sandbox/git_world.py _SHA": _COMMIT,
    "app/sandbox/slack_consent.py _split": Use("split", ("",), (", ", " ,", "a,")),
    "app/sealing/keyring.py _ID": _WHOLE,
    "app/settings.py _PLAIN_PATH": Use("fullmatch", ("", "/a"), ("/a", "/-", "/.")),
    "app/sign_ins/callbacks.py _TICKET": _WHOLE,
    "app/sign_ins/completion.py _ERROR_CODE": _CODE_OF_WORDS,
    "app/storage/addresses.py _HALF_ENCODED": Use("search", ("",), ("%41", "%4", "%%")),
    "app/storage/addresses.py _NAME": _WHOLE,
    "app/storage/joined.py _PLACE": Use("sub", ("", "$", "$1"), ("$", "$1", "1")),
    "app/teams/authentication.py _BEARER": Use("fullmatch", ("", "Bearer ", "Bearer a"), ("Bearer ", " a", "a ")),
    "app/teams/email_addresses.py _LOOKS_LIKE_ASCII": Use("split", ("",), ("\u212a", "a\u212a")),
    "app/teams/email_addresses.py _SHAPE": Use("fullmatch", ("", "a@", "@"), ("a@", "@a", "@")),
    "app/teams/routes.py _NEXT": Use("fullmatch", ("", "/authorize", "/authorize/a"), ("/authorize", "/a", "/graphql")),
}
