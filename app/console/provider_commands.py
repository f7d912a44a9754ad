"""The command of each provider where the operator registers something: it prints what to register."""

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import typer

from app import providers
from app.console.output import print_line


def registered_at() -> Iterator[tuple[str, str]]:
    """Yield the key and the name of each provider that has a manifest: its package tells them, before its code is loaded."""
    [folder] = map(Path, providers.__path__)
    for manifest in sorted(folder.glob("*/manifest.py")):
        package = import_module(f"{providers.__name__}.{manifest.parent.name}")
        yield package.KEY, package.NAME


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
