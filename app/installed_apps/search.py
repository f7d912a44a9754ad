"""Finding rows by a part of what they show."""

from typing import TypeVar

from tortoise.expressions import Q
from tortoise.models import Model
from tortoise.queryset import QuerySet

M = TypeVar("M", bound=Model)


def search_in(rows: QuerySet[M], text: str | None, *columns: str) -> QuerySet[M]:
    """Return those of which one of the columns has `text` in it, in upper or lower case; all of them without a text."""
    if not text:
        return rows
    if "\0" in text:  # PostgreSQL does not even take the question
        return nothing_of(rows)
    return rows.filter(Q(*(Q(**{f"{column}__icontains": text}) for column in columns), join_type=Q.OR))


def nothing_of(rows: QuerySet[M]) -> QuerySet[M]:
    return rows.filter(id__in=[])
