"""Every fault on the lists is one that its tests notice."""

import ast
from collections import Counter
from functools import cache

import pytest

from tests.journeys.soaking import fresh_random, full, say
from tests.planted.faults import ROOT, Fault, all_faults, read_faults
from tests.planted.planting import copied_tree, run_tests, unnoticed

FAULTS = all_faults()
_SAMPLE = 3

FAULT = """
# A remark.
the lease is for ever
app/lease.py
- until = now +
-     LEASE
+ until = None
> tests/test_lease.py::test_it_ends
> tests/test_lease.py::test_it_ends_for_all
"""


def test_a_fault_is_read_from_its_paragraph() -> None:
    assert list(read_faults(f"{FAULT}\n{FAULT}")) == 2 * [
        Fault(
            "the lease is for ever",
            "app/lease.py",
            "until = now +\n    LEASE",
            "until = None",
            ("tests/test_lease.py::test_it_ends", "tests/test_lease.py::test_it_ends_for_all"),
        )
    ]


@pytest.mark.parametrize("left_out", ["app/lease.py\n", "- until = now +\n-     LEASE\n", "> tests/test_lease.py::test_it_ends"])
def test_a_paragraph_that_is_no_fault_is_refused(left_out: str) -> None:
    broken = FAULT.replace(left_out, "" if left_out.endswith("\n") else "?", 1)

    with pytest.raises(ValueError, match=r"the lease is for ever|LEASE"):
        list(read_faults(broken))


@pytest.mark.parametrize(("text", "found"), [("", 0), ("until = now +\n    LEASE\n" * 2, 2)])
def test_a_text_that_has_moved_or_stands_twice_is_told(text: str, found: int) -> None:
    [fault] = read_faults(FAULT)

    with pytest.raises(
        ValueError, match=f"^app/lease.py: the lease is for ever: the old text is found {found} times, not once.$"
    ):
        fault.planted_in(text)


def test_no_two_faults_are_the_same() -> None:
    assert [title for title, count in Counter(map(str, FAULTS)).items() if count > 1] == []


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_each_can_be_planted_and_names_tests_that_there_are(fault: Fault) -> None:
    planted = fault.planted_in((ROOT / fault.file).read_text("utf-8"))

    assert ast.dump(ast.parse(planted)) != _syntax_of(fault.file)
    assert [test for test in fault.tests if not _is_there(test)] == []


@pytest.mark.endurance
@pytest.mark.usefixtures("database_template")  # what a fault does may differ between databases
def test_each_is_noticed_and_without_them_all_is_well() -> None:
    chosen = fresh_random().sample(FAULTS, full(len(FAULTS), ci=_SAMPLE))

    with copied_tree() as tree:
        without = run_tests(tree, {test for fault in chosen for test in fault.tests})
        findings = unnoticed(chosen, tree=tree) if without.code == 0 else []

    assert without.code == 0, without.said
    assert findings == []
    say(f"{len(chosen)} planted faults of {len(FAULTS)}, each noticed")


def _is_there(test: str) -> bool:
    file, _, name = test.partition("::")
    return (ROOT / file).is_file() and name in _functions_of(file)


@cache
def _syntax_of(file: str) -> str:
    return ast.dump(ast.parse((ROOT / file).read_text("utf-8")))


@cache
def _functions_of(file: str) -> set[str]:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name for node in ast.parse((ROOT / file).read_text("utf-8")).body if isinstance(node, kinds)}
