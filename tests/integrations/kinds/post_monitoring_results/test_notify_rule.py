from hypothesis import given, strategies as st

from app.integrations.kinds.post_monitoring_results.models import NotifyRule
from app.integrations.kinds.post_monitoring_results.notify_rule import judge
from app.monitors.models import RunOutcome
from app.providers.contract import Occasion

OUTCOMES = {"p": RunOutcome.PASSED, "f": RunOutcome.FAILED, "e": RunOutcome.ERROR, "n": RunOutcome.NOTHING_RAN}
RUNS = st.text(alphabet="pfen", max_size=60)


def occasions(rule: NotifyRule, runs: str) -> list[Occasion | None]:
    count, said = 0, []
    for run in runs:
        verdict = judge(rule, failures_in_a_row=count, outcome=OUTCOMES[run])
        count = verdict.failures_in_a_row
        said.append(verdict.occasion)
    return said


def naive(runs: str) -> list[Occasion | None]:
    """The rule as it is worded: read the whole past anew for each run."""
    said: list[Occasion | None] = []
    for at, run in enumerate(runs):
        past = runs[:at].replace("e", "f").replace("n", "")
        in_a_row = len(past) - len(past.rstrip("f"))
        if run == "n":
            said.append(None)
        elif run == "p":
            said.append(Occasion.RECOVERY if in_a_row >= 3 else None)
        else:
            said.append(Occasion.THIRD_FAILURE if in_a_row == 2 else None)
    return said


@given(RUNS)
def test_three_failures_then_first_success_says_what_its_wording_says(runs: str) -> None:
    assert occasions(NotifyRule.THREE_FAILURES_THEN_FIRST_SUCCESS, runs) == naive(runs)


@given(RUNS)
def test_failures_and_recoveries_take_turns_however_runs_end(runs: str) -> None:
    said = [each for each in occasions(NotifyRule.THREE_FAILURES_THEN_FIRST_SUCCESS, runs) if each is not None]

    assert said == [(Occasion.THIRD_FAILURE, Occasion.RECOVERY)[at % 2] for at in range(len(said))]


@given(RUNS)
def test_all_runs_posts_every_run(runs: str) -> None:
    assert occasions(NotifyRule.ALL_RUNS, runs) == [Occasion.RUN] * len(runs)


def test_a_story_of_the_rule() -> None:
    said = occasions(NotifyRule.THREE_FAILURES_THEN_FIRST_SUCCESS, "pffpfefffppf")

    assert said == [None] * 6 + [Occasion.THIRD_FAILURE, None, None, Occasion.RECOVERY, None, None]


def test_a_run_in_which_nothing_ran_is_no_recovery_and_no_failure() -> None:
    said = occasions(NotifyRule.THREE_FAILURES_THEN_FIRST_SUCCESS, "ffnfnnpn")

    assert said == [None] * 3 + [Occasion.THIRD_FAILURE, None, None, Occasion.RECOVERY, None]
