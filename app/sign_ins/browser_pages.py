"""The pages that a member sees in the browser during a sign-in."""

from datetime import datetime

from starlette.responses import HTMLResponse

from app.sign_ins.clients import provider_of
from app.sign_ins.models import Authorization, AuthorizationStatus, OAuthClient
from app.teams.models import Member
from app.web.pages import html, join, page


async def show_consent(row: Authorization) -> HTMLResponse:
    """Say what is about to be connected to which team, by whom, and what is asked for; the form goes on."""
    member = await Member.get(id=row.member_id).select_related("team")
    provider = provider_of(row)
    own = await OAuthClient.get_or_none(id=row.oauth_client_id) if row.oauth_client_id is not None else None
    described = html(
        "<p>You are about to connect an account at <b>{provider}</b> to the team <b>{team}</b>. "
        "Go on only if you began this yourself.</p>"
        "<dl><dt>Provider</dt><dd>{provider} ({address})</dd>"
        "<dt>Team</dt><dd>{team}</dd>"
        "<dt>Signed in as</dt><dd>{member} ({email})</dd>"
        "<dt>Asked for</dt><dd>{scopes}</dd></dl>",
        provider=provider.name,
        address=own.base_url if own is not None else row.origin,
        team=member.team.name,
        member=member.name,
        email=member.email,
        scopes=", ".join(provider.scopes),
    )
    form = html('<form method="post"><p><button>Go on to {provider}</button></p></form>', provider=provider.name)
    return page(f"Connect {provider.name}", join([described, form]), form_origins=[row.origin])


def say_over(message: str) -> HTMLResponse:
    return page("This sign-in is over", html("<p>{message}</p>", message=message), status=410)


def refuse_stranger() -> HTMLResponse:
    """Refuse a browser of someone else: the link may have been sent to get their account into another's team."""
    body = html(
        '<p class="wrong">Only the member who began this sign-in can go on with it. If somebody sent you this link, do not: it '
        "would connect your account to their team. If it is yours, sign in here as that member first.</p>"
    )
    return page("This sign-in is not yours", body, status=403)


def refuse_callback(*, is_stranger: bool) -> HTMLResponse:
    """Refuse a callback, in the same words whatever is wrong with it."""
    body = html(
        '<p class="wrong">Nothing was connected. Either it was left too long, was finished already, or was begun in another '
        "browser. Begin another sign-in where you began this one.</p>"
    )
    return page("This sign-in cannot be finished", body, status=403 if is_stranger else 400)


def tell_again(row: Authorization, *, now: datetime) -> HTMLResponse:
    """Say what is true by now of a sign-in whose last page is opened again."""
    provider = provider_of(row)
    match row.status_at(now):
        case AuthorizationStatus.PENDING:
            message = "This sign-in is being finished. Load this page again in a moment."
            return page("One moment", html("<p>{message}</p>", message=message), status=202)
        case AuthorizationStatus.EXPIRED | AuthorizationStatus.REVOKED as status:
            over = "was not put to use in time" if status is AuthorizationStatus.EXPIRED else "has been ended since"
            body = html(
                "<p>You signed in to <b>{account}</b> at {provider}, and that sign-in {over}. You can close this tab; to connect "
                "it, begin another sign-in.</p>",
                account=row.connected_to,
                provider=provider.name,
                over=over,
            )
            return page("This sign-in is over", body)
        case _:
            return tell_outcome(row)


def tell_outcome(row: Authorization) -> HTMLResponse:
    """Say how the sign-in ended."""
    provider = provider_of(row)
    if row.status in {AuthorizationStatus.COMPLETED, AuthorizationStatus.USED}:
        body = html(
            "<p><b>{account}</b> at {provider} is connected. You can close this tab and go on where you began.</p>",
            account=row.connected_to,
            provider=provider.name,
        )
        return page("Signed in", body)
    message = row.failure_message or "It was ended meanwhile."
    body = html(
        '<p class="wrong">{message}</p>'
        "<p>Nothing was connected. You can close this tab; to try again, begin another sign-in.</p>",
        message=message,
    )
    return page(f"The sign-in at {provider.name} failed", body)
