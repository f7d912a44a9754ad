"""Authorization requests (RFC 6749, section 4.1.1) with a proof key (RFC 7636), written by Authlib."""

from authlib.oauth2.rfc6749.parameters import prepare_grant_uri  # type: ignore[import-untyped]  # it has no stubs
from authlib.oauth2.rfc7636 import create_s256_code_challenge  # type: ignore[import-untyped]  # it has no stubs

from app.sealing.secret import Secret


def authorization_url(
    endpoint: str, *, client_id: str, redirect_uri: str, scope: str, state: str, challenge: str, **more: str | None
) -> str:
    """Return the endpoint's address with what is asked there; a query of its own stays, and what is None is left out."""
    proof = {"code_challenge": challenge, "code_challenge_method": "S256"}
    return str(prepare_grant_uri(endpoint, client_id, "code", redirect_uri, scope, state, **proof, **more))


def challenge_of(verifier: Secret) -> str:
    """Return the code challenge of the method S256 (RFC 7636, section 4.2)."""
    return str(create_s256_code_challenge(verifier.reveal()))
