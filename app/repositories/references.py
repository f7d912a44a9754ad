"""Which repository, in all the world."""

import json
from dataclasses import dataclass

from app.graphql.ids import decode_key, encode_key
from app.providers.catalogue import CATALOGUE
from app.text.json_text import parse_json

_TYPE = "Repository"


@dataclass(frozen=True)
class RepositoryRef:
    """`base_url` is the server's address as its installed app has it; `repository_id` the provider's own id."""

    provider: str
    base_url: str
    repository_id: str

    @property
    def id(self) -> str:
        """Return its id in the API, which says the same."""
        return encode_key(_TYPE, json.dumps([self.provider, self.base_url, self.repository_id]))


def decode_repository(id: str) -> RepositoryRef | None:
    """Return which repository an id of the API names; None for what is no repository's, or not spelled as we spell it."""
    text = decode_key(id, _TYPE)
    match parse_json((text or "").encode()):
        case [str(provider), str(base_url), str(repository_id)] if provider in CATALOGUE and base_url and repository_id:
            ref = RepositoryRef(provider, base_url, repository_id)
            return ref if ref.id == id else None
        case _:
            return None
