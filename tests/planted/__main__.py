"""Plant by hand: all faults whose paragraph holds every word that is given."""

import sys
from collections.abc import Sequence

from tests.planted.faults import Fault, all_faults
from tests.planted.planting import copied_tree, run_tests, unnoticed


def main(words: Sequence[str]) -> int:
    chosen = [fault for fault in all_faults() if all(word in _text(fault) for word in words)]
    with copied_tree() as tree:
        without = run_tests(tree, {test for fault in chosen for test in fault.tests})
        if without.code:
            sys.stdout.write(f"Without any fault:\n{without.said}")
        findings = unnoticed(chosen, tree=tree)
    sys.stdout.writelines(f"{finding}\n" for finding in findings)
    sys.stdout.write(f"{len(chosen) - len(findings)} of {len(chosen)} are noticed.\n")
    return len(findings)


def _text(fault: Fault) -> str:
    return " ".join((fault.title, fault.file, fault.old, fault.new, *fault.tests))


if __name__ == "__main__":
    sys.exit(min(main(sys.argv[1:]), 1))
