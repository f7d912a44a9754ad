"""Conditions that Tortoise has no words for."""

from collections.abc import Iterator, Sequence
from typing import Any

from pypika_tortoise.context import SqlContext
from pypika_tortoise.enums import Dialects
from pypika_tortoise.terms import Criterion, Term, ValueWrapper
from tortoise.expressions import Q, ResolveContext
from tortoise.query_utils import EmptyCriterion, QueryModifier


class Contains(Q):
    """One of the columns, which are never null, has the text in it, in upper or lower case. The text has no line break."""

    def __init__(self, text: str, columns: Sequence[str]) -> None:
        super().__init__()
        self._text = text
        self._columns = columns

    def resolve(self, resolve_context: ResolveContext) -> QueryModifier:
        columns = [resolve_context.table[column] for column in self._columns]
        return QueryModifier(where_criterion=_Contains(self._text, columns))


class Unindexed(Q):
    """The same condition, which no index is asked for: the rows are looked through in the order that the rest says."""

    def __init__(self, condition: Q) -> None:
        super().__init__(condition)

    def resolve(self, resolve_context: ResolveContext) -> QueryModifier:
        found = super().resolve(resolve_context)
        if isinstance(found.where_criterion, EmptyCriterion):
            return found
        return QueryModifier(where_criterion=_IsTrue(found.where_criterion), joins=found.joins)


class _Contains(Criterion):
    """All columns are looked at together, and the text's capitals made once, not for each row: that is what takes long."""

    def __init__(self, text: str, columns: Sequence[Term]) -> None:
        super().__init__()
        self._text = text
        self._columns = columns

    def nodes_(self) -> Iterator[Any]:
        yield self
        for column in self._columns:
            yield from column.nodes_()

    def get_sql(self, ctx: SqlContext) -> str:
        inner = ctx.copy(with_alias=False)
        columns = " || '\n' || ".join(column.get_sql(inner) for column in self._columns)
        place_of = "STRPOS" if ctx.dialect is Dialects.POSTGRESQL else "INSTR"
        has_text = f"{place_of}(UPPER({columns}), (SELECT UPPER({ValueWrapper(self._text).get_sql(inner)}))) > 0"
        return has_text if ctx.dialect is Dialects.POSTGRESQL else self._of_file(columns, has_text, inner)

    def _of_file(self, columns: str, has_text: str, ctx: SqlContext) -> str:
        """Have SQLite ask Python's UPPER for columns with more in them than ASCII alone: its LIKE knows the capitals of that."""
        if not (capitals := self._text.upper()).isascii():  # nothing in ASCII has that in it
            return f"({_MORE_THAN_ASCII.format(columns)} AND {has_text})"
        pattern = ValueWrapper(f"%{capitals.translate(_STANDS_FOR_MORE)}%").get_sql(ctx)
        return f"CASE WHEN {_MORE_THAN_ASCII.format(columns)} THEN {has_text} ELSE {columns} LIKE {pattern} ESCAPE '\\' END"


_MORE_THAN_ASCII = "LENGTH(CAST({0} AS BLOB)) > LENGTH({0})"

_STANDS_FOR_MORE = str.maketrans({each: f"\\{each}" for each in "%_\\"})
"""What stands for something else in a pattern of LIKE, and for itself behind a backslash."""


class _IsTrue(Criterion):
    def __init__(self, condition: Criterion) -> None:
        super().__init__()
        self._condition = condition

    def nodes_(self) -> Iterator[Any]:
        yield self
        yield from self._condition.nodes_()

    def get_sql(self, ctx: SqlContext) -> str:
        return f"({self._condition.get_sql(ctx.copy(with_alias=False, subcriterion=False))}) IS TRUE"
