"""The command line: `python -m app …`, installed as `installed-apps`.

Exit codes: 0; 1 a stated problem; 2 bad usage; 78 configuration. A command imports what it runs: whoever asks for help or for the
version does not wait for the whole service.
"""

import asyncio
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from app.console.heap import collect_seldom
from app.console.key_commands import keys
from app.console.output import print_all, print_line, say_on_stdout, with_services
from app.console.provider_commands import registered_at, registration
from app.console.report_commands import report
from app.console.team_commands import make_sign_in_link, member, team, token
from app.errors import ConfigurationError, DatabaseAway, StatedProblem

_EXIT_STATED = 1
_EXIT_CONFIGURATION = 78


cli = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
events = typer.Typer(no_args_is_help=True, help="The activity log.")
GROUPS = {"team": team, "member": member, "token": token, "report": report, "events": events, "keys": keys}
for name, group in GROUPS.items():
    cli.add_typer(group, name=name)
cli.command("sign-in-link")(make_sign_in_link)

for key, provider_name in registered_at():
    cli.add_typer(registration(key, provider_name), name=key)

MOMENTS = ["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M:%S.%f%z"]
Host = Annotated[str, typer.Option(help="The address to listen on.")]
Port = Annotated[int, typer.Option(help="The port to listen on.", min=1, max=65_535)]
SandboxPort = Annotated[
    int | None,
    typer.Option(help="The sandbox's port; INSTALLED_APPS_SANDBOX_PORT, or 8010, when left out.", min=1, max=65_535),
]


def _tell_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        print_line(f"installed-apps {version('installed-apps')}")
        raise typer.Exit


@cli.callback()
def run(
    context: typer.Context,
    *,
    tells_version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_tell_version, help="Print the version.")
    ] = False,
) -> None:
    """Run the service and look after it."""
    del tells_version
    if context.obj is not None:
        context.obj()


def _known_providers(keys: list[str] | None) -> list[str] | None:
    from app.providers.catalogue import CATALOGUE

    for key in keys or ():
        if key not in CATALOGUE:
            raise typer.BadParameter(f"there is no provider {key!r}; there are: {', '.join(CATALOGUE)}")
    return keys


def main() -> None:
    """Run the command line; a problem is a line on standard error and an exit code, not a traceback."""
    collect_seldom()
    try:
        cli(obj=_begin)
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
    from app.console import serving

    how = serving.Serving(
        host=host, port=port, workers=workers, sandbox=sandbox, sandbox_port=sandbox_port, background=background
    )
    serving.serve(how, say=say_on_stdout)


@cli.command("server-process", hidden=True)
def server_process(how: Annotated[str, typer.Argument(help="How to serve, as JSON.")]) -> None:
    """Serve as one of several processes: `serve --workers N` starts them so."""
    from app.console import serving

    serving.serve_beside(serving.Serving.model_validate_json(how))


@cli.command()
def start(*, host: Host = "127.0.0.1", port: Port = 8000, sandbox_port: SandboxPort = None) -> None:
    """Do what scripts/serve does: serve, with the sandbox where no provider's credentials are set; greet the very first start."""
    from app.console import quickstart

    quickstart.start(host=host, port=port, sandbox_port=sandbox_port, say=say_on_stdout)


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
    from app.console import working

    working.work(host=host, port=port, sandbox=sandbox, sandbox_port=sandbox_port, say=say_on_stdout)


@cli.command()
def migrate() -> None:
    """Bring the database to this version."""
    from app.console import serving
    from app.settings import read_settings

    asyncio.run(serving.migrate_aloud(read_settings(), say=say_on_stdout))


@cli.command()
def backup(
    file: Annotated[Path, typer.Argument(help="The file to make; nothing may be there.")],
) -> None:
    """Copy the embedded database while others serve from it; the keyring is not in it."""
    from app.console import backup as backups
    from app.settings import read_settings

    print_line(backups.back_up(read_settings(), file))


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
    from app.console import exporting

    with_services(lambda _: exporting.export(team=team, after=after, since=since, say=say_on_stdout))


@cli.command()
def sandbox(
    *,
    port: Port = 8010,
    events_url: Annotated[str | None, typer.Option(help="Where signed events are sent.")] = None,
) -> None:
    """Serve the sandbox alone."""
    from app.console import sandboxes

    sandboxes.run_sandbox(port=port, events_url=events_url, say=say_on_stdout)


@cli.command()
def check(
    *,
    provider: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY",
            help="Which provider is meant, by its key; may be repeated. All that the operator sets up when left out.",
            callback=_known_providers,
        ),
    ] = None,
) -> None:
    """Read the configuration, reach what it names, and say what is wrong and how to mend it; exit 1 if anything is."""
    from app.console import checking
    from app.console.served_at import read_settings_as_served

    findings = asyncio.run(checking.check(read_settings_as_served(), providers=provider or None))
    print_all(map(str, findings))
    if any(finding.state is checking.State.PROBLEM for finding in findings):
        raise typer.Exit(_EXIT_STATED)


@cli.command()
def schema() -> None:
    """Print the GraphQL schema."""
    from app.service.schema import build_schema

    print_line(build_schema().as_str())


def _begin() -> None:
    """Log errors alone, as standard output is for what a command prints, and say which settings are none."""
    import logging

    from app.settings import unknown_settings
    from app.telemetry.logs import configure_logs

    configure_logs(None, level=logging.ERROR)  # serving says more
    for line in unknown_settings():
        sys.stderr.write(f"{line}\n")


def _end(message: str, code: int) -> None:
    sys.stderr.write(f"{message}\n")
    sys.exit(code)


if __name__ == "__main__":
    main()
