"""The command of each provider where the operator registers something: it prints what to register."""

import typer

from app.console.output import print_line

REGISTERED_AT = {"slack": "Slack"}
"""The providers that have a manifest, by key: told here too, as help would else wait for the code of all. A test compares."""


def registration(key: str, name: str) -> typer.Typer:
    """Return the commands about what the operator registers at this provider."""
    group = typer.Typer(no_args_is_help=True, help=f"What {name} has to be told.")

    def print_manifest() -> None:
        from app.console.served_at import read_settings_as_served
        from app.providers.catalogue import CATALOGUE

        manifest = CATALOGUE[key].manifest
        if manifest is not None:
            print_line(manifest(read_settings_as_served().public_url))

    group.command("manifest", help=f"Print the {name} app manifest to register.")(print_manifest)
    group.callback()(lambda: None)
    return group
