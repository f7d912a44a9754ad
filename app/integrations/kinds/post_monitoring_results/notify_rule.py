"""What a run means to an integration that posts its monitor: whether a message is due, and why."""

from dataclasses import dataclass

from app.integrations.kinds.post_monitoring_results.models import NotifyRule
from app.monitors.models import RunOutcome
from app.providers.contract import Occasion

FAILURES_UNTIL_POSTED = 3


@dataclass(frozen=True)
class Verdict:
    """`failures_in_a_row` is the count after the run; `occasion` is None where the rule keeps quiet."""

    failures_in_a_row: int
    occasion: Occasion | None


def judge(rule: NotifyRule, *, failures_in_a_row: int, outcome: RunOutcome) -> Verdict:
    """Decide about the next run of a monitor, `failures_in_a_row` failed or errored ones having come right before it.

    A run in which nothing ran says nothing of what is watched: the count stays as it was.
    """
    if outcome is RunOutcome.NOTHING_RAN:
        return Verdict(failures_in_a_row, Occasion.RUN if rule is NotifyRule.ALL_RUNS else None)
    count = failures_in_a_row + 1 if outcome.is_failure else 0
    match rule:
        case NotifyRule.ALL_RUNS:
            return Verdict(count, Occasion.RUN)
        case NotifyRule.THREE_FAILURES_THEN_FIRST_SUCCESS:
            return Verdict(count, _turn(failures_in_a_row, count))


def _turn(before: int, after: int) -> Occasion | None:
    if after == FAILURES_UNTIL_POSTED:
        return Occasion.THIRD_FAILURE
    return Occasion.RECOVERY if after == 0 and before >= FAILURES_UNTIL_POSTED else None
