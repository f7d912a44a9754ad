"""The command of each provider where the operator registers something: it prints what to register."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import typer
from typer.core import TyperGroup

from app.console.output import print_line

if TYPE_CHECKING:
    from typer._click.core import Command, Context  # its own copy of click, which has no other name

    from app.providers.description import Manifest, Provider


class Commands(TyperGroup):
    """The commands here, and one for each provider where the operator registers something, named like the provider."""

    def list_commands(self, ctx: "Context") -> list[str]:
        return [*super().list_commands(ctx), *_registrations()]

    def get_command(self, ctx: "Context", cmd_name: str) -> "Command | None":
        return super().get_command(ctx, cmd_name) or _registrations().get(cmd_name)


def _registrations() -> "Mapping[str, Command]":
    """Return the commands that print what the operator registers at a provider, by the providers' keys."""
    from app.providers.catalogue import CATALOGUE

    return {
        provider.key: _registration(provider, provider.manifest)
        for provider in CATALOGUE.values()
        if provider.manifest is not None
    }


def _registration(provider: "Provider", manifest: "Manifest") -> "Command":
    group = typer.Typer(
        name=provider.key, no_args_is_help=True, add_completion=False, help=f"What {provider.name} has to be told."
    )

    def print_manifest() -> None:
        from app.console.served_at import read_settings_as_served

        print_line(manifest(read_settings_as_served().public_url))

    group.command("manifest", help=f"Print the {provider.name} app manifest to register.")(print_manifest)
    group.callback()(lambda: None)
    return typer.main.get_command(group)
