"""What a person meets first: everything made that is missing, and a link that signs their browser in."""

from app.console import serving
from app.console.serving import Say, Serving
from app.ground import Ground
from app.settings import LOOPBACK_HOSTS, Settings, read_settings
from app.teams import console as teams
from app.teams.models import Team

TEAM = "My team"
ADMIN = "Admin"
ADMIN_EMAIL = "admin@example.com"
_ANOTHER = f'Another sign-in link:  .venv/bin/python -m app sign-in-link --team "{TEAM}" --email {ADMIN_EMAIL}'


def start(*, host: str, port: int, say: Say) -> None:
    """Serve, with the sandbox where no Slack credentials are set and only this machine can reach the service.

    On the very first start of an embedded database on a loopback address there is also a team with one Team Admin, and a link.
    """
    settings = read_settings()
    has_slack = settings.slack_client_id is not None or settings.slack_client_secret is not None
    sandbox = not has_slack and settings.is_loopback and host in LOOPBACK_HOSTS
    say(
        "No Slack credentials are set: serving with the sandbox, which stands in for Slack."
        if sandbox
        else "Serving without the sandbox."
    )
    serve = Serving(host=host, port=port, sandbox=sandbox)
    serving.serve(serve, say=say, prepared=_greet if host in LOOPBACK_HOSTS else None)


async def _greet(settings: Settings, ground: Ground, say: Say) -> None:
    if serving.database_file(settings) is None:
        return
    if not await Team.exists():
        await teams.create_team(name=TEAM, admin_name=ADMIN, admin_email=ADMIN_EMAIL, ground=ground)
        link = await teams.make_sign_in_link(team=TEAM, email=ADMIN_EMAIL, ground=ground)
        say(f"Made the team “{TEAM}”. Sign in, once, within ten minutes:  {link.reveal()}")
    say(_ANOTHER)
