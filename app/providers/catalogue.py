"""The catalogue: every provider that the service can connect to, a folder each."""

from collections.abc import Mapping, Sequence

from app.providers.description import Provider
from app.providers.github import provider as github
from app.providers.gitlab import provider as gitlab
from app.providers.pagerduty import provider as pagerduty
from app.providers.slack import provider as slack
from app.providers.webhook import provider as webhook


def catalogue_of(providers: Sequence[Provider]) -> Mapping[str, Provider]:
    """Return the providers by key, in alphabetical order of their names. Raises ValueError when a key is taken twice."""
    by_key = {provider.key: provider for provider in sorted(providers, key=lambda provider: provider.name)}
    if len(by_key) != len(providers):
        raise ValueError("Two providers have the same key.")
    return by_key


CATALOGUE = catalogue_of([github.PROVIDER, gitlab.PROVIDER, pagerduty.PROVIDER, slack.PROVIDER, webhook.PROVIDER])
