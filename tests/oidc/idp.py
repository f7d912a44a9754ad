"""An OpenID provider on a port of its own, in a test's hands: its keys, its people, what it answers, and what it was asked."""

import base64
import hashlib
import json
import secrets
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, urlencode

from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from app.clock import Clock
from app.outbound import Outbound
from app.sandbox.control import ABOUT
from app.settings import Settings
from tests.servers import run_server

CLIENT_ID = "installed-apps"
CLIENT_SECRET = "5f1c9a7e-secret-of-the-client"
AUDIENCE = "https://apps.example.com/graphql"
TEAM_CLAIM = "team_id"

Key = RSAKey | ECKey | OKPKey


@cache
def key_named(kid: str) -> Key:
    """Return a private key: what it is follows from what its name begins with (rsa, ec, ed; for forgeries p384 and ed448)."""
    match kid.partition("-")[0]:
        case "rsa":
            return RSAKey.generate_key(2048)
        case "ec":
            return ECKey.generate_key("P-256")
        case "p384":
            return ECKey.generate_key("P-384")
        case "ed448":
            return OKPKey.generate_key("Ed448")
        case _:
            return OKPKey.generate_key("Ed25519")


def encode(content: bytes | Mapping[str, Any]) -> str:
    """Return base64url of the bytes, or of the JSON."""
    text = content if isinstance(content, bytes) else json.dumps(content).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def sign(header: bytes | Mapping[str, Any], payload: bytes | Mapping[str, Any], *, alg: str, key: Any) -> str:
    """Return a compact token, signed by an algorithm that need not be the one that its header names."""
    signed = f"{encode(header)}.{encode(payload)}"
    return f"{signed}.{encode(JWSRegistry.algorithms[alg].sign(signed.encode(), key))}"


@dataclass
class Idp:
    """The provider. `asked` counts requests by path; what stands in `instead` for a path is answered in place of the usual."""

    clock: Clock
    url: str = ""
    kids: list[str] = field(default_factory=lambda: ["rsa-1", "ec-1", "ed-1"])
    person: dict[str, Any] = field(default_factory=dict)
    """The claims of whoever sits in front of the browser."""
    metadata: dict[str, Any] = field(default_factory=dict)
    """What its metadata says otherwise than usual; None: nothing."""
    instead: dict[str, Response] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)
    signs: dict[str, Any] = field(default_factory=dict)
    """What its ID tokens say otherwise than usual."""
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    forms: list[dict[str, str]] = field(default_factory=list)
    id_tokens: list[str] = field(default_factory=list)
    client_secret: str = CLIENT_SECRET
    answer_also: dict[str, str] = field(default_factory=dict)
    """What stands in the redirect back otherwise than usual."""

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    @property
    def now(self) -> int:
        return int(self.clock.now().timestamp())

    def outbound(self) -> Outbound:
        """Return a way out that leads here, as it leads to the sandbox: over http, to this port alone."""
        return Outbound(sandbox=("127.0.0.1", self.port))

    def settings(self, **more: Any) -> Settings:
        oidc = {"oidc_issuer": self.url, "oidc_audience": AUDIENCE, "oidc_team_claim": TEAM_CLAIM}
        client = {"oidc_client_id": CLIENT_ID, "oidc_client_secret": self.client_secret}
        return Settings(**{**oidc, **client, **more})

    def claims(self, **more: Any) -> dict[str, Any]:
        """Return the claims of a good access token, with what is given in place; None leaves one out."""
        usual = {"iss": self.url, "sub": "ada", "aud": AUDIENCE, "iat": self.now, "exp": self.now + 300}
        return {name: value for name, value in {**usual, **self.person, **more}.items() if value is not None}

    def token(self, *, kid: str = "rsa-1", alg: str = "RS256", header: Mapping[str, Any] | None = None, **more: Any) -> str:
        """Return an access token as the provider signs them."""
        named = {"alg": alg, "kid": kid, "typ": "at+jwt", **(header or {})}
        return sign(named, self.claims(**more), alg=alg, key=key_named(kid))

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._answer_usually(self._metadata)),
                Route("/jwks", self._answer_usually(self._jwks)),
                Route("/authorize", self._answer_usually(self._authorize)),
                Route("/token", self._answer_usually(self._token), methods=["POST"]),
                Route("/control/about", lambda _: JSONResponse(ABOUT)),  # in whose place it stands, to be reached over http
            ]
        )

    def _answer_usually(self, usual: Any) -> Any:
        async def answer(request: Request) -> Response:
            self.asked[request.url.path] += 1
            instead = self.instead.get(request.url.path)
            return instead if instead is not None else await usual(request)

        return answer

    async def _metadata(self, _: Request) -> Response:
        said = {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/jwks",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256", "PS256", "ES256", "EdDSA"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
            **self.metadata,
        }
        return JSONResponse({name: value for name, value in said.items() if value is not None})

    async def _jwks(self, _: Request) -> Response:
        public = [{**key_named(kid).as_dict(private=False), "kid": kid, "use": "sig"} for kid in self.kids]
        return JSONResponse({"keys": public})

    async def _authorize(self, request: Request) -> Response:
        asked = dict(request.query_params)
        code = secrets.token_urlsafe(24)
        self.codes[code] = asked
        back = {"code": code, "state": asked["state"], "iss": self.url} | self.answer_also
        return RedirectResponse(f"{asked['redirect_uri']}?{urlencode({k: v for k, v in back.items() if v})}", 302)

    async def _token(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode(), strict_parsing=True))
        self.forms.append({**form, "authorization": request.headers.get("authorization", "")})
        begun = self.codes.pop(form.get("code", ""), None)
        if begun is None or not _is_due(form, begun) or not self._is_client(request, form):
            return JSONResponse({"error": "invalid_grant"}, 400)
        usual = {"aud": begun["client_id"], "nonce": begun["nonce"]} | self.signs
        kid = self.kids[0]
        id_token = sign({"alg": "RS256", "kid": kid}, self.claims(**usual), alg="RS256", key=key_named(kid))
        self.id_tokens.append(id_token)
        return JSONResponse({"access_token": "of-no-use", "token_type": "Bearer", "expires_in": 300, "id_token": id_token})

    def _is_client(self, request: Request, form: Mapping[str, str]) -> bool:
        if "client_secret" in form:
            return (form["client_id"], form["client_secret"]) == (CLIENT_ID, self.client_secret)
        kind, _, pair = request.headers.get("authorization", "").partition(" ")
        [(id_, secret)] = parse_qsl(base64.b64decode(pair).decode().replace(":", "=", 1), strict_parsing=True)
        return (kind, id_, secret) == ("Basic", CLIENT_ID, self.client_secret)


def _is_due(form: Mapping[str, str], begun: Mapping[str, str]) -> bool:
    challenge = encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
    return (
        form.get("grant_type") == "authorization_code"
        and form.get("redirect_uri") == begun["redirect_uri"]
        and begun["code_challenge_method"] == "S256"
        and challenge == begun["code_challenge"]
    )


@contextmanager
def run_idp(clock: Clock) -> Iterator[Idp]:
    idp = Idp(clock)
    with run_server(idp.app()) as url:
        idp.url = url
        yield idp
