"""The catalogue: every provider that the service can connect to, one file each."""

from collections.abc import Mapping, Sequence

from app.providers import github, gitlab, slack
from app.providers.description import Provider


def catalogue_of(providers: Sequence[Provider]) -> Mapping[str, Provider]:
    """Return the providers by key, in alphabetical order of their names. Raises ValueError when a key is taken twice."""
    by_key = {provider.key: provider for provider in sorted(providers, key=lambda provider: provider.name)}
    if len(by_key) != len(providers):
        raise ValueError("Two providers have the same key.")
    return by_key


CATALOGUE = catalogue_of([github.PROVIDER, gitlab.PROVIDER, slack.PROVIDER])
