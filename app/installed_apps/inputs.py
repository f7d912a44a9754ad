"""What members write into the inputs of several mutations about installed apps."""

from uuid import UUID

import strawberry

from app.graphql.inputs import key_of
from app.installed_apps.shared_secrets import PastedField
from app.sealing.secret import Secret

WHICH = "Which installed app."
UPDATED_AT = "What `updatedAt` was when it was read: CONFLICT if it was edited since. Left out: whatever it is."
WHY = "Why nothing was changed."


@strawberry.input(description="A part of a secret, as the provider's `secretFields` describe it.")
class SecretFieldInput:
    name: str = strawberry.field(description="The field's name.")
    value: str = strawberry.field(description="Sealed at once, and never shown again.")


def read_fields(fields: list[SecretFieldInput]) -> list[PastedField]:
    """Return what an admin has typed, kept from being shown."""
    return [PastedField(each.name, Secret(each.value)) for each in fields]


def key_of_app(id: strawberry.ID) -> UUID:
    """Return the row's key. Raises NOT_FOUND for any other text."""
    return key_of(id, "InstalledApp", field=("id",))
