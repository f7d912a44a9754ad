"""What is read where nobody serves: Newman's and JUnit's reports, settings, and tokens of an issuer."""

import io
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from app.errors import ConfigurationError, StatedProblem
from app.monitors.junit import ReportFile, read_reports
from app.monitors.newman import read_report
from app.oidc.claims import Expected, read_claims
from app.oidc.compact import LONGEST, take_apart
from app.oidc.discovery import parse_metadata
from app.oidc.keys import parse_keys
from app.outbound import Headers, Response, parse_allow, parse_certificates
from app.providers._git.pages import next_query
from app.providers._oauth.tokens import read_scopes
from app.sealing.secret import Secret
from app.settings import Settings
from tests.abuse.law.inputs import Reading, fill

_LARGEST_REPORT = 1024 * 1024
_LARGEST_SETTING = 64 * 1024
_LARGEST_ANSWER = 1024 * 1024
_LARGEST_HEADER = 64 * 1024
_STATS = '"stats": {"requests": {"total": 1}, "assertions": {"total": 1, "failed": 1}}, "timings": {"started": 1, "completed": 2}'
_REPORT = f'{{"run": {{{_STATS}, "failures": ['
_ENDS = "]}}"


def _newman(part: str, *, before: str = _REPORT, after: str = _ENDS) -> Callable[[int], object]:
    return lambda size: fill(part, size, before=before, after=after).encode("utf-8", "surrogatepass")


def _read_newman(report: object) -> object:
    assert isinstance(report, bytes)
    try:
        return read_report(io.BytesIO(report), monitor_key="key")
    except StatedProblem as problem:
        return problem


def _read_junit(report: object) -> object:
    body = str(report).encode("utf-8", "surrogatepass")
    try:
        return read_reports([ReportFile(io.BytesIO(body), _NOW)], monitor_key="key")
    except StatedProblem as problem:
        return problem


def _set(name: str, part: str, *, before: str = "", after: str = "") -> Callable[[int], object]:
    return lambda size: {name: fill(part, size, before=before, after=after)}


def _read_settings(values: object) -> object:
    assert isinstance(values, dict)
    try:
        return Settings(**values)
    except ValueError as problem:
        return str(problem)


def _read_allow(values: object) -> object:
    assert isinstance(values, dict)
    try:
        return parse_allow(values["outbound_allow"])
    except ConfigurationError as problem:
        return problem


def _text(part: str, *, before: str = "", after: str = "") -> Callable[[int], object]:
    return lambda size: fill(part, size, before=before, after=after)


def _read_link(text: object) -> object:
    response = Response(200, Headers([(b"link", str(text).encode())]), b"")
    return next_query(response, names={"page"}, server="GitHub")


def _read_scopes(text: object) -> object:
    return read_scopes(str(text))


def _take_apart(text: object) -> object:
    return take_apart(Secret(str(text)))


_NOW = datetime(2026, 1, 1, tzinfo=UTC)
_EXPECTED = Expected(issuer="https://issuer.example", audience="us", team_claim="team", types=frozenset({None}))


def _read_claims(text: object) -> object:
    return read_claims(str(text).encode("utf-8", "surrogatepass"), algorithm="RS256", expected=_EXPECTED, now=_NOW)


def _read_keys(text: object) -> object:
    return parse_keys(str(text).encode("utf-8", "surrogatepass"))


def _read_metadata(text: object) -> object:
    return parse_metadata(str(text).encode("utf-8", "surrogatepass"), issuer="https://issuer.example")


def _read_certificates(text: object) -> object:
    return parse_certificates(str(text))


_FAILURE = (
    '{"error": {"name": "AssertionError", "message": "m", "test": "t"}, "at": "assertion:0 in test-script",'
    ' "source": {"name": "s"}}'
)
_KEY = json.dumps({"kty": "RSA", "n": "AQAB", "e": "AQAB", "kid": "k"})


def _rows(way: str, largest: int, read: Callable[[object], object], shapes: dict[str, Callable[[int], object]]) -> list[Reading]:
    return [Reading(way, name, largest, make, read) for name, make in shapes.items()]


READINGS: Sequence[Reading] = [
    *_rows(
        "Newman files",
        _LARGEST_REPORT,
        _read_newman,
        {
            "failures": _newman(_FAILURE + ",", after=_FAILURE + _ENDS),
            "failures that are none": _newman("{},", after="{}" + _ENDS),
            "failures that are numbers": _newman("1,", after="1" + _ENDS),
            "a failure with a huge message": _newman("m", before=_REPORT + '{"error": {"message": "', after='"}}' + _ENDS),
            "a failure with a message of marks": _newman(
                "\u0301", before=_REPORT + '{"error": {"message": "a', after='"}}' + _ENDS
            ),
            "a failure with a message of zeros": _newman(
                "\\u0000", before=_REPORT + '{"error": {"message": "', after='"}}' + _ENDS
            ),
            "a failure with a huge name": _newman("n", before=_REPORT + '{"error": {"name": "', after='"}}' + _ENDS),
            "a failure of half pairs": _newman("\\ud83d", before=_REPORT + '{"error": {"message": "', after='"}}' + _ENDS),
            "opening brackets": _newman("[", before="", after=""),
            "objects in one another": _newman('{"a":', before="", after=""),
            "lists in the depth that is allowed": _newman("[" * 150 + "]" * 150 + ",", before='{"a": [', after="1]}"),
            "empty lists": _newman("[],", before='{"a": [', after="1]}"),
            "a text that does not end": _newman('\\"', before='"', after=""),
            "one number": _newman("9", before="", after=""),
            "one name again and again": _newman('"run": 1,', before="{", after='"run": 1}'),
            "spaces": _newman(" ", before="", after="{}"),
            "executions that nobody looks at": _newman('{"a": [1, 2, "b"]},', before='{"run": {"executions": [', after="1]}}"),
        },
    ),
    *_rows(
        "JUnit files",
        _LARGEST_REPORT,
        _read_junit,
        {
            "cases that failed": _text(
                "<testcase name='n'><failure message='m'/></testcase>", before="<testsuite>", after="</testsuite>"
            ),
            "a failure of lines": _text(
                "m\n", before="<testsuite><testcase><failure>", after="</failure></testcase></testsuite>"
            ),
            "results of one case": _text("<failure/>", before="<testsuite><testcase>", after="</testcase></testsuite>"),
            "a huge attribute": _text("n", before="<testsuite name='", after="'/>"),
            "references to characters": _text("&#65;", before="<testsuite name='", after="'/>"),
            "elements in one another": _text("<testsuite>"),
            "what nobody looks at": _text("<a b='c'/>", before="<testsuite>", after="</testsuite>"),
            "a comment that does not end": _text("-", before="<testsuite><!--"),
            "an opening bracket again and again": _text("<", before="<testsuite>"),
        },
    ),
    *_rows(
        "settings",
        _LARGEST_SETTING,
        _read_settings,
        {
            "origins": _set("allowed_origins", "https://a.example,"),
            "origins of slashes": _set("allowed_origins", "/", before="https://a"),
            "origins of brackets": _set("allowed_origins", "[", before="https://"),
            "an origin of dots": _set("allowed_origins", ".", before="https://a"),
            "commas for origins": _set("allowed_origins", ","),
            "spaces for origins": _set("allowed_origins", " ", after="a"),
            "proxies": _set("trusted_proxies", "10.0.0.1,"),
            "proxies of digits": _set("trusted_proxies", "1", before="10.0.0.0/"),
            "proxies of colons": _set("trusted_proxies", ":"),
            "proxies of dots": _set("trusted_proxies", "1."),
            "a database's address of slashes": _set("database_url", "/", before="postgres:"),
            "a database's address of at signs": _set("database_url", "@", before="postgres://"),
            "a public address of dots": _set("public_url", "a.", before="https://", after="b"),
            "a public address of slashes": _set("public_url", "/", before="https://a"),
            "a public address of at signs": _set("public_url", "a@", before="https://"),
            "an issuer of percent signs": _set("oidc_issuer", "%", before="https://a/"),
            "a collector of question marks": _set("traces_url", "?", before="http://a/"),
            "a limit of digits": _set("rate_limit_per_minute", "9"),
        },
    ),
    *_rows(
        "settings",
        _LARGEST_SETTING,
        _read_allow,
        {
            "allowed servers": _set("outbound_allow", "git.corp.example:8443,"),
            "allowed networks": _set("outbound_allow", "10.20.0.0/16,", after="10.0.0.0/8"),
            "allowed servers with brackets": _set("outbound_allow", "[", after=":1"),
            "an allowed server of labels": _set("outbound_allow", "a.", before="*.", after="b"),
            "an allowed server of stars": _set("outbound_allow", "*."),
            "an allowed server of no ASCII": _set("outbound_allow", "\u00e4", after=".b"),
            "an allowed address of colons": _set("outbound_allow", ":", before="[", after="]:443"),
        },
    ),
    *_rows(
        "provider answers",
        _LARGEST_HEADER,
        _read_link,
        {
            "links": _text('<https://a.b/c>; rel="a", '),
            "links that begin": _text("<"),
            "links that never end": _text("<a"),
            "parameters of a link": _text(";", before="<https://a.b/c>"),
            "spaces in a link": _text(" ", before="<https://a.b/c>;", after='rel="a"'),
            "relations of a link": _text(";rel=", before="<https://a.b/c>"),
            "names of a relation": _text("a ", before='<https://a.b/c>; rel="', after='"'),
            "the next page's parameters": _text("&page=1", before="<https://a.b/c?page=1", after='>; rel="next"'),
        },
    ),
    *_rows(
        "provider answers",
        _LARGEST_HEADER,
        _read_scopes,
        {
            "scopes": _text("chat:write,"),
            "scopes that are spaces": _text(" ", after="a"),
            "scopes that are commas": _text(",", before="a", after="b"),
            "one scope": _text("a"),
        },
    ),
    *_rows(
        "provider answers",
        LONGEST,
        _take_apart,
        {
            "a JWT's header": _text("A", after=".AAAA.AAAA"),
            "a JWT's dots": _text("A."),
            "a JWT's padding": _text("=", before="AAAA.AAAA.AAAA"),
            "a JWT's brackets": _text("W1tb", after=".AAAA.AAAA"),
        },
    ),
    *_rows(
        "provider answers",
        8 * 1024,
        _read_claims,
        {
            "a JWT's audiences": _text('"a",', before='{"aud": [', after='"b"]}'),
            "a JWT's members": _text("[],", before='{"iss": [', after="1]}"),
        },
    ),
    *_rows(
        "provider answers",
        _LARGEST_ANSWER,
        _read_keys,
        {
            "an issuer's keys": _text(_KEY + ",", before='{"keys": [', after=_KEY + "]}"),
            "an issuer's keys that are none": _text("{},", before='{"keys": [', after="{}]}"),
            "an issuer's key of letters": _text(
                "A", before='{"keys": [{"kty": "RSA", "kid": "k", "e": "AQAB", "n": "', after='"}]}'
            ),
        },
    ),
    *_rows(
        "provider answers",
        _LARGEST_ANSWER,
        _read_metadata,
        {
            "an issuer's methods": _text('"a",', before='{"token_endpoint_auth_methods_supported": [', after='"b"]}'),
            "an issuer's address": _text("a.", before='{"issuer": "https://issuer.example", "jwks_uri": "https://', after='"}'),
        },
    ),
    *_rows(
        "settings",
        _LARGEST_SETTING,
        _read_certificates,
        {
            "certificates that begin": _text("-----BEGIN CERTIFICATE-----\n"),
            "certificates of letters": _text("A", before="-----BEGIN CERTIFICATE-----\n", after="\n-----END CERTIFICATE-----\n"),
            "certificates of line breaks": _text("\n", before="-----BEGIN CERTIFICATE-----"),
        },
    ),
]
