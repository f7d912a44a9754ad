from functools import cache
from pathlib import Path
from random import Random

import pytest
from hypothesis import assume, given, settings, strategies

from tests.history.damages import DAMAGES, Damage, damaged
from tests.history.findings import Law
from tests.history.kept import Kept
from tests.history.laws import LAWS, check
from tests.history.records import History, read_history
from tests.history.simulation import simulate
from tests.journeys.soaking import full

SEEDS = strategies.integers(min_value=0, max_value=2**32 - 1)


@given(seed=SEEDS)
@settings(max_examples=60)
def test_nothing_is_found_in_a_correct_history(seed: int) -> None:
    history, kept = simulate(seed)

    assert check(history, kept) == []


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
@given(seed=SEEDS)
@settings(max_examples=full(6, ci=2))
def test_every_damage_is_found_by_its_law(damage: Damage, seed: int) -> None:
    found = damaged(*simulate(seed), damage, Random(seed))  # noqa: S311 - hypothesis chooses the seed
    assume(found is not None)
    assert found is not None

    assert DAMAGES[damage] in {finding.law for finding in check(*found)}


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_every_law_finds_something_that_is_wrong(law: Law) -> None:
    assert any(list(law(*each)) for each in every_damage())


@cache
def every_damage() -> list[tuple[History, Kept]]:
    history, kept = simulate(7)
    wrong = [damaged(history, kept, damage, Random(7)) for damage in DAMAGES]  # noqa: S311 - any choice will do
    return [each for each in wrong if each is not None]


def test_a_history_that_was_kept_is_read_as_it_was(tmp_path: Path) -> None:
    history, _ = simulate(1)

    history.keep(tmp_path / "history.jsonl")

    assert read_history(tmp_path / "history.jsonl") == history
