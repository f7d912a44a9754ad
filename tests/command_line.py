"""The command line as people meet it: the name of each command."""

from collections.abc import Iterator

import typer
from typer.core import TyperGroup

from app.__main__ import cli


def command_names() -> set[str]:
    """Return the name of each command, behind its group's: `keys list`. Without those that are for the service itself."""
    group = typer.main.get_command(cli)
    assert isinstance(group, TyperGroup)
    return set(_names(group))


def _names(group: TyperGroup, *, above: tuple[str, ...] = ()) -> Iterator[str]:
    context = typer.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, TyperGroup):
            yield from _names(command, above=(*above, name))
        elif not command.hidden:
            yield " ".join((*above, name))
