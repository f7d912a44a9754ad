import re

from hypothesis import given, strategies as st

from app.integrations.kinds.post_monitoring_results.models import FollowUps, NotifyRule
from app.integrations.kinds.post_monitoring_results.notify_rule import ThreadPart, Verdict, judge
from app.monitors.models import RunOutcome
from app.providers.contract import Occasion

OUTCOMES = {"p": RunOutcome.PASSED, "f": RunOutcome.FAILED, "e": RunOutcome.ERROR, "n": RunOutcome.NOTHING_RAN}
RUNS = st.text(alphabet="pfen", max_size=60)


def judged(rule: NotifyRule, runs: str, follow_ups: FollowUps = FollowUps.SILENT) -> list[Verdict]:
    count, verdicts = 0, []
    for run in runs:
        verdicts.append(judge(rule, follow_ups, failures_in_a_row=count, outcome=OUTCOMES[run]))
        count = verdicts[-1].failures_in_a_row
    return verdicts


def occasions(rule: NotifyRule, runs: str, follow_ups: FollowUps = FollowUps.SILENT) -> list[Occasion | None]:
    return [verdict.occasion for verdict in judged(rule, runs, follow_ups)]


def places(rule: NotifyRule, runs: str, follow_ups: FollowUps) -> str:
    """Return a letter for each run: silent, a message of its own, beginning, continuation, answer."""
    letters = {ThreadPart.NONE: "o", ThreadPart.BEGINNING: "b", ThreadPart.CONTINUATION: "c", ThreadPart.ANSWER: "a"}
    return "".join(letters[each.thread] if each.occasion else "." for each in judged(rule, runs, follow_ups))


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


@given(RUNS, st.sampled_from(FollowUps))
def test_all_runs_posts_every_run(runs: str, follow_ups: FollowUps) -> None:
    assert occasions(NotifyRule.ALL_RUNS, runs, follow_ups) == [Occasion.RUN] * len(runs)


@given(RUNS, st.sampled_from(NotifyRule))
def test_a_thread_is_begun_once_for_each_outage_and_ends_with_its_success(runs: str, rule: NotifyRule) -> None:
    said = places(rule, runs, FollowUps.IN_THREAD).replace(".", "").replace("o", "")
    loud = re.sub(r"n+", "", runs.replace("e", "f"))
    least = 1 if rule is NotifyRule.ALL_RUNS else 3

    threads = re.findall(r"b[ca]*", said)
    assert "".join(threads) == said
    assert [thread.count("c") + least for thread in threads] == [
        len(failed) for failed in re.findall(r"f+", loud) if len(failed) >= least
    ]


def test_stories_of_threads() -> None:
    runs = "pfnffffpnf"

    assert places(NotifyRule.THREE_FAILURES_THEN_FIRST_SUCCESS, runs, FollowUps.SILENT) == "....b..a.."
    assert places(NotifyRule.THREE_FAILURES_THEN_FIRST_SUCCESS, runs, FollowUps.IN_THREAD) == "....bcca.."
    assert places(NotifyRule.ALL_RUNS, runs, FollowUps.SILENT) == "obooooooob"
    assert places(NotifyRule.ALL_RUNS, runs, FollowUps.IN_THREAD) == "obaccccaob"


def test_a_story_of_the_rule() -> None:
    said = occasions(NotifyRule.THREE_FAILURES_THEN_FIRST_SUCCESS, "pffpfefffppf")

    assert said == [None] * 6 + [Occasion.THIRD_FAILURE, None, None, Occasion.RECOVERY, None, None]


def test_a_run_in_which_nothing_ran_is_no_recovery_and_no_failure() -> None:
    said = occasions(NotifyRule.THREE_FAILURES_THEN_FIRST_SUCCESS, "ffnfnnpn")

    assert said == [None] * 3 + [Occasion.THIRD_FAILURE, None, None, Occasion.RECOVERY, None]
