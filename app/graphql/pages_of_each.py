"""The pages of many parents, read together for one operation."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Generic, TypeVar
from uuid import UUID

from tortoise.models import Model

from app.graphql.connections import Arguments, Page
from app.graphql.context import Context
from app.graphql.pages import NEWEST_FIRST, paginate_each
from app.graphql.rows import MOST_NARROWED, plain_rows_of_team

M = TypeVar("M", bound=Model)


class PagesOfEach(Generic[M]):
    """A batch function that reads a page of each parent's rows of a model, of the caller's team: as `paginate_each` does."""

    def __init__(
        self,
        model: type[M],
        by: str,
        *,
        order: Sequence[str] = NEWEST_FIRST,
        columns: Sequence[str] = (),
        with_cursors: bool = True,
        **conditions: Any,
    ) -> None:
        self.model = model
        self.of_columns = lru_cache(MOST_NARROWED)(self._of_columns)
        self._by = by
        self._order = order
        self._columns = columns
        self._with_cursors = with_cursors
        self._conditions = conditions

    async def __call__(self, keys: Sequence[tuple[UUID, Arguments]], /, *, context: Context) -> Sequence[Page[M]]:
        rows = plain_rows_of_team(self.model, context, **self._conditions)
        return await paginate_each(
            rows, keys, by=self._by, order=self._order, columns=self._columns, with_cursors=self._with_cursors
        )

    def _of_columns(self, columns: Sequence[str], *, with_cursors: bool) -> "PagesOfEach[M]":
        """Return the same for these columns alone; itself where there are none."""
        if not columns:
            return self
        return PagesOfEach(
            self.model, self._by, order=self._order, columns=columns, with_cursors=with_cursors, **self._conditions
        )
