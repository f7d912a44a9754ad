"""Everything of the service that reads what strangers write, and what each of them would find hard to read."""

import io
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_network
from typing import Any

from graphql import GraphQLError
from starlette.requests import HTTPConnection

from app.catalogue.addresses import read_address
from app.errors import BadUserInput, ConfigurationError, Refusal, StatedProblem
from app.graphql.cursors import read_position
from app.graphql.error_messages import is_about_a_value, is_about_size, without_tokens, without_value
from app.graphql.ids import decode_id, decode_key, type_of
from app.graphql.scalars import parse_moment, parse_url as parse_url_scalar
from app.graphql.searches import check_search
from app.graphql.transport.media import Media, choose_media, is_json
from app.graphql.transport.requests import read_operation, read_parameters
from app.installed_apps.client_inputs import check_address, check_certificates, check_client_id, check_secret
from app.integrations.kinds.connect_api.layouts import check_layout
from app.log.origins import origin_of as browser_of
from app.monitors.junit import ReportFile, read_reports
from app.monitors.models import Failure, RunOutcome
from app.monitors.newman import read_report
from app.monitors.reported import ReportedRun, check as check_run
from app.oidc.claims import Expected, read_claims
from app.oidc.compact import take_apart
from app.oidc.discovery import parse_metadata
from app.oidc.keys import parse_keys
from app.outbound import Url, parse_allow, parse_certificates, parse_proxy, parse_url, proxy_for
from app.outbound.messages import Headers, Response, fits_header
from app.providers._git.files import decode_content, make_file
from app.providers._git.names import clean_search, is_path, is_ref
from app.providers._git.pages import next_query, read_position as read_provider_position
from app.providers._http.answers import read_few, shown, web_address
from app.providers._http.waiting import read_reset, read_retry_after
from app.providers._oauth.tokens import read_scopes
from app.providers.contract import SignedRequest
from app.providers.slack.hooks import read_hook
from app.providers.slack.messages import escape
from app.repositories.paths import is_fit, normalise
from app.repositories.references import decode_repository
from app.sealing.secret import Secret
from app.sign_ins.channels import decode_channel
from app.teams.names import check_email, check_name
from app.teams.secrets import is_token
from app.text.characters import describe_unseen, without_unseen
from app.text.json_text import parse_json
from app.web.authorization_responses import read_response
from app.web.client_address import client_address

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
_EXPECTED = Expected(issuer="https://id.example", audience="a", team_claim="team", types=frozenset({"jwt"}))
_PROXY = (ip_network("127.0.0.0/8"),)
_REFUSALS = (BadUserInput, Refusal, GraphQLError, StatedProblem, ConfigurationError)


@dataclass(frozen=True)
class Reader:
    """`begins` stand before what is repeated, `repeats` are shapes of its own; `ends` go behind them.

    `allowed` is how many characters come to it at most.
    """

    read: Callable[[str], object]
    begins: tuple[str, ...] = ("",)
    repeats: tuple[str, ...] = ()
    ends: tuple[str, ...] = ("", "\0")
    allowed: int = 1024 * 1024


def _bytes(read: Callable[[bytes], object]) -> Callable[[str], object]:
    return lambda text: read(text.encode("utf-8", "surrogatepass"))


def _address(text: str) -> object:
    headers = [(b"x-forwarded-for", text.encode("latin-1", "replace"))]
    return client_address(_connection(headers), trusted=_PROXY)


def _browser(text: str) -> object:
    return browser_of(_connection([(b"user-agent", text.encode("latin-1", "replace"))]), trusted=())


def _connection(headers: list[tuple[bytes, bytes]]) -> HTTPConnection:
    return HTTPConnection({"type": "http", "client": ("127.0.0.1", 1), "headers": headers})


def _link(text: str) -> object:
    response = Response(200, Headers([(b"link", text.encode("latin-1", "replace"))]), b"")
    return next_query(response, names=("page",), server="GitLab")


def _hook(text: str) -> object:
    headers = {"x-slack-request-timestamp": text, "x-slack-signature": text}
    return read_hook(SignedRequest(headers=headers, body=text.encode("utf-8", "replace")), signing_secret=Secret("s"), now=NOW)


def _run(text: str) -> object:
    run = ReportedRun(
        monitor_key="k",
        run_id="r",
        outcome=RunOutcome.PASSED,
        started_at=NOW,
        duration_ms=0,
        failures=(Failure(text, text),),
        url=f"https://{text}",
    )
    return check_run(run, now=NOW)


def _key_of(kind: str, members: Mapping[str, str]) -> Callable[[str], object]:
    def read(text: str) -> object:
        return parse_keys(json.dumps({"keys": [{"kid": "a", "kty": kind, **dict.fromkeys(members, text), **members}]}).encode())

    return read


_JSON = ("[],", "{},", "[[", '{"a":', '"\\",', '\\"', '"a":1,', "1,", "1e9,", "-", "\\u0041", "\\ud800", "true,", "9")
_URLS = ("https://", "https://a.", "https://a/", "https://[", "https://a:", "https://xn--")
_HOSTS = ("a.", "é.", "xn--a.", "xn--é", "ß", "\u0661", "\u0301", "א", "א1", "a\u200c", "..", "%2e/", "/.", "1.", "::", "[")
_CERTIFICATE = "-----BEGIN CERTIFICATE-----\n"

READERS: Mapping[str, Reader] = {
    "JSON": Reader(_bytes(parse_json), ("", "[", '"', '{"query":"', "[1."), _JSON, ("", "]", '"')),
    "JSON of a refusal": Reader(_bytes(read_few), ("", "["), _JSON),
    "a request": Reader(_bytes(read_operation), ("", '{"query":"'), _JSON, ("", '"}')),
    "an address's parameters": Reader(
        _bytes(read_parameters), ("", "query=", "variables="), ("&", "a&", "a=%41&", "%", "+", ";", "=")
    ),
    "an authorization response": Reader(_bytes(read_response), ("", "state="), ("&", "a&", "a=%41&", "state[]=&")),
    "a name": Reader(
        check_name, ("", "a"), ("a\u0301\u0316", "\u1112\u1161\u11ab", "\u0344", "👩\u200d", "\ufe0f", "\U0001f3f4\U000e0067")
    ),
    "an e-mail address": Reader(check_email, ("", "a@"), ("a@", "\u0301\u0316", "ß", "\u0130", "a.", "@")),
    "what nobody sees": Reader(
        describe_unseen, ("",), ("👩\u200d", "❤\ufe0f", "\U0001f3f4\U000e0067", "\u0915\u200d", "1\ufe0f\u20e3"), allowed=1_016
    ),
    "what is shown": Reader(without_unseen, ("",), ("👩\u200d", "\u200b", "\U0001f3f4\U000e0067", "a\u200d"), allowed=2_000),
    "what is searched for": Reader(check_search),
    "a base address": Reader(read_address, ("", *_URLS), _HOSTS),
    "a server's address": Reader(lambda text: check_address(text, field=()), ("", *_URLS), _HOSTS),
    "an address": Reader(parse_url, ("", *_URLS), _HOSTS),
    "the scalar URL": Reader(parse_url_scalar, ("", *_URLS), (*_HOSTS, "\u2100", "\uff0e")),
    "the scalar DateTime": Reader(parse_moment, ("", "2026-11-21T10:00:00."), ("0", "2026-", ".0")),
    "a client id": Reader(lambda text: check_client_id(text, field=())),
    "a client secret": Reader(lambda text: check_secret(text, field=())),
    "certificates": Reader(
        lambda text: check_certificates(text, field=()), ("", _CERTIFICATE), (_CERTIFICATE, "-----", "MIIB", "-----END", "=\n")
    ),
    "certificates of the operator": Reader(parse_certificates, ("", _CERTIFICATE), (_CERTIFICATE, "MIIB", "-----BEGIN ")),
    "a branch and paths": Reader(lambda text: check_layout(text, text, f"{text}/a"), ("", "a/"), ("a/", "./", "../", "//")),
    "a path's one spelling": Reader(normalise, ("",), ("a/", "./", "../", "//")),
    "what is fit": Reader(is_fit),
    "an id": Reader(
        lambda text: (decode_id(text, "Team"), decode_key(text, "Team"), type_of(text)), ("", "VGVhbTo"), ("====", "AAAA")
    ),
    "a channel's id": Reader(decode_channel, ("", "Q2hhbm5lbDo"), ("W1tb", "AAAA", "Ojo6")),
    "a repository's id": Reader(decode_repository, ("", "UmVwb3NpdG9yeTo"), ("W1tb", "AAAA")),
    "a cursor": Reader(read_position, ("", "Q3Vyc29yOg"), ("W1tb", "OTk5", "AAAA")),
    "a provider's cursor": Reader(
        lambda text: read_provider_position(text, limit=1, names=("page",), server="x"),
        ("", "page="),
        ("&", "a&", "%41", "page=1&"),
    ),
    "Accept": Reader(
        lambda text: choose_media(text, offered=tuple(Media)), ("", "text/html;"), ("a/b,", ";q=1", "*/*,", ";", ",", "q=")
    ),
    "Content-Type": Reader(is_json, ("", "application/json;"), (";charset=utf-8", ";", "=", ";charset", '"')),
    "X-Forwarded-For": Reader(_address, ("",), ("127.0.0.1,", "127.0.0.1:1, ", "::1,", "[::1]:1,", ",", "1.", "::", "[")),
    "User-Agent": Reader(_browser),
    "a bearer token": Reader(is_token, ("", "ia_")),
    "a JWT": Reader(lambda text: take_apart(Secret(text)), ("", "e30.", "e30.e30."), ("a.", "e30", "==")),
    "a JWT's claims": Reader(
        _bytes(lambda body: read_claims(body, algorithm="RS256", expected=_EXPECTED, now=NOW)),
        ("", '{"aud":["'),
        ('","', '"a":1,', *_JSON),
        ("", '"]}'),
    ),
    "an issuer's metadata": Reader(
        _bytes(lambda body: parse_metadata(body, issuer="https://id.example")), ("", '{"issuer":"'), _JSON, ("", '"}')
    ),
    "an issuer's keys": Reader(
        _bytes(parse_keys), ("", '{"keys":[', '{"keys":[{"kty":"RSA","n":"'), ("{},", *_JSON), ("", "1]}", '"}]}')
    ),
    "an RSA key": Reader(_key_of("RSA", {"e": "AQAB", "n": ""}), ("",), ("AQAB",)),
    "an RSA key's exponent": Reader(_key_of("RSA", {"e": ""}), ("",), ("AQAB",)),
    "an elliptic key": Reader(_key_of("EC", {"crv": "P-256", "x": "", "y": ""}), ("",), ("AQAB",)),
    "Retry-After": Reader(
        lambda text: (read_retry_after({"retry-after": text, "date": text}), read_reset({"a": text, "date": text}, "a")),
        ("", "Sat, ", "Sat, 21 Nov 2026 10:00:00"),
        ("Sat, ", "21 ", "Sat,  "),
    ),
    "Link": Reader(
        _link, ("", "<", "<https://git.example/api/a?"), ("<a>;", "; rel=", '; rel="', "<>", "&a=", '<a>; rel="b",', "%41")
    ),
    "an answer's headers": Reader(lambda text: Headers([(b"a", piece.encode("utf-8", "replace")) for piece in text.split(",")])),
    "a header's value": Reader(fits_header),
    "scopes": Reader(read_scopes, ("",), ("a,", ", ", "a ", " ,")),
    "an account's name": Reader(lambda text: shown(text, otherwise="x"), ("",), ("\u200b", "👩\u200d")),
    "an account's address": Reader(web_address, ("", *_URLS), _HOSTS),
    "a file's path": Reader(is_path, ("", "a/"), ("a/", "../", "/", "./")),
    "a branch's name": Reader(is_ref, ("", "a"), ("/", "..", ".lock", "@{", ".lock/")),
    "a search at a provider": Reader(clean_search, ("",), ("a ", "\0a")),
    "a file's content": Reader(decode_content, ("",), ("YWFh", "YQ==", " a", "\n", "=")),
    "a file": Reader(_bytes(lambda content: make_file(content, path="a", ref="b", commit="c"))),
    "a hook": Reader(_hook, ("", "v0="), ("0f", "v0=")),
    "text in a message": Reader(lambda text: escape(text, limit=90), ("",), ("&", "<", "👩\u200d", "\u200b", "a ")),
    "a run": Reader(_run, ("",), ("a", "\0", "\ud800", "😀", "/", "[")),
    "a Newman report": Reader(
        _bytes(lambda body: read_report(io.BytesIO(body), monitor_key="m")),
        ("", '{"run":{"failures":['),
        ('{"error":{}},', "{},", *_JSON),
        ("", "{}]}}"),
        allowed=256 * 1024,  # what the command line takes at once of a file
    ),
    "a report in JUnit's XML": Reader(
        _bytes(lambda body: read_reports([ReportFile(io.BytesIO(body), datetime.now(UTC))], monitor_key="m")),
        ("", "<testsuite>", "<testsuite name='"),
        ("<testcase><failure/></testcase>", "<testcase name='n'/>", "<a>", "&#65;", "a='1' ", "\n"),
        ("", "</testsuite>", "'/>"),
        allowed=256 * 1024,  # what the command line takes at once of a file
    ),
    "what graphql-core says of a value": Reader(
        lambda text: (is_about_a_value(text), is_about_size(text), without_value(text or "x")),
        ("", "Variable '$v' has invalid value: ", "Variable '$v' has invalid value: Value "),
        (" does not exist in 'a", "Expected value of type 'A", "' "),
    ),
    "what graphql-core says of a document": Reader(
        without_tokens, ("", "Syntax Error: "), ("String '", "Name ", "Syntax Error: Invalid ", "Block String ")
    ),
    "OUTBOUND_ALLOW": Reader(
        parse_allow, ("", "http://", "[::1]:"), ("a,", "10.0.0.0/8,", "*.a,", "[::]:1,", "a.", "é", "http://a,")
    ),
    "OUTBOUND_PROXY": Reader(parse_proxy, ("", "http://", "http://a:"), ("a@", "a:", "%41", "%", "[", "é", ".", "1")),
    "NO_PROXY": Reader(
        lambda text: proxy_for(Url("https", "a.example", 443, "/"), {"HTTPS_PROXY": "proxy:1", "NO_PROXY": text}),
        ("", "*"),
        ("a,", ".", ", ", "10.0.0.0/8,", "[::1],", "a.example."),
    ),
}


def refused_or_read(read: Callable[[str], object]) -> Callable[[str], Any]:
    """Return a reader that refuses in silence."""

    def quietly(text: str) -> None:
        with suppress(*_REFUSALS):
            read(text)

    return quietly
