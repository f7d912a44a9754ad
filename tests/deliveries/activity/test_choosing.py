"""What of a change each integration tells, and what none of them ever does."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from hypothesis import given, strategies as st

from app.deliveries.activity.choosing import choose
from app.integrations.kinds.contract import HeardEvents
from app.integrations.models import Integration, IntegrationStatus
from app.log.event_types import EventType
from app.log.events import Event
from app.sign_ins.models import StatusReason

NOW = datetime(2026, 11, 29, tzinfo=UTC)
ACTIVE, FAILING, PAUSED = IntegrationStatus.ACTIVE, IntegrationStatus.FAILING, IntegrationStatus.PAUSED
STOPPED, UNAVAILABLE = IntegrationStatus.NEEDS_REAUTHENTICATION, IntegrationStatus.UNAVAILABLE


def teller(*, stopped: bool = False, paused: bool = False, failing: bool = False) -> Integration:
    return Integration(
        id=uuid4(),
        stopped_by=StatusReason.REVOKED if stopped else None,
        is_paused=paused,
        failing_by=StatusReason.PROVIDER_ERROR if failing else None,
    )


def turn(subject: UUID, before: IntegrationStatus, after: IntegrationStatus, *, number: int = 1) -> Event:
    of_status = EventType.INTEGRATION_STATUS_CHANGED
    return Event(
        id=uuid4(), type=of_status, subject_id=subject, sequence=number, status=after, previous_status=before, occurred_at=NOW
    )


def event(type: EventType, *, number: int = 1, subject: UUID | None = None) -> Event:
    return Event(id=uuid4(), type=type, subject_id=subject or uuid4(), sequence=number, occurred_at=NOW)


def told(*heard: HeardEvents, events: list[Event]) -> dict[UUID, list[int]]:
    return {each.integration.id: [event.sequence for event in each.events] for each in choose(heard, events)}


@pytest.mark.parametrize(("before", "after"), [(ACTIVE, FAILING), (FAILING, ACTIVE), (FAILING, FAILING)])
def test_that_one_of_them_fails_or_no_longer_does_is_told_by_none(before: IntegrationStatus, after: IntegrationStatus) -> None:
    one, other = teller(), teller()
    events = [turn(one.id, before, after)]

    assert told(HeardEvents(one, events), HeardEvents(other, events), events=events) == {}


@pytest.mark.parametrize(
    ("before", "after"), [(ACTIVE, STOPPED), (STOPPED, ACTIVE), (FAILING, UNAVAILABLE), (ACTIVE, PAUSED), (PAUSED, FAILING)]
)
def test_that_one_of_them_stops_or_is_paused_or_goes_on_is_told_by_the_others(
    before: IntegrationStatus, after: IntegrationStatus
) -> None:
    one, other = teller(), teller()
    events = [turn(one.id, before, after)]

    assert told(HeardEvents(one, events), HeardEvents(other, events), events=events) == {other.id: [1]}


def test_that_another_integration_fails_is_told_and_that_a_telling_was_given_up_is_not() -> None:
    one = teller()
    events = [turn(uuid4(), ACTIVE, FAILING), event(EventType.ACTIVITY_DELIVERY_FAILED, number=2)]

    assert told(HeardEvents(one, events), events=events) == {one.id: [1]}


def test_nothing_about_itself_is_told_by_one() -> None:
    one, other = teller(), teller()
    events = [event(EventType.INTEGRATION_EDITED, subject=one.id)]

    assert told(HeardEvents(one, events), HeardEvents(other, events), events=events) == {other.id: [1]}


def test_that_one_has_stopped_is_told_by_the_oldest_that_works_best_where_none_chose_it() -> None:
    one, paused, failing, working, younger = teller(stopped=True), teller(paused=True), teller(failing=True), teller(), teller()
    events = [event(EventType.INSTALLED_APP_DELETED), turn(one.id, ACTIVE, STOPPED, number=2)]
    nothing = [HeardEvents(each, []) for each in (one, paused, failing)]

    assert told(*nothing, HeardEvents(working, events[:1]), HeardEvents(younger, []), events=events) == {working.id: [1, 2]}
    assert told(*nothing, events=events) == {failing.id: [2]}
    assert told(*nothing[:2], events=events) == {}


def test_where_one_that_works_chose_to_tell_that_one_has_stopped_no_other_has_to() -> None:
    one, working, younger = teller(stopped=True), teller(), teller()
    events = [turn(one.id, ACTIVE, STOPPED)]

    assert told(HeardEvents(one, events), HeardEvents(working, []), HeardEvents(younger, events), events=events) == {
        younger.id: [1]
    }


def test_that_the_reason_of_a_stop_is_another_has_to_be_told_by_none() -> None:
    one, working = teller(stopped=True), teller()
    events = [turn(one.id, STOPPED, STOPPED)]

    assert told(HeardEvents(one, events), HeardEvents(working, []), events=events) == {}


@given(
    turns=st.lists(st.tuples(st.integers(0, 3), st.sampled_from([ACTIVE, FAILING]), st.sampled_from([ACTIVE, FAILING]))),
    choices=st.lists(st.booleans(), min_size=4, max_size=4),
)
def test_whatever_telling_turns_nobody_tells_it(
    turns: list[tuple[int, IntegrationStatus, IntegrationStatus]], choices: list[bool]
) -> None:
    tellers = [teller(failing=number % 2 == 0) for number in range(4)]
    events = [turn(tellers[which].id, before, after, number=number) for number, (which, before, after) in enumerate(turns)]
    heard = [HeardEvents(each, events if chooses else []) for each, chooses in zip(tellers, choices, strict=True)]

    assert choose(heard, events) == []
