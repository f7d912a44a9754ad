"""Finding rows by a part of what they show."""

from typing import TypeVar

from tortoise.expressions import Q
from tortoise.models import Model
from tortoise.queryset import QuerySet

from app.graphql.connections import MOST_COUNTED, MOST_LOOKED_THROUGH
from app.graphql.searches import check_search
from app.storage.conditions import Contains
from app.storage.statements import AnyRows

M = TypeVar("M", bound=Model)

PAGE_HOW_FAR = (
    f"A page looks through {MOST_LOOKED_THROUGH:,} of the list: one that found less than it was asked for says by `hasNextPage` "
    f"whether to go on from its `endCursor`."
)
"""What is said of such a search in the API."""

HOW_FAR = f"{PAGE_HOW_FAR} The total has those that the list's first {MOST_COUNTED:,} have."
"""The same of a list that is counted."""


def showing(text: str | None, *columns: str) -> Q:
    """Return the condition that one of the columns has `text` in it, in upper or lower case; that of all rows without a text.

    The columns are never null. Raises BadUserInput for a text that no database takes.
    """
    wanted = check_search(text)
    return Contains(wanted, columns) if wanted is not None else Q()


def nothing_of(rows: AnyRows[M]) -> QuerySet[M]:
    return rows.filter(id__in=[])
