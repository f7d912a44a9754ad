"""Which member a member means."""

from uuid import UUID

import strawberry

from app.graphql.inputs import key_of


def key_of_member(id: strawberry.ID) -> UUID:
    """Return the row's key. Raises NOT_FOUND for any other text."""
    return key_of(id, "TeamMember", field=("id",), message="The team has no such member.")
