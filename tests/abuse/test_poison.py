"""What a request says of where it was sent: no address that the service hands out is made of it."""

import json
import re
from pathlib import Path

from tests.abuse.inside import told_of_the_inside
from tests.abuse.service import Answer, Header, Service, serving
from tests.services import PUBLIC_URL

POISON = "poison.example"
HOST: Header = (b"host", b"127.0.0.1:8000")
OWN: Header = (b"origin", PUBLIC_URL.encode())


def said(*pairs: tuple[str, str], host: bool = True) -> list[Header]:
    return [*([HOST] if host else []), *((name.lower().encode(), value.encode()) for name, value in pairs)]


POISONS: dict[str, list[Header]] = {
    **{
        f"Host: {value}": said(("Host", value), host=False)
        for value in (
            POISON,
            f"{POISON}:80",
            f"{POISON}:6666",
            f"127.0.0.1:8000@{POISON}",
            f"127.0.0.1:8000.{POISON}",
            f"127.0.0.1:8000, {POISON}",
            f"{POISON}/127.0.0.1:8000",
            f"{POISON}#127.0.0.1",
            f"[::1]{POISON}",
            f'"><script src=//{POISON}>',
        )
    },
    "no Host": said(host=False),
    "an empty Host": said(("Host", ""), host=False),
    "two Hosts": said(("Host", POISON)),
    "two Hosts, turned round": [*said(("Host", POISON), host=False), HOST],
    **{
        f"{name}: {value}": said((name, value))
        for name, value in (
            ("X-Forwarded-Host", POISON),
            ("X-Forwarded-Host", f"127.0.0.1:8000, {POISON}"),
            ("X-Forwarded-Server", POISON),
            ("X-Forwarded-Proto", f"https://{POISON}"),
            ("X-Forwarded-Scheme", POISON),
            ("X-Forwarded-Port", "6666"),
            ("X-Forwarded-Prefix", f"//{POISON}"),
            ("X-Forwarded-Path", f"//{POISON}"),
            ("X-Forwarded-For", POISON),
            ("Forwarded", f"host={POISON};proto=https"),
            ("Forwarded", f'for=192.0.2.1;host="{POISON}:6666"'),
            ("Forwarded", f"host=127.0.0.1, host={POISON}"),
            ("X-Host", POISON),
            ("X-Original-Host", POISON),
            ("X-HTTP-Host-Override", POISON),
            ("X-Original-URL", f"//{POISON}/"),
            ("X-Rewrite-URL", f"//{POISON}/"),
            ("X-Script-Name", f"//{POISON}"),
            ("Referer", f"https://{POISON}/"),
            ("Via", POISON),
            ("X-Real-IP", POISON),
            ("True-Client-IP", POISON),
        )
    },
    "all at once": said(
        ("X-Forwarded-Host", POISON),
        ("X-Forwarded-Proto", "https"),
        ("X-Forwarded-Port", "6666"),
        ("Forwarded", f"host={POISON}"),
    ),
}

BEGIN = """
mutation { beginAuthorization(input: { purpose: { provider: "slack" } }) { authorization { startUrl } userErrors { message } } }
"""
ADDRESSES = "{ providers { key callbackUrl } }"


async def visit(service: Service, poison: list[Header]) -> dict[str, Answer]:
    """Go everywhere where an address is made or handed out, in the order of a sign-in."""
    cookie = await service.sign_in()
    signed_in, sending = [*poison, cookie], [*poison, cookie, OWN]
    bearer = (b"authorization", f"Bearer {service.token.reveal()}".encode())
    form, link = f"token={service.token.reveal()}".encode(), await service.link()

    async def ask(document: str) -> Answer:
        headers = [*poison, bearer, (b"content-type", b"application/json")]
        return await service.ask("POST", "/graphql", headers=headers, body=json.dumps({"query": document}).encode())

    answers = {
        "home": await service.ask("GET", "/", headers=poison),
        "GraphiQL": await service.ask("GET", "/graphql", headers=[*signed_in, (b"accept", b"text/html")]),
        "fields": await ask(ADDRESSES),
        "begin": await ask(BEGIN),
        "the form": await service.ask("GET", "/sign-in", headers=poison),
        "the form, sent": await service.ask("POST", f"/sign-in?next=//{POISON}/", headers=[*poison, OWN], body=form),
        "the form, sent wrongly": await service.ask("POST", "/sign-in", headers=[*poison, OWN], body=b"token=no"),
        "a link": await service.ask("GET", link, headers=poison),
        "a link, used": await service.ask("POST", link, headers=[*poison, OWN]),
        "no link": await service.ask("GET", "/sign-in/" + "a" * 43, headers=poison),
        "another site's form": await service.ask(
            "POST", "/sign-out", headers=[*signed_in, (b"origin", b"https://other.example")]
        ),
        "nowhere": await service.ask("GET", "/nowhere/", headers=poison),
        "a callback": await service.ask("GET", "/callback/slack?error=access_denied&state=" + "a" * 43, headers=signed_in),
        "a hook": await service.ask("POST", "/hooks/slack", headers=poison),
        "readiness": await service.ask("GET", "/readyz", headers=poison),
    }
    started = json.loads(answers["begin"].body)["data"]["beginAuthorization"]["authorization"]["startUrl"]
    ticket = started.removeprefix(PUBLIC_URL)
    return answers | {
        "a sign-in, by nobody": await service.ask("GET", ticket, headers=poison),
        "a sign-in": await service.ask("GET", ticket, headers=signed_in),
        "a sign-in, gone on": await service.ask("POST", ticket, headers=sending),
    }


async def test_no_address_is_made_of_what_a_request_says(database_url: str, tmp_path: Path) -> None:
    async with serving(database_url, tmp_path, rate_limit_per_minute=0, team_rate_limit_per_minute=0) as service:
        seen = {name: await visit(service, poison) for name, poison in POISONS.items()}
        signed_out = await service.ask("POST", "/sign-out", headers=[*POISONS["all at once"], await service.sign_in(), OWN])

    assert len(POISONS) >= 30
    everything = {(name, place): answer for name, answers in seen.items() for place, answer in answers.items()}
    assert [where for where, answer in everything.items() if POISON in answer.text or ":6666" in answer.text] == []
    assert [where for where, answer in everything.items() if answer.status >= 500 or told_of_the_inside(answer.text)] == []
    for answers in seen.values():
        assert set(re.findall(r'"callbackUrl":"([^"]+)"', answers["fields"].text)) == {f"{PUBLIC_URL}/callback/slack"}
        assert '<base href="/" />' in answers["home"].text
        assert answers["the form, sent"].header("location") == f"{PUBLIC_URL}/"
        assert answers["a link, used"].header("location") == f"{PUBLIC_URL}/"
        assert answers["a sign-in, by nobody"].header("location").startswith(f"{PUBLIC_URL}/sign-in?next=/authorize/")
        assert answers["a sign-in"].status == 200
        assert answers["a sign-in, gone on"].header("location").startswith("https://slack.com/oauth/v2/authorize?")
        assert "redirect_uri=http%3A%2F%2F127.0.0.1%3A8000%2Fcallback%2Fslack" in answers["a sign-in, gone on"].header("location")
    assert signed_out.header("location") == f"{PUBLIC_URL}/sign-in"
