"""What every provider must keep, whichever it is: one that is added to the catalogue is tested here without a change."""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import asdict, fields, is_dataclass
from urllib.parse import parse_qs, urlsplit

import pytest

from app.integrations.kinds.table import ALL as KINDS
from app.outbound import Outbound, origin_of
from app.providers.catalogue import CATALOGUE, catalogue_of
from app.providers.contract import Failure, Fault, Forged, NotConfigured, Posted, SharingModel, SignedRequest, missing_scopes
from app.providers.description import Provider
from app.providers.shared_secrets import OddField, Pasted
from app.sealing.secret import Secret
from app.settings import PREFIX, Settings
from tests.providers.calls import (
    CALLS,
    NEEDS_NO_BODY,
    NOW,
    PASTED,
    PROVIDERS,
    REDIRECT_URI,
    SIGNED_IN,
    Call,
    exchange,
    refresh,
    revoke,
)
from tests.providers.odd_answers import ENDLESS, FAILING, SENSELESS
from tests.providers.pasted import SECRET_FIELDS
from tests.providers.scripted import SECRETS, Asked, HastyOutbound, ScriptedProvider, Wire, door_to, http, scripted

every_sign_in = pytest.mark.parametrize("provider", SIGNED_IN, ids=lambda provider: provider.key)
every_secret = pytest.mark.parametrize("provider", PASTED, ids=lambda provider: provider.key)
every_provider = pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider.key)
every_call = pytest.mark.parametrize(
    ("provider", "call"), CALLS, ids=[f"{provider.key}-{getattr(call, '__name__', '')}" for provider, call in CALLS]
)


def test_the_catalogue_is_in_the_order_of_names() -> None:
    assert [provider.name for provider in PROVIDERS] == sorted(provider.name for provider in PROVIDERS)
    assert [provider.key for provider in PROVIDERS] == list(CATALOGUE)


def test_a_key_is_taken_once() -> None:
    with pytest.raises(ValueError, match="same key"):
        catalogue_of([PROVIDERS[0], PROVIDERS[0]])


@every_provider
def test_the_description_is_whole(provider: Provider) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*", provider.key)
    assert provider.name.strip() == provider.name != ""
    assert provider.description.endswith(".")
    assert 20 <= len(provider.description) <= 300
    assert bool(provider.scopes) is (provider.sign_in is not None)
    assert (provider.sign_in is None) is (provider.secret is not None) is (provider.sharing is SharingModel.SHARED_SECRET)
    assert len(set(provider.scopes)) == len(provider.scopes)
    assert all(re.fullmatch(r"[a-z][a-z0-9_:.-]*", scope) for scope in provider.scopes)
    offered = [kind.key for kind in KINDS if kind.is_offered_by(provider)]
    assert offered
    assert all(re.fullmatch(r"[a-z]+(?:-[a-z]+)*", kind) for kind in offered)
    assert provider.hooks is None or provider.hooks.secret(Settings()) is None


@every_provider
def test_nothing_of_it_is_a_secret(provider: Provider) -> None:
    def walk(value: object) -> list[object]:
        inner = [getattr(value, each.name) for each in fields(value)] if is_dataclass(value) else []
        return [value, *(found for each in inner for found in walk(each))]

    assert not [found for found in walk(provider) if isinstance(found, Secret)]


@every_sign_in
def test_the_authorize_address_carries_what_protects_the_sign_in(provider: Provider) -> None:
    client = ScriptedProvider("https://provider.example").client()

    assert provider.sign_in is not None
    address = provider.sign_in.authorize_url(
        client=client, redirect_uri=REDIRECT_URI + "?a=b&c", state="the+state&=", challenge="the-challenge", account_id=None
    )

    query = parse_qs(urlsplit(address).query)
    assert origin_of(address) == client.origin
    promised = {
        "response_type": ["code"],
        "client_id": ["client-id"],
        "redirect_uri": [REDIRECT_URI + "?a=b&c"],
        "state": ["the+state&="],
        "code_challenge": ["the-challenge"],
        "code_challenge_method": ["S256"],
    }
    # A provider may be asked more, in names of its own.
    assert {name: value for name, value in query.items() if name in promised} == promised
    assert set(re.split(r"[ ,]", query["scope"][0])) == set(provider.scopes)
    assert not any(secret in address for secret in SECRETS)


@every_sign_in
def test_what_the_operator_has_to_set_is_named(provider: Provider) -> None:
    assert provider.sign_in is not None
    client = provider.sign_in.configure(Settings())

    assert isinstance(client, NotConfigured)
    # A team's own client is no setting of the operator's.
    assert bool(client.settings) is (provider.sharing is SharingModel.SHARED_AUTHORIZATION)
    assert {name.removeprefix(PREFIX).lower() for name in client.settings} <= set(Settings.model_fields)


@every_provider
def test_what_the_operator_sets_is_named_as_the_settings_have_it(provider: Provider) -> None:
    if provider.operator is None:
        return

    named = {name for name in asdict(provider.operator).values() if name is not None}

    assert provider.sharing is SharingModel.SHARED_AUTHORIZATION
    assert named <= set(Settings.model_fields)
    assert (provider.operator.signing_secret is None) is (provider.hooks is None)


@every_call
async def test_an_unreachable_provider_is_a_failure(provider: Provider, call: Call) -> None:
    async with scripted(lambda _: http()) as gone:
        pass

    async with door_to(gone) as outbound:
        outcome = await call(provider, gone, outbound)

    assert fault_of(outcome) is Fault.UNREACHABLE


@every_call
async def test_a_forbidden_address_is_a_failure(provider: Provider, call: Call) -> None:
    async with scripted(lambda _: http()) as there:
        outbound = Outbound()

        outcome = await call(provider, there, outbound)

        await outbound.aclose()
    assert fault_of(outcome) is Fault.NOT_ALLOWED
    assert there.asked == []


@every_call
async def test_an_answer_that_fails_is_a_failure(provider: Provider, call: Call) -> None:
    outcomes = await outcomes_of(provider, call, {name: wire for name, (wire, _) in FAILING.items()})

    assert {name: fault_of(outcome) for name, outcome in outcomes.items()} == {
        name: fault for name, (_, fault) in FAILING.items()
    }


@every_call
async def test_an_answer_without_sense_is_a_failure(provider: Provider, call: Call) -> None:
    outcomes = await outcomes_of(provider, call, SENSELESS)

    # RFC 7009, section 2.2: a revocation's answer needs no body.
    believed = {name for name, outcome in outcomes.items() if not isinstance(outcome, Failure)}
    is_revoked = call is revoke and {outcomes[name] for name in believed} == {None}
    is_posted = (provider.key, call) in NEEDS_NO_BODY and {outcomes[name] for name in believed} == {Posted()}
    assert not believed or is_revoked or is_posted


@every_call
async def test_an_answer_that_never_ends_is_a_failure_in_time(provider: Provider, call: Call) -> None:
    for name, wire in ENDLESS.items():
        async with scripted(lambda _, wire=wire: wire) as there:  # type: ignore[misc]
            outbound = HastyOutbound(port=there.port)

            outcome = await asyncio.wait_for(call(provider, there, outbound), 5)

            await outbound.aclose()
            assert fault_of(outcome) is Fault.UNREACHABLE, name
            assert max(outbound.deadlines) <= (20 if call in {exchange, refresh} else 10)


@every_call
async def test_no_failure_repeats_what_was_secret(provider: Provider, call: Call) -> None:
    for status in (200, 400, 401, 403, 404, 422):
        async with scripted(lambda asked, status=status: _echo(asked, status)) as there, door_to(there) as outbound:  # type: ignore[misc]
            outcome = await call(provider, there, outbound)

            assert there.asked
            # RFC 7009, section 2.2: a token that the provider does not know is as good as given back.
            is_posted = (provider.key, call) in NEEDS_NO_BODY and outcome == Posted()
            assert isinstance(outcome, Failure) or is_posted or (call is revoke and outcome is None)
            assert outcome is None or is_posted or fault_of(outcome)
            assert not any(secret in repr(outcome) for secret in SECRETS)


@every_call
async def test_secrets_travel_in_headers_and_bodies_only(provider: Provider, call: Call) -> None:
    async with scripted(lambda _: http(status=500)) as there, door_to(there) as outbound:
        await call(provider, there, outbound)

    assert there.asked
    assert not any(secret in asked.target for asked in there.asked for secret in SECRETS)


@every_secret
def test_a_secret_is_read_and_named_by_nothing_of_its_own(provider: Provider) -> None:
    fields = SECRET_FIELDS[provider.key](ScriptedProvider("https://provider.example"))
    assert provider.secret is not None

    pasted = provider.secret.read(fields)

    assert isinstance(pasted, Pasted)
    assert pasted.origin == "https://provider.example"
    assert not any(value.reveal() in repr(pasted) for value in fields.values())
    names = [field.name for field in provider.secret_fields]
    assert len(set(names)) == len(names) <= 10
    assert all(re.fullmatch(r"[a-z][A-Za-z]*", name) for name in names)
    assert set(fields) <= set(names)
    assert all(field.label and field.description.endswith(".") for field in provider.secret_fields)


@every_secret
@pytest.mark.parametrize("odd", ["", " ", "x", "\0", "https://", "whsec_", "\ud800", "x" * 5_000])
def test_a_field_that_makes_no_sense_is_named_and_not_repeated(provider: Provider, odd: str) -> None:
    fields = SECRET_FIELDS[provider.key](ScriptedProvider("https://provider.example"))
    assert provider.secret is not None

    for name in fields:
        outcome = provider.secret.read({**fields, name: Secret(odd)})

        assert isinstance(outcome, OddField)
        assert outcome.name == name
        assert outcome.message.endswith(".")
        assert len(odd) < 10 or odd not in outcome.message


@every_provider
def test_an_unsigned_event_is_forged(provider: Provider) -> None:
    if provider.hooks is None:
        return

    for headers in ({}, {"X-Signature": "x"}, {"X-Slack-Signature": "", "X-Hub-Signature-256": "", "X-Gitlab-Token": ""}):
        request = SignedRequest(headers=headers, body=b"{}")
        assert provider.hooks.read(request, signing_secret=Secret("shh"), now=NOW) == Forged()


def test_missing_scopes_are_those_wanted_and_not_granted() -> None:
    assert missing_scopes(("b", "x"), wanted=("a", "b", "c")) == ("a", "c")
    assert missing_scopes(None, wanted=("a",)) == ()


def fault_of(outcome: object) -> Fault | None:
    """Return what is wrong, having seen that it can be shown to a person."""
    if not isinstance(outcome, Failure):
        return None
    assert 0 < len(outcome.message) <= 300
    assert outcome.message.isprintable()
    assert outcome.retry_after is None or 0 <= outcome.retry_after <= 3600
    return outcome.fault


async def outcomes_of(provider: Provider, call: Call, answers: Mapping[str, Wire]) -> Mapping[str, object]:
    outcomes: dict[str, object] = {}
    for name, wire in answers.items():
        async with scripted(lambda _, wire=wire: wire) as there, door_to(there) as outbound:  # type: ignore[misc]
            outcomes[name] = await call(provider, there, outbound)
    return outcomes


def _echo(asked: Asked, status: int) -> Wire:
    """Say back everything that came, wherever a provider has its words."""
    said = f"{asked.target} {dict(asked.headers)} {asked.body.decode('latin-1')} {' '.join(SECRETS)}"
    return http({"ok": False, "error": said, "error_description": said, "message": said, "errors": [said]}, status=status)
