"""Shared secrets: what a provider can do which gave a secret, such as an address or a key, that an admin pastes for the team."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import orjson

from app.providers.contract import Identity
from app.sealing.secret import Secret

Fields = Mapping[str, Secret]


@dataclass(frozen=True)
class SecretField:
    """A part of the secret: `name` is for programs, `label` and `description` are for whoever pastes it."""

    name: str
    label: str
    description: str
    is_required: bool = True


@dataclass(frozen=True)
class Pasted:
    """A secret that can be one: whose it is, and the one origin that it may be sent to.

    `identity` is shown and kept unsealed, so nothing in it may give the secret away. Its `account_id` stays the same when the
    secret is replaced.
    """

    identity: Identity
    origin: str


@dataclass(frozen=True)
class OddField:
    """What was pasted cannot be a secret: `message` says why to a person, and repeats nothing of it."""

    name: str
    message: str


class ReadSecret(Protocol):
    """Read what was pasted: each required field is there, no field is unknown, and none is blank."""

    def __call__(self, fields: Fields, /) -> Pasted | OddField: ...


@dataclass(frozen=True)
class SharedSecret:
    fields: tuple[SecretField, ...]
    read: ReadSecret


def join_fields(fields: Fields) -> Secret:
    """Return the fields as the one text that is sealed, and that calls are handed as their `access`."""
    return Secret(orjson.dumps({name: value.reveal() for name, value in fields.items()}).decode())


def split_fields(access: Secret) -> Fields:
    """Return what `join_fields` was given."""
    return {name: Secret(value) for name, value in orjson.loads(access.reveal()).items()}
