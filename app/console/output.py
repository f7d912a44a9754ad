"""The output of commands, and the services that they run over."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from app.services import Services

T = TypeVar("T")

Say = Callable[[str], None]


def with_services(do: "Callable[[Services], Awaitable[T]]") -> T:
    """Return what `do` returns, run over the services with the settings that the server has."""
    from app.console.served_at import read_settings_as_served
    from app.service.opening import open_services

    async def run() -> T:
        async with open_services(read_settings_as_served()) as services:
            return await do(services)

    return asyncio.run(run())


def say_on_stdout(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def print_line(line: str) -> None:
    """Print a line; whoever reads no further ends nothing."""
    with suppress(BrokenPipeError):
        say_on_stdout(line)


def print_all(lines: Iterable[str]) -> None:
    """Print each line."""
    for line in lines:
        print_line(line)
