"""GitLab's sign-in, refresh and revocation against Doorkeeper, the library that GitLab's own OAuth runs on."""

import base64
import hashlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from app.outbound import Outbound
from app.providers.contract import Alive, Authorized, Client, Failure, Fault, Identity, Tokens, Unwanted
from app.providers.gitlab import provider as gitlab
from app.providers.gitlab.tokens import revoke
from app.providers.hosting import Server
from app.sealing.secret import Secret
from tests.peers.gitlab import REDIRECT_URI, Doorkeeper
from tests.providers.git_doors import authorized_at, client_at, door_to_url, origin_at

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


@pytest.fixture
async def outbound(doorkeeper: Doorkeeper) -> AsyncIterator[Outbound]:
    async with door_to_url(doorkeeper.url) as opened:
        yield opened


@pytest.fixture
def client(doorkeeper: Doorkeeper) -> Client:
    return client_at(doorkeeper.url, id=doorkeeper.client.id, secret=doorkeeper.client.secret)


async def consent(peer: Doorkeeper, client: Client, *, user: str = "ada", state: str = "a state & more") -> str:
    url = gitlab.authorize_url(client=client, redirect_uri=REDIRECT_URI, state=state, challenge=CHALLENGE, account_id=None)
    query = parse_qs(urlsplit(await peer.sign_in(url, user=user)).query)
    assert query["state"] == [state]
    return query["code"][0]


async def exchange(
    client: Client, code: str, outbound: Outbound, *, verifier: str = VERIFIER
) -> tuple[Tokens, Identity] | Unwanted | Failure:
    return await gitlab.exchange(
        client=client, code=Secret(code), verifier=Secret(verifier), redirect_uri=REDIRECT_URI, now=NOW, outbound=outbound
    )


async def sign_in(peer: Doorkeeper, client: Client, outbound: Outbound, *, user: str = "ada") -> tuple[Tokens, Identity]:
    signed_in = await exchange(client, await consent(peer, client, user=user), outbound)
    assert isinstance(signed_in, tuple), signed_in
    return signed_in


async def renew(client: Client, tokens: Tokens, outbound: Outbound, *, redirect_uri: str = REDIRECT_URI) -> Tokens | Failure:
    assert tokens.refresh is not None
    return await gitlab.refresh(
        client=client, refresh_token=tokens.refresh, redirect_uri=redirect_uri, now=NOW, outbound=outbound
    )


def speaking(client: Client, tokens: Tokens) -> Authorized:
    return authorized_at(client.base_url, tokens.access.reveal())


async def fault_of_check(client: Client, tokens: Tokens, outbound: Outbound) -> Fault | None:
    answer = await gitlab.check(authorized=speaking(client, tokens), outbound=outbound)
    return answer.fault if isinstance(answer, Failure) else None


async def test_a_sign_in_brings_tokens_of_two_hours_and_who_it_was(
    doorkeeper: Doorkeeper, client: Client, outbound: Outbound
) -> None:
    tokens, identity = await sign_in(doorkeeper, client, outbound, user="grace")

    assert tokens.expires_at is not None
    # Doorkeeper says how many seconds are left: on a busy machine some are gone.
    assert timedelta(0) <= NOW + timedelta(hours=2) - tokens.expires_at < timedelta(minutes=1)
    assert tokens.scopes == ("api",)
    assert tokens.refresh is not None
    assert (identity.account_name, identity.url) == ("grace", f"{doorkeeper.url}/grace")
    assert await gitlab.check(authorized=speaking(client, tokens), outbound=outbound) == Alive(identity)


async def test_a_code_works_once_and_with_its_verifier_alone(doorkeeper: Doorkeeper, client: Client, outbound: Outbound) -> None:
    code, other = await consent(doorkeeper, client), await consent(doorkeeper, client)
    await exchange(client, code, outbound)

    again = await exchange(client, code, outbound)
    unproven = await exchange(client, other, outbound, verifier=VERIFIER[::-1])

    assert isinstance(again, Failure)
    assert isinstance(unproven, Failure)
    assert (again.fault, unproven.fault) == (Fault.REFUSED, Fault.REFUSED)


async def test_a_client_with_a_wrong_secret_or_none_that_is_known_is_refused(
    doorkeeper: Doorkeeper, client: Client, outbound: Outbound
) -> None:
    tokens, _ = await sign_in(doorkeeper, client, outbound)
    impostors = [
        client_at(client.base_url, id=client.id, secret="wrong"),
        client_at(client.base_url, id="unknown", secret=client.secret.reveal()),
    ]

    for impostor in impostors:
        signed_in = await exchange(impostor, await consent(doorkeeper, client), outbound)
        renewed = await renew(impostor, tokens, outbound)
        given_back = await revoke(client=impostor, access=tokens.access, outbound=outbound)

        faults = [one.fault for one in (signed_in, renewed, given_back) if isinstance(one, Failure)]
        assert faults == [Fault.CLIENT_REFUSED] * 3
    assert await fault_of_check(client, tokens, outbound) is None


async def test_a_refresh_ends_the_old_pair_and_brings_a_new_one(
    doorkeeper: Doorkeeper, client: Client, outbound: Outbound
) -> None:
    old, identity = await sign_in(doorkeeper, client, outbound)

    new = await renew(client, old, outbound)

    assert isinstance(new, Tokens)
    assert (new.expires_at, new.scopes) == (NOW + timedelta(hours=2), ("api",))
    assert await gitlab.check(authorized=speaking(client, new), outbound=outbound) == Alive(identity)
    assert await fault_of_check(client, old, outbound) is Fault.DEAD_GRANT
    again = await renew(client, old, outbound)
    assert isinstance(again, Failure)
    assert again.fault is Fault.DEAD_GRANT
    assert await fault_of_check(client, new, outbound) is None


async def test_a_refresh_needs_no_living_access_token(doorkeeper: Doorkeeper, client: Client, outbound: Outbound) -> None:
    tokens, _ = await sign_in(doorkeeper, client, outbound)
    await doorkeeper.age(doorkeeper.client, timedelta(hours=3))

    expired = await fault_of_check(client, tokens, outbound)
    renewed = await renew(client, tokens, outbound)

    assert expired is Fault.EXPIRED
    assert isinstance(renewed, Tokens)
    assert await fault_of_check(client, renewed, outbound) is None


async def test_a_new_secret_of_the_client_keeps_its_tokens(doorkeeper: Doorkeeper, client: Client, outbound: Outbound) -> None:
    tokens, _ = await sign_in(doorkeeper, client, outbound)
    renewed = await doorkeeper.renew_secret(doorkeeper.client)

    refused = await renew(client, tokens, outbound)
    accepted = await renew(client_at(client.base_url, id=client.id, secret=renewed.secret), tokens, outbound)

    assert isinstance(refused, Failure)
    assert refused.fault is Fault.CLIENT_REFUSED
    assert isinstance(accepted, Tokens)


async def test_a_token_given_back_is_dead_with_its_refresh_token(
    doorkeeper: Doorkeeper, client: Client, outbound: Outbound
) -> None:
    tokens, _ = await sign_in(doorkeeper, client, outbound)
    others, _ = await sign_in(doorkeeper, client, outbound, user="grace")

    first = await revoke(client=client, access=tokens.access, outbound=outbound)
    second = await revoke(client=client, access=tokens.access, outbound=outbound)
    unknown = await revoke(client=client, access=Secret("0" * 64), outbound=outbound)

    assert (first, second, unknown) == (None, None, None)
    assert await fault_of_check(client, tokens, outbound) is Fault.DEAD_GRANT
    renewed = await renew(client, tokens, outbound)
    assert isinstance(renewed, Failure)
    assert renewed.fault is Fault.DEAD_GRANT
    assert await fault_of_check(client, others, outbound) is None


async def test_another_clients_token_cannot_be_given_back(doorkeeper: Doorkeeper, client: Client, outbound: Outbound) -> None:
    tokens, _ = await sign_in(doorkeeper, client, outbound)
    other = await doorkeeper.add_client()

    failure = await revoke(
        client=client_at(client.base_url, id=other.id, secret=other.secret), access=tokens.access, outbound=outbound
    )

    assert failure is not None
    assert failure.fault is Fault.CLIENT_REFUSED
    assert await fault_of_check(client, tokens, outbound) is None


async def test_the_tokens_of_a_deleted_client_are_dead(doorkeeper: Doorkeeper, client: Client, outbound: Outbound) -> None:
    tokens, _ = await sign_in(doorkeeper, client, outbound)

    await doorkeeper.delete_client(doorkeeper.client)

    assert await fault_of_check(client, tokens, outbound) is Fault.DEAD_GRANT
    renewed = await renew(client, tokens, outbound)
    assert isinstance(renewed, Failure)
    assert renewed.fault is Fault.DEAD_GRANT


async def test_the_server_is_known_by_how_it_refuses_nobody(doorkeeper: Doorkeeper, outbound: Outbound) -> None:
    found = await gitlab.HOSTING.find_server(
        base_url=doorkeeper.url, origin=origin_at(doorkeeper.url), certificates=None, outbound=outbound
    )

    assert found == Server("unknown")
