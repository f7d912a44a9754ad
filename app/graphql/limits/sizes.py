"""The size of a document, measured before it is validated.

Measuring takes time in proportion to the document, so that no document costs more to refuse than to send. (The depth and alias
limiters that Strawberry brings take exponential time over fragments.)
"""

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
)

from app.errors import TooComplex


class Size(NamedTuple):
    """How much an operation asks for, fragments spread out; the objects that may come are its cost: see `costs`.

    `depth`: without `ofType` of the schema itself, which tools ask for fifteen in one another and of which few bring anything;
    `selections`: fields, and fragments that are spread, whether or not there is a field in them; `introspection`: the fields of
    the schema itself that may come; `duplicates`: pairs that have to be merged.
    """

    depth: int = 0
    fields: int = 0
    selections: int = 0
    aliases: int = 0
    directives: int = 0
    introspection: int = 0
    fragments: int = 0
    duplicates: int = 0
    operations: int = 0


LARGEST = Size(
    depth=15,
    fields=2_000,
    selections=4_000,
    aliases=30,
    directives=50,
    introspection=60_000,
    fragments=50,
    duplicates=1_000,
    operations=20,
)


def examine_size(document: DocumentNode) -> tuple[Size, list[GraphQLError]]:
    """Return how large the document is, and an error for each limit that an operation of it is beyond."""
    try:
        size = measure(document)
    except RecursionError:
        return Size(), [too_complex("The document is nested too deeply.")]
    limits = zip(Size._fields, size, LARGEST, strict=True)
    return size, [too_complex(_BEYOND[name].format(may)) for name, has, may in limits if has > may]


def measure(document: DocumentNode) -> Size:
    """Return the largest that any of the document's operations is in each respect; of selections, those of all of them."""
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    walk = _Walk(fragments)
    sizes = [walk.size_of(operation.selection_set) for operation in operations]
    size = Size(*map(max, zip(*sizes, strict=True))) if sizes else Size()
    selections = sum(each.selections for each in sizes)
    size = size._replace(selections=selections, fragments=len(fragments), operations=len(operations))
    if walk.has_circles or size.selections > LARGEST.selections or size.fragments > LARGEST.fragments:
        return size
    return size._replace(duplicates=max((_count_duplicates(node.selection_set, fragments) for node in operations), default=0))


class _Walk:
    """Measures each fragment once, however often it is spread. With `has_circles` the sizes are too small."""

    def __init__(self, fragments: Mapping[str, FragmentDefinitionNode]) -> None:
        self.has_circles = False
        self._fragments = fragments
        self._sizes: dict[str, Size] = {}
        self._under_way: set[str] = set()

    def size_of(self, selections: SelectionSetNode | None, *, introspects: bool = False) -> Size:
        """Return the size of what is selected; `introspects`: of the schema itself, below `__schema` or `__type`."""
        if selections is None:
            return Size()
        parts = [self._size_of_one(node, introspects=introspects) for node in selections.selections]
        size = Size(*map(sum, zip(*parts, strict=True))) if parts else Size()
        return size._replace(depth=max((part.depth for part in parts), default=0))

    def _size_of_one(self, node: SelectionNode, *, introspects: bool) -> Size:
        directives = len(node.directives or ())
        match node:
            case FieldNode():
                introspects = introspects or node.name.value in _INTROSPECTION
                below = self.size_of(node.selection_set, introspects=introspects)
                return Size(
                    depth=below.depth + _is_a_level(node.name.value, introspects=introspects),
                    fields=below.fields + 1,
                    selections=below.selections + 1,
                    aliases=below.aliases + (node.alias is not None),
                    directives=below.directives + directives,
                    introspection=1 + _revealed(node.name.value, below.introspection) if introspects else below.introspection,
                )
            case InlineFragmentNode():
                inside = self.size_of(node.selection_set, introspects=introspects)
            case FragmentSpreadNode():
                inside = self._size_of_fragment(node.name.value)
            case _:
                return Size()
        return inside._replace(selections=inside.selections + 1, directives=inside.directives + directives)

    def _size_of_fragment(self, name: str) -> Size:
        fragment = self._fragments.get(name)
        if name in self._under_way:
            self.has_circles = True  # validation refuses it
            return Size()
        if name not in self._sizes and fragment is not None:
            self._under_way.add(name)
            introspects = fragment.type_condition.name.value.startswith("__")
            self._sizes[name] = self.size_of(fragment.selection_set, introspects=introspects)
            self._under_way.remove(name)
        return self._sizes.get(name, Size())


_BEYOND = {
    "depth": "The operation is nested too deeply: at most {:,} levels.",
    "fields": "The operation asks for too many fields: at most {:,}, fragments spread out.",
    "selections": "The document spreads out into too many fields and fragments: at most {:,}.",
    "aliases": "The operation has too many aliases: at most {:,}.",
    "directives": "The operation has too many directives: at most {:,}.",
    "introspection": "The operation asks for too much of the schema: ask for all of it once, or for less at a time.",
    "fragments": "The document has too many fragments: at most {:,}.",
    "operations": "The document has too many operations: at most {:,}.",
    "duplicates": "The operation asks for the same fields too often: at most {:,} pairs that have to be merged.",
}


_INTROSPECTION = frozenset({"__schema", "__type"})
_SCHEMA_LISTS = {"__type": 5, "types": 200, "fields": 8, "inputFields": 2, "enumValues": 2, "directives": 5}
"""How many of each a schema such as ours has for each that stands above it; types that are asked for by name are large ones."""


def _is_a_level(name: str, *, introspects: bool) -> bool:
    return not name.startswith("__") and not (introspects and name == "ofType")


def _revealed(name: str, below: int) -> int:
    """How many fields come below a field of the schema itself; most chains of `ofType` end soon."""
    return below // 2 if name == "ofType" else below * _SCHEMA_LISTS.get(name, 1)


def _count_duplicates(selections: SelectionSetNode, fragments: Mapping[str, FragmentDefinitionNode]) -> int:
    """Count the pairs of fields with one name in one place: validation compares each.

    Everything is spread out for it: call it for operations of few selections, without circles.
    """
    counts: Counter[tuple[str, ...]] = Counter()
    waiting: list[tuple[tuple[str, ...], SelectionSetNode]] = [((), selections)]
    while waiting:
        path, current = waiting.pop()
        for node in current.selections:
            match node:
                case FieldNode():
                    own = (*path, (node.alias or node.name).value)
                    counts[own] += 1
                    if node.selection_set is not None:
                        waiting.append((own, node.selection_set))
                case InlineFragmentNode():
                    waiting.append((path, node.selection_set))
                case FragmentSpreadNode() if node.name.value in fragments:
                    waiting.append((path, fragments[node.name.value].selection_set))
    return sum(count * (count - 1) // 2 for count in counts.values())


def too_complex(message: str) -> GraphQLError:
    return GraphQLError(message, original_error=TooComplex(message))
