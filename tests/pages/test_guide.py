"""Every sentence of the product's guide is followed on the pages by a test, which names it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

_TESTS = Path(__file__).parent
_GUIDE = _TESTS.parent / "data" / "product_guide.txt"
_NAMED = re.compile(r"Sentences? ([\d, ]+)\.")


def test_every_sentence_of_the_guide_is_named_by_a_test_of_the_pages() -> None:
    sentences = [line.split(" ")[0] for line in _GUIDE.read_text("utf-8").splitlines() if not line.startswith("#")]

    named = {number for test in _TESTS.glob("test_*.py") for number in _named_in(test)}

    assert [number for number in sentences if number not in named] == []
    assert sorted(named - set(sentences)) == []


def _named_in(test: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(test.read_text("utf-8"))):
        if isinstance(node, ast.AsyncFunctionDef) and (named := _NAMED.match(ast.get_docstring(node) or "")):
            yield from named[1].replace(" ", "").split(",")
