"""What a run means to an integration that posts its monitor: whether a message is due, why, and in which thread."""

from dataclasses import dataclass
from enum import Enum, auto

from app.integrations.kinds.post_monitoring_results.models import FollowUps, NotifyRule
from app.monitors.models import RunOutcome
from app.providers.contract import Occasion

FAILURES_UNTIL_POSTED = 3


class ThreadPart(Enum):
    """What a message is to the thread of the failures that it tells of. CONTINUATION begins one where there is none.

    Where failures are told one by one, the first is a BEGINNING that nothing answers.
    """

    NONE = auto()
    BEGINNING = auto()
    CONTINUATION = auto()
    ANSWER = auto()


@dataclass(frozen=True)
class Verdict:
    """`failures_in_a_row` is the count after the run; `occasion` is None where the rule keeps quiet."""

    failures_in_a_row: int
    occasion: Occasion | None
    thread: ThreadPart = ThreadPart.NONE


def judge(rule: NotifyRule, follow_ups: FollowUps, *, failures_in_a_row: int, outcome: RunOutcome) -> Verdict:
    """Decide about the next run of a monitor, `failures_in_a_row` failed or errored ones having come right before it.

    A run in which nothing ran says nothing of what is watched: the count stays as it was.
    """
    before, is_threaded = failures_in_a_row, follow_ups is FollowUps.IN_THREAD
    after = before if outcome is RunOutcome.NOTHING_RAN else before + 1 if outcome.is_failure else 0
    match rule:
        case NotifyRule.ALL_RUNS:
            part = _part(before, after, begins_at=1)
            return Verdict(after, Occasion.RUN, part if is_threaded or part is ThreadPart.BEGINNING else ThreadPart.NONE)
        case NotifyRule.THREE_FAILURES_THEN_FIRST_SUCCESS if outcome is RunOutcome.NOTHING_RAN:
            return Verdict(after, None)
        case NotifyRule.THREE_FAILURES_THEN_FIRST_SUCCESS:
            occasion = _turn(before, after, follow_ups)
            part = _part(before, after, begins_at=FAILURES_UNTIL_POSTED) if occasion is not None else ThreadPart.NONE
            return Verdict(after, occasion, part)


def _turn(before: int, after: int, follow_ups: FollowUps) -> Occasion | None:
    if after == FAILURES_UNTIL_POSTED:
        return Occasion.THIRD_FAILURE
    if after > FAILURES_UNTIL_POSTED and follow_ups is FollowUps.IN_THREAD:
        return Occasion.RUN
    return Occasion.RECOVERY if after == 0 and before >= FAILURES_UNTIL_POSTED else None


def _part(before: int, after: int, *, begins_at: int) -> ThreadPart:
    if after > before:
        return ThreadPart.BEGINNING if after == begins_at else ThreadPart.CONTINUATION
    return ThreadPart.ANSWER if before else ThreadPart.NONE
