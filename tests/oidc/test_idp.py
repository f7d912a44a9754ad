"""The tests' own provider is one: a client that others wrote completes the flow against it, and believes its tokens."""

import json
from datetime import UTC, datetime
from typing import Any
from urllib.request import ProxyHandler, build_opener

import pytest
from authlib.common.security import generate_token  # type: ignore[import-untyped]  # it has no stubs
from authlib.integrations.requests_client import OAuth2Session, OAuthError  # type: ignore[import-untyped]  # it has no stubs
from joserfc import jwt
from joserfc.jwk import KeySet

from app.clock import SystemClock
from tests.oidc.idp import CLIENT_ID, CLIENT_SECRET, Idp, run_idp


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_authlibs_client_signs_in_at_it(method: str) -> None:
    with run_idp(SystemClock()) as idp:
        idp.person = {"sub": "ada", "email": "ada@example.com", "email_verified": True}
        metadata = fetched(f"{idp.url}/.well-known/openid-configuration")
        session = session_at(idp, method)
        nonce, verifier = generate_token(30), generate_token(60)
        url, state = session.create_authorization_url(metadata["authorization_endpoint"], nonce=nonce, code_verifier=verifier)

        answer = session.get(url, allow_redirects=False, withhold_token=True)
        tokens = session.fetch_token(
            metadata["token_endpoint"],
            authorization_response=answer.headers["location"],
            state=state,
            code_verifier=verifier,
        )

        keys = KeySet.import_key_set(fetched(metadata["jwks_uri"]))
        claims = jwt.decode(tokens["id_token"], keys, algorithms=["RS256"]).claims
        rules = jwt.JWTClaimsRegistry(
            now=int(datetime.now(UTC).timestamp()),
            iss={"essential": True, "value": idp.url},
            aud={"essential": True, "value": CLIENT_ID},
            nonce={"essential": True, "value": nonce},
            exp={"essential": True},
        )
        rules.validate(claims)
        assert (claims["sub"], claims["email"], claims["email_verified"]) == ("ada", "ada@example.com", True)


def test_it_refuses_a_code_without_its_verifier() -> None:
    with run_idp(SystemClock()) as idp:
        session = session_at(idp, "client_secret_basic")
        url, state = session.create_authorization_url(f"{idp.url}/authorize", nonce="n", code_verifier=generate_token(60))
        answer = session.get(url, allow_redirects=False, withhold_token=True)

        with pytest.raises(OAuthError, match="invalid_grant"):
            session.fetch_token(f"{idp.url}/token", authorization_response=answer.headers["location"], state=state)


def session_at(idp: Idp, method: str) -> OAuth2Session:
    session = OAuth2Session(
        CLIENT_ID,
        CLIENT_SECRET,
        token_endpoint_auth_method=method,
        scope="openid email",
        redirect_uri="https://client.example/callback",
        code_challenge_method="S256",
    )
    session.trust_env = False
    assert idp.url
    return session


def fetched(url: str) -> Any:
    with build_opener(ProxyHandler({})).open(url) as answer:
        return json.load(answer)
