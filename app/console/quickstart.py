"""The first start: it makes everything that is missing, and a link that signs a browser in."""

from functools import partial
from urllib.parse import urlsplit

from app.console import serving
from app.console.operators import begun, names_of, stood_in_for
from app.console.output import Say
from app.console.serving import Serving
from app.providers.description import Provider
from app.services import Services
from app.settings import LOOPBACK_HOSTS, Settings, read_settings
from app.teams import console as teams
from app.teams.models import Team

TEAM = "My team"
ADMIN = "Admin"
ADMIN_EMAIL = "admin@example.com"
_ELSEWHERE = (
    "To try it in a container or a remote editor, leave both out and forward the ports 8000 and 8010 (docs/trying.md). "
    "Otherwise make a team with `team create`, and links with `sign-in-link`."
)
_PORTS = {"http": 80, "https": 443}
_ANOTHER = f'Another sign-in link:  .venv/bin/python -m app sign-in-link --team "{TEAM}" --email {ADMIN_EMAIL}'


def start(*, host: str, port: int, sandbox_port: int | None, say: Say) -> None:
    """Serve, with the sandbox where no provider's credentials are set and only this machine can reach the service.

    On the very first start of an embedded database on a loopback address there is also a team with one Team Admin, and a link.
    """
    settings = read_settings()
    set_up = begun(settings)
    sandbox = not set_up and settings.is_loopback and host in LOOPBACK_HOSTS
    say(_describe(settings, host=host, set_up=set_up))
    how = Serving(host=host, port=port, sandbox=sandbox, sandbox_port=sandbox_port)
    serving.serve(how, say=say, prepared=partial(_greet, port=port) if host in LOOPBACK_HOSTS else None)


def _describe(settings: Settings, *, host: str, set_up: list[Provider]) -> str:
    if set_up:
        return f"{names_of(set_up)} credentials are set: serving without the sandbox."
    if host not in LOOPBACK_HOSTS:
        return f"Serving without the sandbox: it is for this machine alone, and --host {host} lets others in. {_ELSEWHERE}"
    if not settings.is_loopback:
        return (
            f"Serving without the sandbox: it is for this machine alone, and INSTALLED_APPS_PUBLIC_URL is {settings.public_url}. "
            f"{_ELSEWHERE}"
        )
    names = names_of(stood_in_for())
    return f"No {names} credentials are set: serving with the sandbox, which stands in for {names}."


async def _greet(settings: Settings, services: Services, say: Say, *, port: int) -> None:
    if serving.database_file(settings) is None:
        return
    is_first = not await Team.exists()
    if is_first:
        await teams.create_team(name=TEAM, admin_name=ADMIN, admin_email=ADMIN_EMAIL, services=services)
    if _leads_elsewhere(settings, port=port):
        say(
            f"INSTALLED_APPS_PUBLIC_URL is {settings.public_url}, and this listens on port {port}: no sign-in link is printed "
            "for what may be another server."
        )
    elif is_first:
        link = await teams.make_sign_in_link(team=TEAM, email=ADMIN_EMAIL, services=services)
        say(f"Made the team “{TEAM}”. Sign in, once, within ten minutes:  {link.reveal()}")
    say(_ANOTHER)


def _leads_elsewhere(settings: Settings, *, port: int) -> bool:
    """Whether PUBLIC_URL is an address of this machine at another port: a proxy of the operator's, or somebody else."""
    parts = urlsplit(settings.public_url)
    return settings.is_loopback and (parts.port or _PORTS[parts.scheme]) != port
