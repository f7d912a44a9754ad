import asyncio
import base64
import hashlib
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from tests.peers.gitlab import REDIRECT_URI, Doorkeeper

VERIFIER = "ks02i3jdikdo2k0dkfodf3m39rjfjsdk0wk349rj3jrhf"  # GitLab's own example (doc/api/oauth2.md)
CHALLENGE = "2i0WFA-0AerkjQm4X4oDEhqA17QIAKNjXpagHBXmO_U"
INVALID_GRANT = {
    "error": "invalid_grant",
    "error_description": "The provided authorization grant is invalid, expired, revoked, does not match the redirection URI"
    " used in the authorization request, or was issued to another client.",
}
REVOKED = {"error": "invalid_token", "error_description": "Token was revoked. You have to re-authorize from the user."}
EXPIRED = {
    "error": "invalid_token",
    "error_description": "Token is expired. You can either do re-authorization or token refresh.",
}


async def sign_in(peer: Doorkeeper) -> dict[str, Any]:
    answer = await peer.exchange(peer.client, await peer.code(peer.client))
    assert answer.status_code == 200, answer.text
    tokens: dict[str, Any] = answer.json()
    return tokens


def message(answer: httpx2.Response) -> tuple[int, Any]:
    return answer.status_code, answer.json()


async def test_a_user_who_consents_is_sent_back_with_a_code_and_the_state(doorkeeper: Doorkeeper) -> None:
    url = doorkeeper.authorize_url(doorkeeper.client, state="a state & more")

    callback = await doorkeeper.sign_in(url, user="grace")

    assert callback.startswith(f"{REDIRECT_URI}?")
    query = parse_qs(urlsplit(callback).query)
    assert query.keys() == {"code", "state"}
    assert query["state"] == ["a state & more"]


async def test_a_user_who_denies_is_sent_back_with_access_denied(doorkeeper: Doorkeeper) -> None:
    url = doorkeeper.authorize_url(doorkeeper.client, state="s")

    callback = await doorkeeper.sign_in(url, consents=False)

    query = parse_qs(urlsplit(callback).query)
    assert (query["error"], query["state"]) == (["access_denied"], ["s"])


async def test_another_redirect_uri_is_shown_and_not_followed(doorkeeper: Doorkeeper) -> None:
    url = doorkeeper.authorize_url(doorkeeper.client, redirect_uri="http://127.0.0.1:8000/elsewhere")

    answer = await doorkeeper.http.get(url, headers={"X-Signed-In-As": "ada"})

    assert answer.status_code == 200
    assert "The requested redirect uri is malformed" in answer.text


async def test_a_trusted_client_is_not_asked_about(doorkeeper: Doorkeeper) -> None:
    client = await doorkeeper.add_client(trusted=True)

    answer = await doorkeeper.http.get(doorkeeper.authorize_url(client), headers={"X-Signed-In-As": "ada"})

    assert answer.status_code == 302
    assert "code" in parse_qs(urlsplit(answer.headers["location"]).query)


async def test_a_code_becomes_tokens_of_two_hours(doorkeeper: Doorkeeper) -> None:
    tokens = await sign_in(doorkeeper)

    assert tokens.keys() == {"access_token", "token_type", "expires_in", "refresh_token", "scope", "created_at"}
    assert (tokens["token_type"], tokens["expires_in"], tokens["scope"]) == ("Bearer", 7200, "api read_user")
    assert len(tokens["access_token"]) == len(tokens["refresh_token"]) == 64


async def test_a_code_is_good_once(doorkeeper: Doorkeeper) -> None:
    code = await doorkeeper.code(doorkeeper.client)
    assert (await doorkeeper.exchange(doorkeeper.client, code)).status_code == 200

    assert message(await doorkeeper.exchange(doorkeeper.client, code)) == (400, INVALID_GRANT)


async def test_a_code_is_good_for_ten_minutes(doorkeeper: Doorkeeper) -> None:
    code = await doorkeeper.code(doorkeeper.client)

    await doorkeeper.age(doorkeeper.client, timedelta(minutes=10, seconds=1))

    assert message(await doorkeeper.exchange(doorkeeper.client, code)) == (400, INVALID_GRANT)


async def test_a_code_with_a_challenge_needs_its_verifier(doorkeeper: Doorkeeper) -> None:
    assert base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode() == CHALLENGE
    first, second = [
        await doorkeeper.code(doorkeeper.client, code_challenge=CHALLENGE, code_challenge_method="S256") for _ in range(2)
    ]

    wrong = await doorkeeper.exchange(doorkeeper.client, first, code_verifier=VERIFIER[::-1])
    none = await doorkeeper.exchange(doorkeeper.client, first)
    right = await doorkeeper.exchange(doorkeeper.client, second, code_verifier=VERIFIER)

    assert message(wrong) == (400, INVALID_GRANT)
    assert (none.status_code, none.json()["error"]) == (400, "invalid_request")
    assert right.status_code == 200


async def test_a_wrong_secret_is_refused_with_401(doorkeeper: Doorkeeper) -> None:
    code = await doorkeeper.code(doorkeeper.client)

    answer = await doorkeeper.exchange(doorkeeper.client, code, client_secret="wrong")

    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert answer.headers["www-authenticate"].startswith('Bearer realm="Doorkeeper", error="invalid_client"')
    assert (await doorkeeper.exchange(doorkeeper.client, code)).status_code == 200


async def test_a_renewed_secret_replaces_the_old_one_and_ends_no_token(doorkeeper: Doorkeeper) -> None:
    tokens = await sign_in(doorkeeper)

    renewed = await doorkeeper.renew_secret(doorkeeper.client)

    old = await doorkeeper.refresh(doorkeeper.client, tokens["refresh_token"])
    assert (old.status_code, old.json()["error"]) == (401, "invalid_client")
    assert (await doorkeeper.read("/api/v4/user", tokens["access_token"])).status_code == 200
    assert (await doorkeeper.refresh(renewed, tokens["refresh_token"])).status_code == 200


async def test_a_refresh_ends_both_tokens_at_once(doorkeeper: Doorkeeper) -> None:
    old = await sign_in(doorkeeper)

    answer = await doorkeeper.refresh(doorkeeper.client, old["refresh_token"])

    new = answer.json()
    assert (answer.status_code, new["expires_in"], new["scope"]) == (200, 7200, "api read_user")
    assert message(await doorkeeper.read("/api/v4/user", old["access_token"])) == (401, REVOKED)
    assert message(await doorkeeper.refresh(doorkeeper.client, old["refresh_token"])) == (400, INVALID_GRANT)
    assert (await doorkeeper.read("/api/v4/user", new["access_token"])).status_code == 200


async def test_a_refresh_need_not_say_where_the_code_was_sent(doorkeeper: Doorkeeper) -> None:
    tokens = await sign_in(doorkeeper)

    elsewhere = await doorkeeper.refresh(
        doorkeeper.client, tokens["refresh_token"], redirect_uri="http://127.0.0.1:8000/elsewhere"
    )
    nowhere = await doorkeeper.refresh(doorkeeper.client, elsewhere.json()["refresh_token"], redirect_uri="")

    assert (elsewhere.status_code, nowhere.status_code) == (200, 200)


async def test_of_two_refreshes_at_once_one_is_refused(doorkeeper: Doorkeeper) -> None:
    tokens = await sign_in(doorkeeper)

    answers = await asyncio.gather(*(doorkeeper.refresh(doorkeeper.client, tokens["refresh_token"]) for _ in range(5)))

    assert sorted(answer.status_code for answer in answers) == [200, 400, 400, 400, 400]


async def test_an_expired_access_token_says_so_and_can_still_be_refreshed(doorkeeper: Doorkeeper) -> None:
    tokens = await sign_in(doorkeeper)

    await doorkeeper.age(doorkeeper.client, timedelta(hours=2, seconds=1))

    assert message(await doorkeeper.read("/api/v4/user", tokens["access_token"])) == (401, EXPIRED)
    assert (await doorkeeper.refresh(doorkeeper.client, tokens["refresh_token"])).status_code == 200


@pytest.mark.parametrize("given", ["access_token", "refresh_token"])
async def test_revoking_either_token_ends_both(doorkeeper: Doorkeeper, given: str) -> None:
    tokens = await sign_in(doorkeeper)

    answer = await doorkeeper.revoke(doorkeeper.client, tokens[given])

    assert message(answer) == (200, {})
    assert message(await doorkeeper.read("/api/v4/user", tokens["access_token"])) == (401, REVOKED)
    assert message(await doorkeeper.refresh(doorkeeper.client, tokens["refresh_token"])) == (400, INVALID_GRANT)


@pytest.mark.parametrize("given", ["access_token", "refresh_token"])
async def test_revoking_once_the_access_token_has_expired_says_ok_and_leaves_the_refresh_token_alive(
    doorkeeper: Doorkeeper, given: str
) -> None:
    tokens = await sign_in(doorkeeper)
    await doorkeeper.age(doorkeeper.client, timedelta(hours=2, seconds=1))

    answer = await doorkeeper.revoke(doorkeeper.client, tokens[given])

    assert message(answer) == (200, {})
    assert (await doorkeeper.refresh(doorkeeper.client, tokens["refresh_token"])).status_code == 200


async def test_revoking_what_was_never_given_is_fine_and_what_is_anothers_is_forbidden(doorkeeper: Doorkeeper) -> None:
    tokens = await sign_in(doorkeeper)
    other = await doorkeeper.add_client()

    unknown = await doorkeeper.revoke(other, "never given")
    foreign = await doorkeeper.revoke(other, tokens["access_token"])

    assert message(unknown) == (200, {})
    assert (foreign.status_code, foreign.json()["error"]) == (403, "unauthorized_client")
    assert (await doorkeeper.read("/api/v4/user", tokens["access_token"])).status_code == 200


async def test_a_deleted_client_takes_its_tokens_along(doorkeeper: Doorkeeper) -> None:
    tokens = await sign_in(doorkeeper)

    await doorkeeper.delete_client(doorkeeper.client)

    refused = {"error": "invalid_token", "error_description": "Bad Access Token."}
    assert message(await doorkeeper.read("/api/v4/user", tokens["access_token"])) == (401, refused)


async def test_token_info_tells_of_a_live_token_only(doorkeeper: Doorkeeper) -> None:
    tokens = await sign_in(doorkeeper)
    user = (await doorkeeper.read("/api/v4/user", tokens["access_token"])).json()

    live = await doorkeeper.read("/oauth/token/info", tokens["access_token"])
    dead = await doorkeeper.read("/oauth/token/info", "dead")

    told = live.json()
    assert (told["resource_owner_id"], told["scope"], told["application"]) == (
        user["id"],
        ["api", "read_user"],
        {"uid": doorkeeper.client.id},
    )
    assert 7100 < told["expires_in"] <= 7200
    assert (dead.status_code, dead.json()["error"]) == (401, "invalid_token")


async def test_the_api_knows_whose_token_it_is(doorkeeper: Doorkeeper) -> None:
    grace = (await doorkeeper.exchange(doorkeeper.client, await doorkeeper.code(doorkeeper.client, user="grace"))).json()

    user = await doorkeeper.read("/api/v4/user", grace["access_token"])
    version = await doorkeeper.read("/api/v4/version", grace["access_token"])
    nobody = await doorkeeper.http.get("/api/v4/version")

    assert (user.json()["username"], user.json()["name"]) == ("grace", "Grace")
    assert version.json().keys() == {"version", "revision"}
    assert message(nobody) == (401, {"message": "401 Unauthorized"})


async def test_a_token_without_a_fitting_scope_is_forbidden(doorkeeper: Doorkeeper) -> None:
    client = await doorkeeper.add_client(scopes="read_repository")
    tokens = (await doorkeeper.exchange(client, await doorkeeper.code(client))).json()

    answer = await doorkeeper.read("/api/v4/user", tokens["access_token"])

    assert (answer.status_code, answer.json()["error"]) == (403, "insufficient_scope")
