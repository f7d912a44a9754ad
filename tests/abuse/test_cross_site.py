"""What another site's page can make a signed-in browser send: refused, and nothing is changed."""

import json
from pathlib import Path
from urllib.parse import quote

from tests.abuse.inside import told_of_the_inside
from tests.abuse.service import FRIEND, Answer, Header, rows, serving
from tests.services import PUBLIC_URL

ADD = 'mutation { addTeamMember(input: { name: "Eve", email: "eve@example.com", role: ADMIN }) { member { id } } }'
READ = "{ viewer { member { email } } }"
CHANGE = json.dumps({"query": ADD}).encode()
JSON: Header = (b"content-type", b"application/json")


def by(origin: str, *more: Header) -> list[Header]:
    return [(b"host", b"127.0.0.1:8000"), (b"origin", origin.encode()), *more]


def typed(content_type: str) -> Header:
    return (b"content-type", content_type.encode())


EVIL = "https://evil.example"
SITE: Header = (b"sec-fetch-site", b"cross-site")
SUBDOMAIN: Header = (b"sec-fetch-site", b"same-site")

POSTS: dict[str, list[Header]] = {
    "JSON of another site": by(EVIL, JSON),
    "JSON of a null origin": by("null", JSON),
    "JSON of a null origin, by the browser's own words": by("null", JSON, SITE),
    "JSON of another port of the same host": by("http://127.0.0.1:8001", JSON),
    "JSON of the same host by https": by("https://127.0.0.1:8000", JSON),
    "JSON of another name of this host": by("http://localhost:8000", JSON),
    "JSON of a name that begins alike": by("http://127.0.0.1:8000.evil.example", JSON),
    "JSON of the origin with a path": by("http://127.0.0.1:8000/", JSON),
    "JSON of an allowed origin, with the session": by(FRIEND, JSON),
    "JSON of two origins": by(f"{PUBLIC_URL} {EVIL}", JSON),
    "JSON of an empty origin": by("", JSON),
    "JSON without an origin, of another site": [JSON, SITE],
    "JSON without an origin, of a sister site": [JSON, SUBDOMAIN],
    "text": by(EVIL, typed("text/plain")),
    "text that speaks of JSON": by(EVIL, typed("text/plain; application/json")),
    "a form": by(EVIL, typed("application/x-www-form-urlencoded")),
    "a form of parts": by(EVIL, typed("multipart/form-data; boundary=x")),
    "no type": by(EVIL),
    "an empty type": by(EVIL, typed("")),
    "two types": by(EVIL, typed("text/plain"), JSON),
    "two types in one": by(EVIL, typed("text/plain, application/json")),
    "JSON of another charset": by(EVIL, typed("application/json; charset=utf-7")),
    "no type, no origin": [],
    "text, no origin": [typed("text/plain")],
    "events for another site": by(EVIL, JSON, (b"accept", b"text/event-stream")),
}
GETS: dict[str, list[Header]] = {
    "a link": [(b"sec-fetch-mode", b"navigate"), SITE],
    "an image": [(b"sec-fetch-mode", b"no-cors"), SITE],
    "a script": by(EVIL, (b"sec-fetch-mode", b"cors"), SITE),
    "an event source": by(EVIL, (b"sec-fetch-mode", b"cors"), SITE, (b"accept", b"text/event-stream")),
    "an event source of an allowed origin": by(FRIEND, (b"sec-fetch-mode", b"cors"), SITE, (b"accept", b"text/event-stream")),
    "an event source of our own": by(PUBLIC_URL, (b"accept", b"text/event-stream")),
    "nothing said": [],
    "one's own words": by(PUBLIC_URL),
}
FORMS: dict[str, list[Header]] = {
    "another site": by(EVIL),
    "a null origin": by("null"),
    "a null origin of another site": by("null", SITE),
    "another port": by("http://127.0.0.1:8001"),
    "an allowed origin": by(FRIEND),
    "another site, without an origin": [SITE],
    "a sister site, without an origin": [SUBDOMAIN],
}


def is_refused(answer: Answer) -> bool:
    """Whether nothing was done and nothing of the team was told."""
    refusals = (b'"code":"UNAUTHENTICATED"', b"Mutations go by POST.")
    return "ada@example.com" not in answer.text and (answer.status >= 400 or any(message in answer.body for message in refusals))


async def test_another_sites_page_changes_and_reads_nothing(database_url: str, tmp_path: Path) -> None:
    async with serving(database_url, tmp_path) as service:
        cookie, link, before = service.cookie, await service.link(), await rows()
        token = f"token={service.token.reveal()}".encode()
        answers = {
            f"POST {name}": await service.ask("POST", "/graphql", headers=[*headers, cookie], body=CHANGE)
            for name, headers in POSTS.items()
        }
        for name, headers in GETS.items():
            for document in (READ, ADD):
                path = f"/graphql?query={quote(document)}"
                answers[f"GET {name}: {document[:8]}"] = await service.ask("GET", path, headers=[*headers, cookie])
        for name, headers in FORMS.items():
            for path, body in (("/sign-out", b""), ("/sign-in", token), (link, b""), ("/authorize/" + "a" * 43, b"")):
                answers[f"form of {name}: {path[:9]}"] = await service.ask("POST", path, headers=[*headers, cookie], body=body)
        for name in (
            EVIL,
            "null",
            "http://127.0.0.1:8001",
            "https://127.0.0.1:8000",
            "http://127.0.0.1:8000.evil.example",
            "file://",
        ):
            answers[f"socket of {name}"] = await service.ask("GET", "/graphql", headers=[*by(name), cookie], kind="websocket")
        after = await rows()

    assert len(POSTS) + len(GETS) + len(FORMS) >= 20
    assert [name for name, answer in answers.items() if not is_refused(answer)] == []
    assert [name for name, answer in answers.items() if 500 <= answer.status < 600 or told_of_the_inside(answer.text)] == []
    assert [name for name, answer in answers.items() if b"set-cookie" in dict(answer.headers)] == []
    assert after == before


async def test_the_same_from_our_own_page_is_done(database_url: str, tmp_path: Path) -> None:
    async with serving(database_url, tmp_path) as service:
        changed = await service.ask("POST", "/graphql", headers=[*by(PUBLIC_URL, JSON), service.cookie], body=CHANGE)
        signed_out = await service.ask("POST", "/sign-out", headers=[*by(PUBLIC_URL), service.cookie])

    assert b'"member":{"id":' in changed.body
    assert signed_out.status == 303
