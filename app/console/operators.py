"""The providers that the operator sets up: each has a client of theirs."""

from app.providers.catalogue import CATALOGUE
from app.providers.description import OperatorSettings, Provider
from app.sandbox.registrations import REGISTRATIONS
from app.settings import Settings

OFFERED = tuple((provider, provider.operator) for provider in CATALOGUE.values() if provider.operator is not None)


def names_of(providers: list[Provider]) -> str:
    return " and ".join(provider.name for provider in providers)


def stood_in_for() -> list[Provider]:
    """Return those at whose stand-in the sandbox has a client registered."""
    return [provider for provider, _ in OFFERED if provider.key in REGISTRATIONS]


def begun(settings: Settings) -> list[Provider]:
    """Return those of whose client a part is set: then the rest of it was forgotten, or is set as well."""
    return [provider for provider, operator in OFFERED if _is_begun(settings, operator)]


def _is_begun(settings: Settings, operator: OperatorSettings) -> bool:
    return any(getattr(settings, name) is not None for name in (operator.client_id, operator.client_secret))
