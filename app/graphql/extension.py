"""Fields that a capability adds to a type below it: declared with what they return, put in before the schema is built."""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from strawberry.types.base import get_object_definition
from strawberry.types.field import StrawberryField

Fields: TypeAlias = Mapping[type, Mapping[str, Callable[..., Any]]]


def extend_types(fields: Fields) -> None:
    """Put each field (a function decorated by `query`, `relation`, `mutation` or `subscription`) into its type under that name.

    Doing the same again changes nothing. Raises ValueError where the type has another field of that name or the field has no
    description, TypeError where it is no field.
    """
    for owner, added in fields.items():
        definition = get_object_definition(owner, strict=True)
        present = {field.python_name: field for field in definition.fields}
        for name, field in added.items():
            if not isinstance(field, StrawberryField):
                raise TypeError(f"{definition.name}.{name} is not decorated: query, relation, mutation or subscription.")
            if present.get(name) is field:
                continue
            if name in present:
                raise ValueError(f"{definition.name} has a field {name} already.")
            if not field.description:
                raise ValueError(f"{definition.name}.{name} has no description.")
            field.python_name = name
            field.origin = owner
            definition.fields.append(field)
