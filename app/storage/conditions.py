"""Conditions that Tortoise has no words for."""

from collections.abc import Iterator, Sequence
from typing import Any, Literal, TypeAlias

from pypika_tortoise.context import SqlContext
from pypika_tortoise.enums import Dialects
from pypika_tortoise.terms import Criterion, Term, ValueWrapper
from tortoise.expressions import Q, ResolveContext
from tortoise.models import Model
from tortoise.query_utils import EmptyCriterion, QueryModifier

Comparison: TypeAlias = Literal["<", "<=", ">", ">="]


class RowComparison(Q):
    """(a, b) > (x, y), as SQL compares rows: a column counts only where those before it are equal. None of them is ever null."""

    def __init__(self, columns: Sequence[str], comparison: Comparison, values: Sequence[Any]) -> None:
        """The values are as the database takes them: see `stored`."""
        super().__init__()
        self.columns = tuple(columns)
        self.comparison: Comparison = comparison
        self.values = values

    def resolve(self, resolve_context: ResolveContext) -> QueryModifier:
        columns = [resolve_context.table[column] for column in self.columns]
        values = [ValueWrapper(value) for value in self.values]
        return QueryModifier(where_criterion=_RowComparison(columns, self.comparison, values))


def stored(model: type[Model], columns: Sequence[str], values: Sequence[Any]) -> Sequence[Any]:
    """Return the values of these columns as the database takes them."""
    fields = model._meta.fields_map  # noqa: SLF001 - Tortoise's own way to a model's fields
    return [fields[column].to_db_value(value, model) for column, value in zip(columns, values, strict=True)]


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


class _RowComparison(Criterion):
    def __init__(self, columns: Sequence[Term], comparison: Comparison, values: Sequence[Term]) -> None:
        super().__init__()
        self._columns = columns
        self._comparison = comparison
        self._values = values

    def nodes_(self) -> Iterator[Any]:
        yield self
        for term in (*self._columns, *self._values):
            yield from term.nodes_()

    def get_sql(self, ctx: SqlContext) -> str:
        inner = ctx.copy(with_alias=False)
        columns, values = (",".join(term.get_sql(inner) for term in terms) for terms in (self._columns, self._values))
        if len(self._columns) == 1:
            return f"{columns}{self._comparison}{values}"
        return f"({columns}){self._comparison}({values})"


class _Contains(Criterion):
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
        columns = [column.get_sql(inner) for column in self._columns]
        return self._of_server(columns, inner) if ctx.dialect is Dialects.POSTGRESQL else self._of_file(columns, inner)

    def _of_server(self, columns: Sequence[str], ctx: SqlContext) -> str:
        """Have all columns looked at together, and the text's capitals made once, not for each row: that is what takes long."""
        together = " || '\n' || ".join(columns)
        return f"STRPOS(UPPER({together}), (SELECT UPPER({ValueWrapper(self._text).get_sql(ctx)}))) > 0"

    def _of_file(self, columns: Sequence[str], ctx: SqlContext) -> str:
        """Have SQLite ask Python's UPPER for a column with more in it than ASCII alone: its LIKE knows the capitals of that."""

        def given(value: str) -> str:  # a parameter, which stands in the statement once
            return ValueWrapper(value).get_sql(ctx)

        capitals = self._text.upper()
        like, found = f"%{capitals.translate(_STANDS_FOR_MORE)}%", list[str]()
        if capitals.isascii():  # nothing in ASCII has anything else in it
            found += [f"{column} LIKE {given(like)} ESCAPE '\\'" for column in columns]
        found += [
            f"({_IS_MORE.format(column)} AND INSTR(UPPER({column}), (SELECT UPPER({given(self._text)}))) > 0)"
            for column in columns
        ]
        return f"({' OR '.join(found)})"


_IS_MORE = "LENGTH(CAST({0} AS BLOB)) > LENGTH({0})"

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
