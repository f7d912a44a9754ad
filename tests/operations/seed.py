"""The operations that are kept: drawn once, since drawing takes longer than asking. `scripts/operations` does it anew."""

import json
from pathlib import Path

from graphql import GraphQLSchema

from app.service.schema import build_schema
from tests.operations.generation import draw

KEPT = Path(__file__).parent / "kept.jsonl"
COUNT = 1_000
_SEED = 20_261


def read() -> list[str]:
    """Return the kept operations, a JSON string a line."""
    return [json.loads(line) for line in KEPT.read_text().splitlines()]


def write(schema: GraphQLSchema) -> None:
    """Draw them from this schema and keep them."""
    operations = draw(schema, seed=_SEED, count=COUNT)
    KEPT.write_text("".join(f"{json.dumps(operation, ensure_ascii=True)}\n" for operation in operations))


if __name__ == "__main__":
    write(build_schema()._schema)  # noqa: SLF001 - its lists say how long they may be, which no text of it does
