"""Every way from status to status, against a model that says the contract's rule in one line."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from app.integrations.models import Integration, IntegrationStatus
from app.sign_ins.models import StatusReason

START = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
STOPS = [
    StatusReason.INSTALLED_APP_DELETED,
    StatusReason.REVOKED,
    StatusReason.EXPIRED,
    StatusReason.MISSING_SCOPES,
    StatusReason.AUTHORIZATION_ENDED,
    StatusReason.REFRESH_UNCERTAIN,
    StatusReason.CLIENT_REFUSED,
    StatusReason.KEY_UNAVAILABLE,
]
FAILINGS = [StatusReason.PROVIDER_UNREACHABLE, StatusReason.PROVIDER_ERROR, StatusReason.TARGET_UNAVAILABLE]


class Statuses(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.row = Integration(status=IntegrationStatus.ACTIVE, status_changed_at=START, is_paused=False)
        self.now = START
        self.stopped: StatusReason | None = None
        self.failing: StatusReason | None = None
        self.paused = False

    @initialize(paused=st.booleans())
    def begin(self, *, paused: bool) -> None:
        if paused:
            self.pause()

    @rule(reason=st.sampled_from(STOPS))
    def stop(self, reason: StatusReason) -> None:
        self.stopped = reason
        self.turn(self.row.stop, reason, f"stopped by {reason}")

    @rule()
    def restore(self) -> None:
        self.stopped = self.failing = None
        self.turn(self.row.restore)

    @rule()
    def pause(self) -> None:
        self.paused = True
        self.turn(self.row.pause)

    @rule()
    def resume(self) -> None:
        self.paused = False
        self.turn(self.row.resume)

    @rule(reason=st.sampled_from(FAILINGS))
    def fail(self, reason: StatusReason) -> None:
        self.failing = reason
        self.turn(self.row.fail, reason, f"failing by {reason}")

    @rule()
    def succeed(self) -> None:
        self.failing = None
        self.turn(self.row.succeed)

    @precondition(lambda self: self.row.status is not IntegrationStatus.ACTIVE)
    @rule()
    def end_everything(self) -> None:
        self.restore()
        self.resume()
        assert self.row.status is IntegrationStatus.ACTIVE

    def turn(self, transition: Any, *arguments: object) -> None:
        before, since = (self.row.status, self.row.reason), self.row.status_changed_at
        self.now += timedelta(seconds=1)
        told = transition(*arguments, now=self.now)
        is_other = (self.row.status, self.row.reason) != before
        assert told is (before[0] if is_other else None)
        assert self.row.status_changed_at == (self.now if is_other else since)

    @invariant()
    def when_several_hold_it_is_the_first(self) -> None:
        holds = [
            (self.stopped is StatusReason.KEY_UNAVAILABLE, IntegrationStatus.UNAVAILABLE, self.stopped),
            (self.stopped is not None, IntegrationStatus.NEEDS_REAUTHENTICATION, self.stopped),
            (self.paused, IntegrationStatus.PAUSED, StatusReason.PAUSED_BY_MEMBER),
            (self.failing is not None, IntegrationStatus.FAILING, self.failing),
            (True, IntegrationStatus.ACTIVE, None),
        ]
        status, reason = next((status, reason) for held, status, reason in holds if held)
        assert (self.row.status, self.row.reason) == (status, reason)
        assert self.row.is_paused is self.paused
        assert self.row.is_stopped is (self.stopped is not None)
        message = {IntegrationStatus.FAILING: f"failing by {reason}"}
        if status in {IntegrationStatus.ACTIVE, IntegrationStatus.PAUSED}:
            assert self.row.message is None
        else:
            assert self.row.message == message.get(status, f"stopped by {reason}")


TestStatuses = Statuses.TestCase
TestStatuses.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
