"""The programs in python_programs/: clients that cannot live beside the service's packages, in an environment of their own."""

from pathlib import Path

from tests.peers.processes import peers_folder

PROGRAMS = Path(__file__).parent / "python_programs"


def is_installed() -> bool:
    """Whether the environment is there, with the packages of requirements.txt."""
    installed_from = _environment() / "installed-from"
    return installed_from.exists() and installed_from.read_bytes() == (PROGRAMS / "requirements.txt").read_bytes()


def interpreter() -> Path:
    return _environment() / "bin" / "python"


def _environment() -> Path:
    return peers_folder() / "python"
