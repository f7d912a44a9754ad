"""A webhook's messages, held against the receiver's own library: the package of Standard Webhooks, as it is published."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from app.outbound import Outbound
from app.providers.activity import ActivityEvent, ActivityReport
from app.providers.contract import Authorized, Channel, ChannelPage, Destination, Failure, Fault, Occasion, Posted, RunReport
from app.providers.shared_secrets import OddField, Pasted, join_fields
from app.providers.webhook.channels import CHANNEL, MESSAGING
from app.providers.webhook.secrets import PREVIOUS, SIGNING, URL, read
from app.sealing.secret import Secret
from tests.providers.scripted import ScriptedProvider, Wire, door_to, http, scripted

NEW = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OLD = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
REPORT = RunReport(
    delivery_id="0b1f6a52-5d3c-4f0e-9d43-0a5f1c9f7b11",
    occasion=Occasion.THIRD_FAILURE,
    monitor_name="Kasse “Zürich” <b>",
    outcome="FAILED",
    started_at=datetime(2026, 11, 21, 10, 0, tzinfo=UTC),
    duration_ms=1200,
    request_count=3,
    test_count=7,
    failed_test_count=1,
    error_count=0,
    failures=(("Status code is 200", "expected 500 to equal 200"),),
    url="https://ci.example.com/runs/7",
)


ACTIVITY = ActivityReport(
    delivery_id="7c0d2f86-6a54-4f0f-8a2e-3b1d5a0c9e42",
    occurred_at=datetime(2026, 11, 21, 10, 0, tzinfo=UTC),
    actor="Ada",
    event_count=120,
    events=(
        ActivityEvent(
            id="event-8",
            cursor="cursor-8",
            sequence=8,
            type="INTEGRATION_STATUS_CHANGED",
            subject_id="integration-1",
            integration_id=None,
            summary="The integration “Kasse <b>” is now NEEDS_REAUTHENTICATION (REVOKED).",
            status="NEEDS_REAUTHENTICATION",
            previous_status="ACTIVE",
            reason="REVOKED",
            message="It was revoked.",
        ),
    ),
)


def authorized_at(there: ScriptedProvider, **more: str) -> Authorized:
    fields = {URL: f"{there.url}/in?team=orbit", SIGNING: NEW} | more
    return Destination(there.url).authorized(join_fields({name: Secret(value) for name, value in fields.items()}))


async def post(there: ScriptedProvider, outbound: Outbound, channel_id: str = CHANNEL, **more: str) -> Posted | Failure:
    return await MESSAGING.post_report(
        authorized=authorized_at(there, **more),
        channel_id=channel_id,
        report=REPORT,
        now=datetime.now(UTC),  # the library knows no other clock
        outbound=outbound,
    )


async def test_a_message_is_verified_by_the_receivers_library_and_says_what_the_run_was() -> None:
    async with scripted(lambda _: http(status=204)) as there, door_to(there) as outbound:
        posted = await post(there, outbound)

    assert posted == Posted()
    [asked] = there.asked
    assert (asked.method, asked.target, asked.headers["content-type"]) == ("POST", "/in?team=orbit", "application/json")
    assert asked.headers["webhook-id"] == REPORT.delivery_id
    assert Webhook(NEW).verify(asked.body, dict(asked.headers)) == {
        "type": "monitor_run.reported",
        "timestamp": "2026-11-21T10:00:00+00:00",
        "data": {
            "deliveryId": REPORT.delivery_id,
            "occasion": "THIRD_FAILURE",
            "monitor": "Kasse “Zürich” <b>",
            "outcome": "FAILED",
            "startedAt": "2026-11-21T10:00:00+00:00",
            "durationMs": 1200,
            "requestCount": 3,
            "testCount": 7,
            "failedTestCount": 1,
            "errorCount": 0,
            "failures": [{"name": "Status code is 200", "message": "expected 500 to equal 200"}],
            "url": "https://ci.example.com/runs/7",
        },
    }


async def test_a_message_about_the_log_is_verified_by_the_receivers_library_and_says_what_happened() -> None:
    async with scripted(lambda _: http(status=204)) as there, door_to(there) as outbound:
        posted = await MESSAGING.post_activity(
            authorized=authorized_at(there, previousSigningSecret=OLD),
            channel_id=CHANNEL,
            report=ACTIVITY,
            now=datetime.now(UTC),
            outbound=outbound,
        )
        elsewhere = await MESSAGING.post_activity(
            authorized=authorized_at(there), channel_id="elsewhere", report=ACTIVITY, now=datetime.now(UTC), outbound=outbound
        )

    [asked] = there.asked
    assert (posted, isinstance(elsewhere, Failure)) == (Posted(), True)
    assert asked.headers["webhook-id"] == ACTIVITY.delivery_id
    assert Webhook(OLD).verify(asked.body, dict(asked.headers)) == Webhook(NEW).verify(asked.body, dict(asked.headers))
    assert Webhook(NEW).verify(asked.body, dict(asked.headers)) == {
        "type": "team_activity.recorded",
        "timestamp": "2026-11-21T10:00:00+00:00",
        "data": {
            "deliveryId": ACTIVITY.delivery_id,
            "occurredAt": "2026-11-21T10:00:00+00:00",
            "actor": "Ada",
            "eventCount": 120,
            "events": [
                {
                    "id": "event-8",
                    "cursor": "cursor-8",
                    "sequence": 8,
                    "type": "INTEGRATION_STATUS_CHANGED",
                    "subjectId": "integration-1",
                    "integrationId": None,
                    "summary": "The integration “Kasse <b>” is now NEEDS_REAUTHENTICATION (REVOKED).",
                    "status": "NEEDS_REAUTHENTICATION",
                    "previousStatus": "ACTIVE",
                    "reason": "REVOKED",
                    "message": "It was revoked.",
                }
            ],
        },
    }


async def test_while_the_secret_changes_both_verify_a_message() -> None:
    async with scripted(lambda _: http(status=200)) as there, door_to(there) as outbound:
        await post(there, outbound, previousSigningSecret=OLD)

    [asked] = there.asked
    assert len(asked.headers["webhook-signature"].split(" ")) == 2
    assert Webhook(NEW).verify(asked.body, dict(asked.headers)) == Webhook(OLD).verify(asked.body, dict(asked.headers))


async def test_an_altered_message_and_another_secret_are_not_verified() -> None:
    async with scripted(lambda _: http(status=200)) as there, door_to(there) as outbound:
        await post(there, outbound)

    [asked] = there.asked
    headers = dict(asked.headers)
    for secret, body in ((OLD, asked.body), (NEW, asked.body.replace(b"FAILED", b"PASSED"))):
        with pytest.raises(WebhookVerificationError):
            Webhook(secret).verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(NEW).verify(asked.body, headers | {"webhook-id": "another"})


@pytest.mark.parametrize(
    ("wire", "fault", "retry_after"),
    [
        (http(status=410), Fault.TARGET_GONE, None),
        (http(status=429, headers={"Retry-After": "7"}), Fault.BUSY, 7),
        (http(status=503, headers={"Retry-After": "7"}), Fault.BROKEN, 7),
        (http(status=404), Fault.BROKEN, None),
        (http(status=401), Fault.BROKEN, None),
        (http(status=301, headers={"Location": "https://elsewhere.example/"}), Fault.BROKEN, None),
    ],
)
async def test_what_is_no_success_is_sorted(wire: Wire, fault: Fault, retry_after: float | None) -> None:
    async with scripted(lambda _: wire) as there, door_to(there) as outbound:
        failure = await post(there, outbound)

    assert isinstance(failure, Failure)
    assert (failure.fault, failure.retry_after) == (fault, retry_after)
    assert "/in" not in failure.message


async def test_its_one_channel_is_the_address_itself() -> None:
    async with scripted(lambda _: http()) as there, door_to(there) as outbound:
        authorized = authorized_at(there)
        first = await MESSAGING.list_channels(authorized=authorized, cursor=None, limit=10, outbound=outbound)
        found = await MESSAGING.find_channel(authorized=authorized, channel_id="address", outbound=outbound)
        other = await MESSAGING.find_channel(authorized=authorized, channel_id="C1", outbound=outbound)
        posted = await post(there, outbound, "C1")

    channel = Channel(id="address", name=there.url.removeprefix("http://"), is_private=False)
    assert (first, found) == (ChannelPage((channel,), None), channel)
    assert isinstance(other, Failure)
    assert (other.fault, posted, there.asked) == (Fault.TARGET_GONE, other, [])


def test_two_addresses_are_two_accounts_and_a_new_secret_is_the_same() -> None:
    first = read(_fields({URL: "https://hooks.example.com/a", SIGNING: NEW}))
    again = read(_fields({URL: "https://hooks.example.com/a", SIGNING: OLD, PREVIOUS: NEW}))
    other = read(_fields({URL: "https://hooks.example.com/b", SIGNING: NEW}))

    assert isinstance(first, Pasted)
    assert isinstance(other, Pasted)
    assert first == again
    assert first.identity.account_id != other.identity.account_id
    assert (first.origin, first.identity.account_name) == ("https://hooks.example.com", "hooks.example.com")
    assert json.dumps(first.identity.__dict__).count("/a") == 0


@pytest.mark.parametrize("secret", ["whsec_", "whsec_c2hvcnQ=", "two words", f"whsec_{'A' * 120}", "ümlaut"])
def test_a_signing_secret_has_24_to_64_bytes(secret: str) -> None:
    read_now = read(_fields({URL: "https://hooks.example.com/a", SIGNING: NEW, PREVIOUS: secret}))

    assert read_now == OddField(PREVIOUS, "a signing secret is whsec_ and 24 to 64 bytes in base64.")


def _fields(fields: Mapping[str, str]) -> Mapping[str, Secret]:
    return {name: Secret(value) for name, value in fields.items()}
