"""Signing in at the issuer in a browser: the code flow (OpenID Connect Core 1.0, section 3.1) with PKCE (RFC 7636)."""

import hmac
from dataclasses import dataclass
from urllib.parse import quote_plus

import orjson
from joserfc.util import urlsafe_b64encode
from pydantic import BaseModel, ConfigDict, ValidationError

from app.oidc.compact import LONGEST
from app.oidc.discovery import Metadata
from app.outbound import BadAnswer, Basic, Endpoint, NotAllowed, Outbound, Request, Response, Unreachable
from app.sealing.secret import Secret, to_bytes
from app.text.json_text import NotJson, parse_json
from app.web import authorization_requests

_OK = 200
_DEADLINE = 10.0
_LARGEST = 256 * 1024
_SCOPE = "openid email"


@dataclass(frozen=True)
class Client:
    """The service as a client of the issuer."""

    id: str
    secret: Secret


@dataclass(frozen=True)
class Proofs:
    """The proofs that tie one sign-in to one browser, all of them made of what that browser's cookie holds.

    So nothing here has to be kept on the server, and a code that somebody else got hold of is worth nothing without the cookie.
    """

    nonce: Secret
    verifier: Secret

    @classmethod
    def of(cls, cookie: Secret) -> "Proofs":
        return cls(nonce=_derive(cookie, b"nonce"), verifier=_derive(cookie, b"code verifier"))

    @property
    def challenge(self) -> str:
        return authorization_requests.challenge_of(self.verifier)


@dataclass(frozen=True)
class Tokens:
    """The issuer's answer to the code: an ID token, which nobody has verified yet, and what its `at_hash` may be of."""

    id_token: Secret
    access_token: Secret | None


@dataclass(frozen=True)
class NoToken:
    """The issuer gave nothing for the code; `message` says why, for a person."""

    message: str


class _Answer(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, hide_input_in_errors=True)

    id_token: str
    access_token: str | None = None


def offers_sign_in(metadata: Metadata) -> bool:
    """Whether the issuer names where a browser signs in, and does not say that it lacks the proof keys that are sent there."""
    methods = metadata.code_challenge_methods_supported
    has_places = metadata.authorization_endpoint is not None and metadata.token_endpoint is not None
    return has_places and (methods is None or "S256" in methods)


def authorization_url(
    metadata: Metadata, *, client: Client, redirect_uri: str, state: Secret, proofs: Proofs, team_claim: str
) -> str:
    """Return where the browser is sent to sign in."""
    # Some issuers keep what a scope stands for out of the ID token (Core, section 5.4) unless it is asked for by name.
    wanted = {"id_token": dict.fromkeys(("email", "email_verified", team_claim))}
    return authorization_requests.authorization_url(
        metadata.authorization_endpoint or "",
        client_id=client.id,
        redirect_uri=redirect_uri,
        scope=_SCOPE,
        state=state.reveal(),
        challenge=proofs.challenge,
        nonce=proofs.nonce.reveal(),
        claims=orjson.dumps(wanted).decode() if metadata.claims_parameter_supported else None,
    )


async def exchange(
    code: Secret, *, metadata: Metadata, client: Client, redirect_uri: str, proofs: Proofs, outbound: Outbound
) -> Tokens | NoToken:
    """Trade the code for the tokens at the issuer, as its client and with the proof that belongs to the sign-in."""
    form: dict[str, str | Secret] = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": redirect_uri,
        "code_verifier": proofs.verifier,
    }
    credential = None
    if "client_secret_post" in metadata.token_endpoint_auth_methods_supported:
        form |= {"client_id": client.id, "client_secret": client.secret}
    else:
        # Form-encoded first (RFC 6749, section 2.3.1).
        credential = Basic(quote_plus(client.id), Secret(quote_plus(client.secret.reveal())))
    address = metadata.token_endpoint or ""
    request = Request("POST", address, form=form, credential=credential, endpoint=Endpoint("oidc", "token"))
    match await outbound.send(request, origin=address, deadline=_DEADLINE, max_bytes=_LARGEST):
        case Response(status=status, body=body):
            return _read(body) if status == _OK else NoToken(f"it answered with HTTP {status}")
        case NotAllowed():
            return NoToken("this server's address policy does not let calls go there")
        case Unreachable() | BadAnswer():
            return NoToken("it cannot be reached, or gave no answer that can be used")


def _read(body: bytes) -> Tokens | NoToken:
    parsed = parse_json(body)
    try:
        answer = _Answer.model_validate(None if isinstance(parsed, NotJson) else parsed)
    except ValidationError:
        return NoToken("there was no ID token in its answer")
    if len(answer.id_token) > LONGEST:
        return NoToken("its ID token is too long")
    return Tokens(Secret(answer.id_token), Secret(answer.access_token) if answer.access_token is not None else None)


def _derive(cookie: Secret, purpose: bytes) -> Secret:
    proof = hmac.digest(to_bytes(cookie), b"installed-apps oidc: " + purpose, "sha256")
    return Secret(urlsafe_b64encode(proof).decode())
