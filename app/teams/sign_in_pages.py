"""What a browser is shown on its way in."""

from http import HTTPStatus

from starlette.responses import HTMLResponse

from app.pages import Html, html, page
from app.teams.models import Member


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
<p>Ask whoever runs this server, or an admin of your team, for another.</p>"""
    )
    return page("This link does not work", body, status=HTTPStatus.NOT_FOUND)


def token_form(*, refused: bool = False) -> HTMLResponse:
    """Ask for an access token; `refused` when the one given was no good."""
    body = html(
        """{refusal}<p>Paste an access token of yours once, or open a sign-in link.</p>
<form method="post">
<p><label for="token">Access token</label>
<input id="token" name="token" type="password" required autocomplete="off" spellcheck="false"{described}></p>
<p><button>Sign in</button></p>
</form>
<p class="hint">Whoever runs this server makes a link with the command <code>sign-in-link</code>. An admin of your team sends
one along with an invitation.</p>""",
        refusal=_REFUSAL if refused else Html(""),
        described=Html(' aria-describedby="refusal" aria-invalid="true"') if refused else Html(""),
    )
    return page("Sign in", body, status=HTTPStatus.FORBIDDEN if refused else HTTPStatus.OK)


def from_elsewhere(public_url: str) -> HTMLResponse:
    """Refuse a form that did not stand on a page of ours."""
    body = html(
        """<p>This request did not come from a page of this server, so nothing was done.</p>
<p>Open this server at <a href="{address}">{address}</a> and try again there.</p>""",
        address=public_url,
    )
    return page("Not from here", body, status=HTTPStatus.FORBIDDEN)


_REFUSAL = Html(
    '<p class="wrong" id="refusal" role="alert">That token does not sign a browser in. It may be mistyped, expired or revoked, '
    "or have fewer scopes than your role allows: a browser session would be more than it.</p>"
)
