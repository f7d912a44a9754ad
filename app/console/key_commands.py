"""The commands for the keyring's keys."""

import asyncio
from typing import Annotated

import typer

from app.console.output import print_all, print_line, with_services

keys = typer.Typer(no_args_is_help=True, help="The keyring's life.")

KeyId = Annotated[str, typer.Argument(metavar="ID", help="The key's id, as `keys list` shows it.")]


@keys.command("list")
def list_keys() -> None:
    """List the keys: id, use, how many data keys need it, whether the keyring has it, which live processes lack it."""
    from app.console import keys as keyring_life

    print_all(with_services(lambda services: keyring_life.list_keys(services=services)))


@keys.command("add")
def add_key(
    *,
    instead_of: Annotated[
        str | None,
        typer.Option(help="The id of a primary whose keyring file was lost before anything was sealed: its place is taken."),
    ] = None,
) -> None:
    """Add a key to the keyring, or make the first beside a database server that holds no sealed value; prints the key's id."""
    from app.console import keys as keyring_life
    from app.settings import read_settings

    print_line(asyncio.run(keyring_life.add(read_settings(), instead_of=instead_of)))


@keys.command("promote")
def promote_key(key_id: KeyId) -> None:
    """Let a key wrap data keys from now on; refused until every live process has reported it."""
    from app.console import keys as keyring_life

    print_line(with_services(lambda services: keyring_life.promote(key_id, services=services)))


@keys.command("rewrap")
def rewrap_keys() -> None:
    """Wrap every data key anew under the primary; can be stopped and begun again at any moment."""
    from app.console import keys as keyring_life

    print_line(with_services(lambda services: keyring_life.rewrap(services=services, say=print_line)))


@keys.command("retire")
def retire_key(key_id: KeyId) -> None:
    """Say that nothing needs a key any more; refused while something does."""
    from app.console import keys as keyring_life

    print_line(with_services(lambda services: keyring_life.retire(key_id, services=services)))


@keys.command("verify")
def verify_keys() -> None:
    """Open every data key and every sealed value; exit 1 when one does not open."""
    from app.console import keys as keyring_life

    print_all(with_services(lambda services: keyring_life.verify(services=services)))
