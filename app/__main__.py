"""The command line: `python -m app …`, installed as `installed-apps`.

Exit codes: 0; 1 a stated problem; 2 bad usage; 78 configuration.
"""

import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, TypeVar
from uuid import UUID

import typer

from app.access.callers import Role, Scope
from app.console import (
    backup as backups,
    checking,
    exporting,
    keys as keyring_life,
    quickstart as first_start,
    reporting,
    sandboxes,
    serving,
    working,
)
from app.console.served_at import read_settings_as_served
from app.console.serving import Serving, say_on_stdout
from app.errors import ConfigurationError, DatabaseAway, StatedProblem
from app.providers.catalogue import CATALOGUE
from app.providers.description import Manifest, Provider
from app.service.opening import open_services
from app.service.schema import build_schema
from app.services import Services
from app.settings import read_settings, unknown_settings
from app.teams import console as teams
from app.telemetry.logs import configure_logs

T = TypeVar("T")

_EXIT_STATED = 1
_EXIT_CONFIGURATION = 78

cli = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
team = typer.Typer(no_args_is_help=True, help="Teams.")
member = typer.Typer(no_args_is_help=True, help="A team's members.")
token = typer.Typer(no_args_is_help=True, help="Access tokens.")
report = typer.Typer(no_args_is_help=True, help="Reporting runs through the API.")
events = typer.Typer(no_args_is_help=True, help="The activity log.")
keys = typer.Typer(no_args_is_help=True, help="The keyring's life.")
GROUPS = {"team": team, "member": member, "token": token, "report": report, "events": events, "keys": keys}
for name, group in GROUPS.items():
    cli.add_typer(group, name=name)

MOMENTS = ["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M:%S.%f%z"]
Host = Annotated[str, typer.Option(help="The address to listen on.")]
Port = Annotated[int, typer.Option(help="The port to listen on.", min=1, max=65_535)]
SandboxPort = Annotated[
    int | None,
    typer.Option(help="The sandbox's port; INSTALLED_APPS_SANDBOX_PORT, or 8010, when left out.", min=1, max=65_535),
]
TeamName = Annotated[str, typer.Option("--team", help="The team's name.")]
Email = Annotated[str, typer.Option(help="The member's e-mail address.")]
KeyId = Annotated[str, typer.Argument(metavar="ID", help="The key's id, as `keys list` shows it.")]
RoleOption = Annotated[Role, typer.Option(help="ADMIN, MEMBER or VIEWER.")]


def _tell_version(asked: bool) -> None:
    if asked:
        _print(f"installed-apps {version('installed-apps')}")
        raise typer.Exit


@cli.callback()
def run(
    *,
    tells_version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_tell_version, help="Print the version.")
    ] = False,
) -> None:
    """Run the service and look after it."""
    del tells_version


def _known_providers(keys: list[str] | None) -> list[str] | None:
    for key in keys or ():
        if key not in CATALOGUE:
            raise typer.BadParameter(f"there is no provider {key!r}; there are: {', '.join(CATALOGUE)}")
    return keys


def main() -> None:
    """Run the command line; a problem is a line on standard error and an exit code, not a traceback."""
    configure_logs(None, level=logging.ERROR)  # standard output is for what a command prints; serving says more
    for line in unknown_settings():
        sys.stderr.write(f"{line}\n")
    try:
        cli()
    except (StatedProblem, DatabaseAway) as problem:
        _end(problem.message, _EXIT_STATED)
    except ConfigurationError as error:
        _end(error.message, _EXIT_CONFIGURATION)


@cli.command()
def serve(
    *,
    host: Host = "127.0.0.1",
    port: Port = 8000,
    workers: Annotated[int, typer.Option(help="How many processes serve.", min=1)] = 1,
    sandbox: Annotated[bool, typer.Option("--sandbox", help="Start the sandbox too and point the providers at it.")] = False,
    sandbox_port: SandboxPort = None,
    background: Annotated[bool, typer.Option(help="Also deliver, refresh, revoke and check.")] = True,
) -> None:
    """Migrate the database and serve."""
    how = Serving(host=host, port=port, workers=workers, sandbox=sandbox, sandbox_port=sandbox_port, background=background)
    serving.serve(how, say=say_on_stdout)


@cli.command("server-process", hidden=True)
def server_process(how: Annotated[str, typer.Argument(help="How to serve, as JSON.")]) -> None:
    """Serve as one of several processes: `serve --workers N` starts them so."""
    serving.serve_beside(Serving.model_validate_json(how))


@cli.command()
def start(*, host: Host = "127.0.0.1", port: Port = 8000, sandbox_port: SandboxPort = None) -> None:
    """Do what scripts/serve does: serve, with the sandbox where no provider's credentials are set; greet the very first start."""
    first_start.start(host=host, port=port, sandbox_port=sandbox_port, say=say_on_stdout)


@cli.command()
def worker(
    *,
    host: Host = "127.0.0.1",
    port: Annotated[
        int | None, typer.Option(help="Answer /healthz, /readyz and /metrics on this port.", min=1, max=65_535)
    ] = None,
    sandbox: Annotated[bool, typer.Option("--sandbox", help="Work with the sandbox that `serve --sandbox` has started.")] = False,
    sandbox_port: SandboxPort = None,
) -> None:
    """Do the background work only: deliveries, refreshes, revocations, checks."""
    working.work(host=host, port=port, sandbox=sandbox, sandbox_port=sandbox_port, say=say_on_stdout)


@cli.command()
def migrate() -> None:
    """Bring the database to this version."""
    asyncio.run(serving.migrate_aloud(read_settings(), say=say_on_stdout))


@cli.command()
def backup(
    file: Annotated[Path, typer.Argument(help="The file to make; nothing may be there.")],
) -> None:
    """Copy the embedded database while others serve from it; the keyring is not in it."""
    _print(backups.back_up(read_settings(), file))


@team.command("create")
def create_team(
    name: Annotated[str, typer.Argument(help="The team's name; unique.")],
    *,
    admin_name: Annotated[str, typer.Option(help="Its first Team Admin's name.")],
    admin_email: Annotated[str, typer.Option(help="Its first Team Admin's e-mail address.")],
) -> None:
    """Make a team with one Team Admin; prints its id."""
    _print(
        _with_services(
            lambda services: teams.create_team(name=name, admin_name=admin_name, admin_email=admin_email, services=services)
        )
    )


@team.command("list")
def list_teams() -> None:
    """List the teams: id, name."""
    _print_all(_with_services(lambda _: teams.list_teams()))


@member.command("add")
def add_member(
    *,
    team: TeamName,
    name: Annotated[str, typer.Option(help="The member's name.")],
    email: Email,
    role: RoleOption,
) -> None:
    """Add a member to a team; prints their id."""
    _print(_with_services(lambda services: teams.add_member(team=team, name=name, email=email, role=role, services=services)))


@member.command("list")
def list_members(*, team: TeamName) -> None:
    """List a team's members: id, role, e-mail address, name."""
    _print_all(_with_services(lambda _: teams.list_members(team=team)))


@member.command("role")
def change_role(*, team: TeamName, email: Email, role: RoleOption) -> None:
    """Give a member another role; prints their id."""
    _print(_with_services(lambda services: teams.change_role(team=team, email=email, role=role, services=services)))


@member.command("remove")
def remove_member(*, team: TeamName, email: Email) -> None:
    """Let a member leave: tokens, sessions and own authorizations end, what used those stops; prints their id."""
    _print(_with_services(lambda services: teams.remove_member(team=team, email=email, services=services)))


@token.command("list")
def list_tokens(
    *, team: TeamName, email: Annotated[str | None, typer.Option(help="One member's alone, by their e-mail address.")] = None
) -> None:
    """List the tokens in force: id, last four characters, owner, scopes, end, last use, name."""
    _print_all(_with_services(lambda services: teams.list_tokens(team=team, email=email, services=services)))


@token.command("revoke")
def revoke_token(
    token_id: Annotated[UUID, typer.Argument(metavar="ID", help="The token's id, as `token list` shows it.")], *, team: TeamName
) -> None:
    """Revoke a token at once, with the browser sessions that it opened; prints its id."""
    _print(_with_services(lambda services: teams.revoke_token(token_id, team=team, services=services)))


@token.command("create")
def create_token(
    *,
    team: TeamName,
    email: Email,
    scope: Annotated[
        list[Scope] | None, typer.Option(help="What it may do; every scope that the role allows when left out.")
    ] = None,
    days: Annotated[int | None, typer.Option(help="How many days it lives.")] = None,
    name: Annotated[str, typer.Option(help="What the lists of tokens call it.")] = teams.TOKEN_NAME,
) -> None:
    """Make an access token for a member; prints the token alone."""
    made = _with_services(
        lambda services: teams.create_token(team=team, email=email, scopes=scope or (), days=days, name=name, services=services)
    )
    _print(made.reveal())


@cli.command("sign-in-link")
def make_sign_in_link(*, team: TeamName, email: Email) -> None:
    """Print a link that signs a browser in once, within ten minutes."""
    _print(_with_services(lambda services: teams.make_sign_in_link(team=team, email=email, services=services)).reveal())


@report.command("newman")
def report_newman(
    file: Annotated[
        Path, typer.Argument(help="The report that `newman run … -r json` or `postman collection run … -r json` wrote.")
    ],
    *,
    monitor: Annotated[str, typer.Option(help="The monitor's key.")],
    name: Annotated[str | None, typer.Option(help="The monitor's name.")] = None,
    run_id: Annotated[str | None, typer.Option(help="The run's own id; the file's SHA-256 when left out.")] = None,
    url: Annotated[
        str | None, typer.Option(help="A link for people: where they can read about this run. The service is INSTALLED_APPS_URL.")
    ] = None,
) -> None:
    """Record a run of Newman or the Postman CLI through the API (INSTALLED_APPS_URL, INSTALLED_APPS_TOKEN).

    Prints its id and exits with 0 when it is recorded; a warning on standard error says why nothing is posted, if nothing is.
    """
    reported = asyncio.run(
        reporting.report_newman(file, monitor_key=monitor, monitor_name=name, run_id=run_id, url=url, warn=_warn)
    )
    _print(reported.run_id)
    if reported.notice is not None:
        _warn(reported.notice)


@events.command("export")
def export_events(
    *,
    team: Annotated[str | None, typer.Option(help="One team's log alone.")] = None,
    after: Annotated[str | None, typer.Option(help="Only what is behind this cursor: the last line's, to go on.")] = None,
    since: Annotated[
        datetime | None, typer.Option(formats=MOMENTS, metavar="MOMENT", help="Only from then on: 2026-11-21T10:00:00Z.")
    ] = None,
) -> None:
    """Print the activity log with all that it holds, one event a line as JSON, oldest first."""
    _with_services(lambda _: exporting.export(team=team, after=after, since=since, say=say_on_stdout))


@keys.command("list")
def list_keys() -> None:
    """List the keys: id, use, how many data keys need it, whether the keyring has it, which live processes lack it."""
    _print_all(_with_services(lambda services: keyring_life.list_keys(services=services)))


@keys.command("add")
def add_key(
    *,
    instead_of: Annotated[
        str | None,
        typer.Option(help="The id of a primary whose keyring file was lost before anything was sealed: its place is taken."),
    ] = None,
) -> None:
    """Add a key to the keyring, or make the first beside a database server that holds no sealed value; prints the key's id."""
    _print(asyncio.run(keyring_life.add(read_settings(), instead_of=instead_of)))


@keys.command("promote")
def promote_key(key_id: KeyId) -> None:
    """Let a key wrap data keys from now on; refused until every live process has reported it."""
    _print(_with_services(lambda services: keyring_life.promote(key_id, services=services)))


@keys.command("rewrap")
def rewrap_keys() -> None:
    """Wrap every data key anew under the primary; can be stopped and begun again at any moment."""
    _print(_with_services(lambda services: keyring_life.rewrap(services=services, say=_print)))


@keys.command("retire")
def retire_key(key_id: KeyId) -> None:
    """Say that nothing needs a key any more; refused while something does."""
    _print(_with_services(lambda services: keyring_life.retire(key_id, services=services)))


@keys.command("verify")
def verify_keys() -> None:
    """Open every data key and every sealed value; exit 1 when one does not open."""
    _print_all(_with_services(lambda services: keyring_life.verify(services=services)))


@cli.command()
def sandbox(
    *,
    port: Port = 8010,
    events_url: Annotated[str | None, typer.Option(help="Where Slack's signed events are sent.")] = None,
) -> None:
    """Serve the sandbox alone."""
    sandboxes.run_sandbox(port=port, events_url=events_url, say=say_on_stdout)


def _add_registration(provider: Provider, manifest: Manifest) -> None:
    """Add the command that prints what the operator registers at a provider."""
    group = typer.Typer(no_args_is_help=True, help=f"What {provider.name} has to be told.")

    def print_manifest() -> None:
        _print(manifest(read_settings_as_served().public_url))

    group.command("manifest", help=f"Print the {provider.name} app manifest to register.")(print_manifest)
    cli.add_typer(group, name=provider.key)


for registered in CATALOGUE.values():
    if registered.manifest is not None:
        _add_registration(registered, registered.manifest)


@cli.command()
def check(
    *,
    provider: Annotated[
        list[str] | None,
        typer.Option(
            help=f"Which providers are meant: {', '.join(CATALOGUE)}. All that the operator sets up when left out.",
            callback=_known_providers,
        ),
    ] = None,
) -> None:
    """Read the configuration, reach what it names, and say what is wrong and how to mend it; exit 1 if anything is."""
    findings = asyncio.run(checking.check(read_settings_as_served(), providers=provider or None))
    for is_well, line in findings:
        _print(_finding(line, is_well=is_well))
    if not all(is_well for is_well, _ in findings):
        raise typer.Exit(_EXIT_STATED)


def _finding(line: str, *, is_well: bool) -> str:
    warning = line.removeprefix("Warning: ")
    return f"{'PROBLEM' if not is_well else 'ok     ' if warning == line else 'WARNING'}  {warning}"


@cli.command()
def schema() -> None:
    """Print the GraphQL schema."""
    _print(build_schema().as_str())


def _with_services(do: Callable[[Services], Awaitable[T]]) -> T:
    async def run() -> T:
        async with open_services(read_settings_as_served()) as services:
            return await do(services)

    return asyncio.run(run())


def _print(line: str) -> None:
    with suppress(BrokenPipeError):
        say_on_stdout(line)


def _print_all(lines: Iterable[str]) -> None:
    for line in lines:
        _print(line)


def _warn(line: str) -> None:
    sys.stderr.write(f"Warning: {line}\n")


def _end(message: str, code: int) -> None:
    sys.stderr.write(f"{message}\n")
    sys.exit(code)


if __name__ == "__main__":
    main()
