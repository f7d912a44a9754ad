"""Whatever Slack answers: a typed failure, in time, and nothing that was secret."""

import asyncio
import time
from pathlib import Path

import pytest

from app.outbound import Outbound, parse_allow
from app.providers.contract import Client, Failure, Fault
from app.sealing.secret import Secret
from tests.providers.odd_answers import ENDLESS, FAILING, SENSELESS
from tests.providers.scripted import (
    HastyOutbound,
    Wire,
    door_to,
    http,
    scripted,
)
from tests.providers.slack.steps import (
    STEPS,
    TOKEN_METHOD,
    Step,
    answering,
    every_step,
    failed,
    fault_of,
)
from tests.wires import make_authority, serving


@every_step
@pytest.mark.parametrize("odd", SENSELESS.values(), ids=SENSELESS)
async def test_an_answer_without_sense_is_broken(step: Step, odd: Wire) -> None:
    assert await fault_of(step, odd) is Fault.BROKEN


@every_step
@pytest.mark.parametrize(("odd", "fault"), FAILING.values(), ids=FAILING)
async def test_an_answer_that_fails_is_sorted_by_how(step: Step, odd: Wire, fault: Fault) -> None:
    assert await fault_of(step, odd) is fault


@pytest.mark.parametrize("odd", ENDLESS.values(), ids=ENDLESS)
async def test_an_answer_that_never_ends_is_given_up_in_time(odd: Wire) -> None:
    for step in STEPS.values():
        async with scripted(answering(step, odd)) as provider:
            outbound = HastyOutbound(port=provider.port)
            begun = time.monotonic()

            outcome = failed(await asyncio.wait_for(step.call(provider, outbound), 5))

            assert isinstance(outcome, Failure)
            assert outcome.fault is Fault.UNREACHABLE
            assert time.monotonic() - begun < 2
            assert outbound.deadlines[0] == (20 if TOKEN_METHOD in {step.odd, *step.before} else 10)
            assert outbound.deadlines[1:] in ([], [10])
            await outbound.aclose()


@every_step
async def test_where_nobody_listens_slack_is_unreachable(step: Step) -> None:
    async with scripted(lambda _: http()) as gone:
        pass

    async with door_to(gone) as outbound:
        outcome = await step.call(gone, outbound)

    assert isinstance(outcome, Failure)
    assert outcome.fault is Fault.UNREACHABLE


@every_step
async def test_a_certificate_that_is_not_accepted_is_unreachable(step: Step, tmp_path: Path) -> None:
    async with serving(http().content, tls=make_authority("127.0.0.1", tmp_path).server) as server:
        secure = f"https://127.0.0.1:{server.port}"
        outbound = Outbound(allow=parse_allow("127.0.0.1"))
        client = Client(id="client-id", secret=Secret("secret"), base_url=secure, origin=secure)

        outcome = await step.call(client, outbound)

        await outbound.aclose()
    assert isinstance(outcome, Failure)
    assert outcome.fault is Fault.UNREACHABLE
    assert "certificate" in outcome.message
    assert server.heads == []


@every_step
async def test_where_the_policy_forbids_it_slack_is_not_asked(step: Step) -> None:
    async with scripted(lambda _: http()) as provider:
        outbound = Outbound()

        outcome = await step.call(provider, outbound)

        await outbound.aclose()
    assert isinstance(outcome, Failure)
    assert outcome.fault is Fault.NOT_ALLOWED
    assert provider.asked == []
