"""No regular expression takes more than twice as long for twice the text, and none is forgotten."""

import ast
import importlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.abuse.costs import MOST_GROWTH, growth
from tests.abuse.patterns import ENDINGS, PATTERNS, SHAPES, Use

APP = Path(__file__).parent.parent.parent / "app"


def places() -> Iterator[str]:
    """Yield each call of the module `re` in the service's sources: the file, and the name that is being set or the function."""
    for file in sorted(APP.rglob("*.py")):
        for statement in ast.parse(file.read_text("utf-8")).body:
            yield from (f"{file.relative_to(APP.parent)} {_name_of(statement)}" for _ in calls_of_re(statement))


def calls_of_re(tree: ast.AST) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="re"))):
                yield node


def _name_of(statement: ast.stmt) -> str:
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            return name
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return name
        case _:
            return ast.unparse(statement)


def patterns_at(place: str) -> list[re.Pattern[Any]]:
    """Return the patterns that have the name, or that stand in the function of that name."""
    file, name = place.split()
    module = importlib.import_module(file.removesuffix(".py").replace("/", "."))
    match getattr(module, name):
        case re.Pattern() as pattern:
            return [pattern]
        case tuple() as rows:
            return [pattern for pattern, _ in rows]
        case _:
            function = next(node for node in ast.parse((APP.parent / file).read_text("utf-8")).body if _name_of(node) == name)
            return [re.compile(ast.literal_eval(call.args[0])) for call in calls_of_re(function)]


def shapes(use: Use) -> Iterator[Callable[[int], str]]:
    for begin in use.begins:
        for part in (*SHAPES, *use.repeats):
            for end in ENDINGS:
                yield lambda size, begin=begin, part=part, end=end: begin + part * (size // len(part)) + end  # type: ignore[misc]


def test_every_regular_expression_of_the_service_is_in_the_table() -> None:
    assert set(places()) == set(PATTERNS)


def test_no_module_hides_one_from_the_table() -> None:
    """Which it would by another name for `re` or its functions, or by having pydantic use the slow engine."""
    sources = [file.read_text("utf-8") for file in APP.rglob("*.py")]

    assert not [
        source
        for source in sources
        if re.search(r"^\s*(?:from re import|import re as)|regex_engine|import regex", source, re.MULTILINE)
    ]


@pytest.mark.endurance
@pytest.mark.parametrize("place", PATTERNS)
def test_twice_the_text_takes_a_pattern_twice_as_long(place: str) -> None:
    use = PATTERNS[place]

    for pattern in patterns_at(place):
        is_bytes = isinstance(pattern.pattern, bytes)
        for shape in shapes(use):
            ask = _asking(pattern, use.method)
            grown = growth(ask, (lambda size, shape=shape: shape(size).encode("utf-8", "surrogatepass")) if is_bytes else shape)  # type: ignore[misc]
            assert grown < MOST_GROWTH, (pattern.pattern, shape(12))


@pytest.mark.endurance
def test_the_law_finds_a_slow_pattern() -> None:
    slow = re.compile(r'"(?:[^"\\]|\\.)*+"', re.DOTALL)

    found = [growth(_asking(slow, "sub"), lambda size: '"' + '\\"' * (size // 2)) for _ in range(3)]

    assert max(found) > MOST_GROWTH


def _asking(pattern: re.Pattern[Any], method: str) -> Callable[[Any], object]:
    if method == "sub":
        nothing = b"" if isinstance(pattern.pattern, bytes) else ""
        return lambda text: pattern.sub(nothing, text)
    ask: Callable[[Any], object] = getattr(pattern, method)
    return (lambda text: list(pattern.finditer(text))) if method == "finditer" else ask
