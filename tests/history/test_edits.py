"""Builds that are broken on purpose are made of lines that stand in the code: one that has moved is found at once."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.history.builds import LEASES_WITHOUT_AN_OWNER, SHORT_LEASES, Edit, build, sequence_for_counter
from tests.journeys.test_listeners import GIVES_UP_AT_TIMES, TELLS_THAT

EDITS = {
    "a sequence": sequence_for_counter(),
    "a sequence and a transaction held open": sequence_for_counter(is_held_open=True),
    "short leases": SHORT_LEASES,
    "leases without an owner": LEASES_WITHOUT_AN_OWNER,
    "events that are given up at times": [GIVES_UP_AT_TIMES],
    "and are told as they are": [TELLS_THAT],
}


@pytest.mark.parametrize("edits", EDITS.values(), ids=EDITS)
def test_every_edit_fits_the_code_and_what_it_makes_can_be_read(edits: Sequence[Edit], tmp_path: Path) -> None:
    built = build(tmp_path / "build", edits)

    for edit in edits:
        text = (built / "app" / edit.file).read_text()
        assert edit.that in text
        compile(text, edit.file, "exec")
