"""The address at which the service of a DATA_DIR is reached, as its last start had it.

A command that runs beside the service may not have its PUBLIC_URL or its `--port`. The links that it prints have to lead to that
service all the same: at another address there may be a stranger, whose log would then hold the link.
"""

import os
from contextlib import suppress
from pathlib import Path

from pydantic import ValidationError

from app.settings import LOOPBACK_HOSTS, Settings, read_settings

_FILE = "served-at"
_LONGEST = 2048
_OWNER_ONLY = 0o600


def own_address(*, host: str, port: int) -> str:
    """Return the address of a service that listens there, for this machine's browsers."""
    shown = host if host in LOOPBACK_HOSTS - {"localhost"} else "127.0.0.1"
    return f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}"


def note(settings: Settings) -> None:
    """Keep where the service is reached now, for commands that are not told; nothing where there is no DATA_DIR."""
    file = settings.data_dir / _FILE
    fresh = file.with_name(f"{_FILE}.new")
    with suppress(OSError):
        with open(fresh, "w", encoding="utf-8", opener=_open_private) as text:
            text.write(settings.public_url)
        fresh.replace(file)


def read_settings_as_served() -> Settings:
    """Read the settings; where they say nothing of PUBLIC_URL, it is the address of the last start."""
    settings = read_settings()
    if "public_url" in settings.model_fields_set:
        return settings
    noted = _read(settings.data_dir / _FILE)
    return settings.model_copy(update={"public_url": noted}) if noted is not None else settings


def _read(file: Path) -> str | None:
    try:
        with file.open(encoding="utf-8") as text:
            return Settings(public_url=text.read(_LONGEST)).public_url
    except (OSError, UnicodeDecodeError, ValidationError):
        return None


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags, _OWNER_ONLY)
