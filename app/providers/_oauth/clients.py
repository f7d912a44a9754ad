"""The client that the operator has set, read by the names that its settings have."""

from pydantic import SecretStr

from app.providers.contract import Client, NotConfigured
from app.providers.description import OperatorSettings
from app.sealing.secret import Secret
from app.settings import PREFIX, Settings


def read_client(settings: Settings, names: OperatorSettings) -> Client | NotConfigured:
    """Return the operator's client at its provider; NotConfigured with the full names of what is missing."""
    client_id, secret = getattr(settings, names.client_id), read_secret(getattr(settings, names.client_secret))
    if not client_id or secret is None:
        missing = {names.client_id: client_id, names.client_secret: secret is not None}
        return NotConfigured(tuple(f"{PREFIX}{name.upper()}" for name, value in missing.items() if not value))
    return Client(id=client_id, secret=secret, base_url=getattr(settings, names.url), origin=settings.origin_of(names.url))


def read_secret(setting: SecretStr | None) -> Secret | None:
    """Return what is set; a name that is set to nothing counts as not set."""
    return Secret(setting.get_secret_value()) if setting is not None and setting.get_secret_value() else None
