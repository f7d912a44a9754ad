"""A command of the service that can be killed in its midst: forked from a process that has imported the service already.

(Through the command line nearly all kills would find it importing.)
"""

import os
import sys
from collections.abc import Mapping
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path

PATIENCE_SECONDS = 60.0


class Command:
    """A command that runs. `printed` is where its output goes."""

    def __init__(self, arguments: tuple[str, ...], *, environment: Mapping[str, str], printed: Path) -> None:
        context = get_context("forkserver")
        context.set_forkserver_preload([__name__, "app.__main__"])
        self._printed = printed
        self._process: BaseProcess = context.Process(target=run, args=(arguments, dict(environment), str(printed)))
        self._process.start()

    def wait(self, seconds: float = PATIENCE_SECONDS) -> bool:
        """Whether it has ended within so many seconds."""
        self._process.join(seconds)
        return self._process.exitcode is not None

    def kill(self) -> None:
        self._process.kill()
        self._process.join()

    @property
    def has_succeeded(self) -> bool:
        return self._process.exitcode == 0

    @property
    def printed(self) -> str:
        return self._printed.read_text() if self._printed.exists() else ""


def run(arguments: tuple[str, ...], environment: Mapping[str, str], printed: str) -> None:
    """Be the command."""
    from app.__main__ import main  # noqa: PLC0415 - whoever starts it need not import the service

    output = os.open(printed, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.environ.update(environment)
    sys.argv = ["installed-apps", *arguments]
    main()
