"""The pages on the way to a signed-in browser."""

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import quote
from uuid import UUID

from starlette.responses import HTMLResponse

from app.teams.models import Member
from app.web.pages import Html, html, join, page


@dataclass(frozen=True)
class Offer:
    """The offer to sign in at the OIDC issuer too. `next_path` is one of our own."""

    host: str
    next_path: str


def confirm(member: Member) -> HTMLResponse:
    """Say who would be signed in to which team (`member.team` has to be there); only the button does it."""
    body = html(
        """<p>This browser will be signed in as:</p>
<dl><dt>Member</dt><dd>{name} ({email})</dd><dt>Team</dt><dd>{team}</dd></dl>
<form method="post"><p><button>Sign in</button></p></form>
<p class="hint">If that is not you, close this page: nothing has happened yet.</p>""",
        name=member.name,
        email=member.email,
        team=member.team.name,
    )
    return page("Sign in", body)


def no_link() -> HTMLResponse:
    """The same for a link that is unknown, used or too old."""
    body = html(
        """<p>It may have been used, or be too old: each works once, for a short time.</p>
<p>Any admin of your team can make another, in GraphiQL's tab <b>SignInLink</b> (<code>createSignInLink</code>); so can whoever
runs this server, with the command <code>sign-in-link --team TEAM --email YOURS</code>. An access token of your own
<a href="../sign-in">signs you in</a> too.</p>"""
    )
    return page("This link does not work", body, status=HTTPStatus.NOT_FOUND)


def token_form(*, refused: bool = False, retry_after: int | None = None, offer: Offer | None = None) -> HTMLResponse:
    """Ask for an access token; `refused` when the one given was no good. `offer`: or for a sign-in at the issuer.

    `retry_after`: after how many seconds, where too many were no good.
    """
    status = HTTPStatus.FORBIDDEN if refused else HTTPStatus.OK
    if retry_after is not None:
        wait = (("Retry-After", str(retry_after)),)
        message = "<p>Too many tokens from your address were no good, the last one too. Try again in {seconds} seconds.</p>"
        return page("Sign in", html(message, seconds=str(retry_after)), status=HTTPStatus.TOO_MANY_REQUESTS, headers=wait)
    body = html(
        """{refusal}{offered}<p>Paste an access token of yours once, or open a sign-in link.</p>
<form method="post">
<p><label for="token">Access token</label>
<input id="token" name="token" type="password" required autocomplete="off" spellcheck="false"{described}></p>
<p><button>Sign in</button></p>
</form>
<p class="hint">Any admin of your team makes a link for you, on the page <b>Members</b>, and sends one along with an invitation.
Whoever runs this server makes one with the command <code>sign-in-link</code>.</p>""",
        refusal=_REFUSAL if refused else Html(""),
        offered=_offered(offer) if offer is not None else Html(""),
        described=Html(' aria-describedby="refusal" aria-invalid="true"') if refused else Html(""),
    )
    return page("Sign in", body, status=status)


def off_to_issuer(url: str, host: str) -> HTMLResponse:
    """Send a browser on to the issuer.

    Not by a redirect: browsers hold a page's policy on forms against every redirect that follows, and issuers have their own.
    """
    body = html('<p><a href="{url}">Go on to {host}</a>, if nothing happens by itself.</p>', url=url, host=host)
    return page("Sign in", body, headers=(("Refresh", f"0; url={url}"),))


def issuer_away(host: str) -> HTMLResponse:
    body = html("<p>{host} does not let anybody sign in at the moment. Try again in a minute.</p>", host=host)
    return page("Not now", body, status=HTTPStatus.SERVICE_UNAVAILABLE)


def too_many_sign_ins(seconds: int) -> HTMLResponse:
    body = html("<p>Too many sign-ins were begun from your address. Try again in {seconds} seconds.</p>", seconds=seconds)
    return page("Not now", body, status=HTTPStatus.TOO_MANY_REQUESTS, headers=(("Retry-After", str(seconds)),))


def which_team(sign_in_id: UUID, members: Sequence[Member]) -> HTMLResponse:
    """Ask which of their teams somebody means (`member.team` has to be there); only the button signs in to it."""
    choices = [
        html(
            '<p><button name="team" value="{id}">{team}</button> as {name} ({role})</p>',
            team=member.team.name,
            name=member.name,
            role=member.role.value,
            id=member.team_id,
        )
        for member in members
    ]
    body = html(
        """<p>{email} is a member of several teams. Choose the one to sign in to:</p>
<form method="post" action="team"><input type="hidden" name="sign_in" value="{id}">
{choices}</form>
<p class="hint">A team that you do not know may have added your address: you need not sign in to it.</p>""",
        email=members[0].email,
        id=sign_in_id,
        choices=join(choices),
    )
    return page("Which team?", body)


def not_signed_in(message: str) -> HTMLResponse:
    """Say why a sign-in at the issuer came to nothing."""
    body = html(
        """<p class="wrong">{message}</p><p>Nobody was signed in. <a href="../../sign-in">Try again</a>, or ask whoever runs this
server.</p>""",
        message=message,
    )
    return page("You are not signed in", body, status=HTTPStatus.FORBIDDEN)


def from_elsewhere(public_url: str) -> HTMLResponse:
    """Refuse a form that did not stand on a page of ours."""
    body = html(
        """<p>This request did not come from a page of this server, so nothing was done.</p>
<p>Open this server at <a href="{address}">{address}</a> and try again there.</p>""",
        address=public_url,
    )
    return page("Not from here", body, status=HTTPStatus.FORBIDDEN)


def _offered(offer: Offer) -> Html:
    return html(
        """<form method="post" action="sign-in/oidc?next={next}"><p><button>Sign in with {host}</button></p></form>
""",
        next=quote(offer.next_path, safe="/"),
        host=offer.host,
    )


_REFUSAL = Html(
    '<p class="wrong" id="refusal" role="alert">That token does not sign a browser in. It may be mistyped, expired or revoked, '
    "or have fewer scopes than your role allows: a browser session would be more than it.</p>"
)
