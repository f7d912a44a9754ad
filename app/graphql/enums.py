"""An enum of the service becomes one of the schema, every member described, without knowing of GraphQL itself."""

from collections.abc import Mapping
from enum import Enum
from typing import Any, TypeVar

import strawberry
from strawberry.types.enum import StrawberryEnumDefinition

E = TypeVar("E", bound=Enum)


def register_enum(kind: type[E], *, name: str, description: str, members: Mapping[E, str]) -> type[E]:
    """Make the enum one of the schema called `name`; clients see the members' names. Returns it.

    Raises ValueError where a member has no description.
    """
    undescribed = [member.name for member in kind if not members.get(member)]
    if undescribed:
        raise ValueError(f"{name} has members without a description: {', '.join(undescribed)}")
    published: Any = strawberry.enum(kind, name=name, description=description)
    definition: StrawberryEnumDefinition = published.__strawberry_definition__
    for value in definition.values:
        value.description = members[kind[value.name]]
    return kind
