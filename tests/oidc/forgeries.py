"""JWTs that are not the issuer's word: each by its name, made anew for the provider that it is to pass for.

`FORGED` are refused whoever they name; `STRANGERS` are the issuer's word indeed, but name nobody here.
"""

import base64
import json
import zlib
from collections.abc import Callable, Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from joserfc import jwe
from joserfc.jwk import OctKey

from tests.oidc.idp import Idp, encode, key_named, sign

Forge = Callable[[Idp], str]

_GOOD = {"alg": "RS256", "kid": "rsa-1", "typ": "at+jwt"}


def _with_header(**changed: Any) -> Forge:
    """Sign well, by a header that says something else; None leaves it out."""

    def forge(idp: Idp) -> str:
        header = {name: value for name, value in {**_GOOD, **changed}.items() if value is not None}
        return sign(header, idp.claims(), alg="RS256", key=key_named("rsa-1"))

    return forge


def _with_claims(**changed: Any) -> Forge:
    """Let the issuer sign it: only what it says is wrong."""
    return lambda idp: idp.token(**changed)


def _with_payload(change: Callable[[bytes], bytes]) -> Forge:
    return lambda idp: sign(_GOOD, change(json.dumps(idp.claims()).encode()), alg="RS256", key=key_named("rsa-1"))


def _signed(alg: str, key: Callable[[], Any], header: Mapping[str, Any]) -> Forge:
    return lambda idp: sign({**_GOOD, **header}, idp.claims(), alg=alg, key=key())


def _respelled(change: Callable[[str], str]) -> Forge:
    """Take a good token and write it in another way."""
    return lambda idp: change(idp.token())


def _with_signature(signature: bytes, header: Mapping[str, Any] = _GOOD) -> Forge:
    return lambda idp: f"{encode(header)}.{encode(idp.claims())}.{encode(signature)}"


def _unsigned(alg: str) -> Forge:
    return _with_signature(b"", {**_GOOD, "alg": alg})


class _Octets:
    """An HMAC key of any bytes: the library itself would not make one of a public key, or of nothing."""

    def __init__(self, content: bytes) -> None:
        self._content = content or bytes(64)  # what an empty key is padded to (RFC 2104, section 2)

    def get_op_key(self, _: str) -> bytes:
        return self._content


def _public_pem() -> _Octets:
    return _Octets(key_named("rsa-1").as_pem(private=False))


def _modulus() -> _Octets:
    return _Octets(base64.urlsafe_b64decode(f"{key_named('rsa-1').as_dict(private=False)['n']}=="))


def _brought_key() -> dict[str, Any]:
    return dict(key_named("rsa-mine").as_dict(private=False))


def _last_bit_flipped(token: str) -> str:
    """Change a bit of the last character that no byte is made of: the same signature, in another spelling."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return token[:-1] + alphabet[alphabet.index(token[-1]) ^ 1]


def _tampered(idp: Idp) -> str:
    header, _, signature = idp.token().split(".")
    return f"{header}.{encode(idp.claims(sub='eve'))}.{signature}"


def _in_der(idp: Idp) -> str:
    token = idp.token(kid="ec-1", alg="ES256")
    raw = base64.urlsafe_b64decode(token.rpartition(".")[2] + "==")
    der = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    return f"{token.rpartition('.')[0]}.{encode(der)}"


def _encrypted(idp: Idp) -> str:
    header = {"alg": "dir", "enc": "A256GCM", "kid": "rsa-1"}
    return jwe.encrypt_compact(header, json.dumps(idp.claims()), OctKey.import_key(b"0" * 32))


def _in_json(idp: Idp) -> str:
    protected, payload, signature = idp.token().split(".")
    return json.dumps({"protected": protected, "payload": payload, "signature": signature})


def _without_signatures(idp: Idp) -> str:
    return json.dumps({"payload": encode(idp.claims()), "signatures": []})


def _compressed(idp: Idp) -> str:
    packed = zlib.compress(json.dumps(idp.claims()).encode())[2:-4]
    return sign({**_GOOD, "zip": "DEF"}, packed, alg="RS256", key=key_named("rsa-1"))


def _with_detached_payload(idp: Idp) -> str:
    header, _, signature = idp.token().split(".")
    return f"{header}..{signature}"


def _unencoded(idp: Idp) -> str:
    header = {**_GOOD, "b64": False, "crit": ["b64"]}
    signed = f"{encode(header)}.{json.dumps(idp.claims())}".encode()
    from_key = sign(header, b"", alg="RS256", key=key_named("rsa-1")).rpartition(".")[2]
    return f"{signed.decode()}.{from_key}"


def _in_standard_base64(idp: Idp) -> str:
    while not {"-", "_"} & set(token := idp.token(jti=base64.b64encode(idp.asked.total().to_bytes(8, "big")).decode())):
        idp.asked["(tries)"] += 1
    return token.replace("-", "+").replace("_", "/")


def _nested(idp: Idp) -> str:
    return sign({**_GOOD, "cty": "JWT"}, idp.token().encode(), alg="RS256", key=key_named("rsa-1"))


ALGORITHMS: dict[str, Forge] = {
    **{f"alg {name}, no signature": _unsigned(name) for name in ("none", "None", "nOnE", "NONE", "")},
    "alg none, signed all the same": _with_header(alg="none"),
    "no alg": _with_header(alg=None),
    "alg a list": _with_header(alg=["RS256"]),
    "alg a number": _with_header(alg=256),
    "alg in lower case": _with_header(alg="rs256"),
    "HS256 with the public key's PEM": _signed("HS256", _public_pem, {"alg": "HS256"}),
    "HS256 with the public key's modulus": _signed("HS256", _modulus, {"alg": "HS256"}),
    "HS256 with an empty key": _signed("HS256", lambda: _Octets(b""), {"alg": "HS256"}),
    "HS256 with an empty key, called RS256": _signed("HS256", lambda: _Octets(b""), {}),
    "HS512 with a guessed key": _signed("HS512", lambda: _Octets(b"secret"), {"alg": "HS512"}),
    "RS384, signed well": _signed("RS384", lambda: key_named("rsa-1"), {"alg": "RS384"}),
    "RS512, signed well": _signed("RS512", lambda: key_named("rsa-1"), {"alg": "RS512"}),
    "PS512, signed well": _signed("PS512", lambda: key_named("rsa-1"), {"alg": "PS512"}),
    "ES384, signed well": _signed("ES384", lambda: key_named("p384-1"), {"alg": "ES384", "kid": "p384-1"}),
    "Ed448 in place of Ed25519": _signed("EdDSA", lambda: key_named("ed448-1"), {"alg": "EdDSA", "kid": "ed448-1"}),
    "signed by PS256, called RS256": _signed("PS256", lambda: key_named("rsa-1"), {}),
    "signed by RS256, called PS256": _with_header(alg="PS256"),
    "RS256 by the EC key's id": _with_header(kid="ec-1"),
    "ES256 by the RSA key's id": _signed("ES256", lambda: key_named("ec-1"), {"alg": "ES256"}),
    "ES256 by the Ed25519 key's id": _signed("ES256", lambda: key_named("ec-1"), {"alg": "ES256", "kid": "ed-1"}),
}

KEYS: dict[str, Forge] = {
    "another issuer's key under our key's id": _signed("RS256", lambda: key_named("rsa-mine"), {}),
    "a key that is not published": _signed("RS256", lambda: key_named("rsa-2"), {"kid": "rsa-2"}),
    "a key brought along as jwk": _signed("RS256", lambda: key_named("rsa-mine"), {"jwk": _brought_key()}),
    "a key brought along as jwk, without a kid": lambda idp: sign(
        {"alg": "RS256", "typ": "JWT", "jwk": _brought_key()}, idp.claims(), alg="RS256", key=key_named("rsa-mine")
    ),
    "jku": lambda idp: sign({**_GOOD, "jku": f"{idp.url}/mine"}, idp.claims(), alg="RS256", key=key_named("rsa-mine")),
    "jku, signed well": lambda idp: idp.token(header={"jku": f"{idp.url}/jwks"}),
    "x5u": lambda idp: sign({**_GOOD, "x5u": f"{idp.url}/mine.pem"}, idp.claims(), alg="RS256", key=key_named("rsa-mine")),
    "x5c": _with_header(x5c=["MIIB"]),
    "no kid": _with_header(kid=None),
    "kid empty": _with_header(kid=""),
    "kid a number": _with_header(kid=1),
    "kid a list": _with_header(kid=["rsa-1"]),
    "kid a path": _with_header(kid="../../../../dev/null"),
    "kid SQL": _with_header(kid="rsa-1' OR '1'='1"),
    "kid an address": lambda idp: idp.token(header={"kid": f"{idp.url}/mine"}),
    "kid with a NUL": _with_header(kid="rsa-1\0"),
    "kid of thousands of characters": _with_header(kid="k" * 3000),
    "kid in another case": _with_header(kid="RSA-1"),
}

HEADERS: dict[str, Forge] = {
    "no typ": _with_header(typ=None),
    "typ of a logout token": _with_header(typ="logout+jwt"),
    "typ of an ID token's envelope": _with_header(typ="JWE"),
    "typ a number": _with_header(typ=1),
    "crit": _with_header(crit=["exp"]),
    "crit, empty": _with_header(crit=[]),
    "crit of something unheard of": _with_header(crit=["urn:mine"], **{"urn:mine": True}),
    "b64 true": _with_header(b64=True),
    "b64 false": _with_header(b64=False, crit=["b64"]),
    "b64 false, with the payload as it is": _unencoded,
    "zip": _compressed,
    "the header says alg twice": lambda idp: sign(
        b'{"alg":"none","alg":"RS256","kid":"rsa-1","typ":"JWT"}', idp.claims(), alg="RS256", key=key_named("rsa-1")
    ),
    "the header is a list": lambda idp: sign(b'["RS256"]', idp.claims(), alg="RS256", key=key_named("rsa-1")),
    "the header is no JSON": lambda idp: sign(b"RS256", idp.claims(), alg="RS256", key=key_named("rsa-1")),
    "the header is no UTF-8": lambda idp: sign(b'{"alg":"RS256\xff"}', idp.claims(), alg="RS256", key=key_named("rsa-1")),
}

CLAIMS: dict[str, Forge] = {
    "no iss": _with_claims(iss=None),
    "iss another": _with_claims(iss="https://evil.example"),
    "iss with a slash": lambda idp: idp.token(iss=f"{idp.url}/"),
    "iss a list": lambda idp: idp.token(iss=[idp.url]),
    "no sub": _with_claims(sub=None),
    "sub empty": _with_claims(sub=""),
    "sub a list": _with_claims(sub=["ada"]),
    "sub a number": _with_claims(sub=1),
    "no aud": _with_claims(aud=None),
    "aud another": _with_claims(aud="https://elsewhere.example"),
    "aud the beginning of ours": _with_claims(aud="https://apps.example.com"),
    "aud longer than ours": _with_claims(aud="https://apps.example.com/graphql/"),
    "aud an empty list": _with_claims(aud=[]),
    "aud a list of others": _with_claims(aud=["https://elsewhere.example", "x"]),
    "aud a list with a number": _with_claims(aud=["https://apps.example.com/graphql", 1]),
    "aud an object": _with_claims(aud={"https://apps.example.com/graphql": True}),
    "no exp": _with_claims(exp=None),
    "exp in the past": lambda idp: idp.token(exp=idp.now - 1),
    "exp this very second": lambda idp: idp.token(exp=idp.now),
    "exp a text": lambda idp: idp.token(exp=str(idp.now + 300)),
    "exp with a fraction": lambda idp: idp.token(exp=idp.now + 300.5),
    "exp true": _with_claims(exp=True),
    "exp a list": lambda idp: idp.token(exp=[idp.now + 300]),
    "exp 1e400": _with_payload(lambda claims: claims[: claims.index(b'"exp": ') + 7] + b"1e400" + claims[claims.rindex(b"}") :]),
    "exp of thirty digits": _with_claims(exp=10**30),
    "exp negative": _with_claims(exp=-1),
    "nbf in the future": lambda idp: idp.token(nbf=idp.now + 3600),
    "nbf a text": _with_claims(nbf="0"),
    "iat in the future": lambda idp: idp.token(iat=idp.now + 3600),
    "iat with a fraction": lambda idp: idp.token(iat=idp.now - 0.5),
    "a claim twice": _with_payload(lambda claims: b'{"sub": "eve", ' + claims[1:]),
    "exp twice": _with_payload(lambda claims: claims[:-1] + b', "exp": 99999999999}'),
    "NaN": _with_payload(lambda claims: claims[:-1] + b', "x": NaN}'),
    "claims nested a thousand deep": _with_payload(lambda claims: claims[:-1] + b', "x": ' + b"[" * 1000 + b"]" * 1000 + b"}"),
    "claims a list": _with_payload(lambda claims: b"[" + claims + b"]"),
    "claims no JSON": _with_payload(lambda claims: claims[:-1]),
    "another token in place of claims": _nested,
}

SPELLINGS: dict[str, Forge] = {
    "an empty signature": _respelled(lambda token: token.rpartition(".")[0] + "."),
    "no signature": _respelled(lambda token: token.rpartition(".")[0]),
    "a signature of zeros": _with_signature(bytes(256)),
    "a signature of ones": _with_signature(b"\xff" * 256),
    "a signature cut by a byte": _respelled(lambda token: token[:-4]),
    "a signature a byte longer": _with_signature(b"\0" + bytes(256)),
    "ES256 with r = s = 0": _with_signature(bytes(64), {**_GOOD, "alg": "ES256", "kid": "ec-1"}),
    "ES256 with r and s of all ones": _with_signature(b"\xff" * 64, {**_GOOD, "alg": "ES256", "kid": "ec-1"}),
    "ES256 in DER": _in_der,
    "EdDSA with zeros": _with_signature(bytes(64), {**_GOOD, "alg": "EdDSA", "kid": "ed-1"}),
    "claims changed after signing": _tampered,
    "the signature in another spelling": lambda idp: _last_bit_flipped(idp.token()),
    "padding": _respelled(lambda token: f"{token}=="),
    "padding within": _respelled(lambda token: token.replace(".", "=.")),
    "standard base64": _in_standard_base64,
    "a blank behind": _respelled(lambda token: f"{token}\t"),
    "a blank within": _respelled(lambda token: token.replace(".", " .", 1)),
    "a line break behind": _respelled(lambda token: f"{token}\n"),
    "a dot before": _respelled(lambda token: f".{token}"),
    "a fourth part": _respelled(lambda token: f"{token}.AAAA"),
    "JWE, five parts": _encrypted,
    "a detached payload": _with_detached_payload,
    "JSON, flattened": _in_json,
    "JSON without signatures": _without_signatures,
    "dots alone": lambda _: "..",
    "thousands of dots": lambda _: "." * 5000,
    "a good one beyond 8 KiB": _with_claims(filler="f" * 6500),
    "a megabyte": lambda _: "a" * 1_000_000,
    "a megabyte of parts": _respelled(lambda token: token + ".a" * 500_000),
}

FORGED: dict[str, Forge] = {**ALGORITHMS, **KEYS, **HEADERS, **CLAIMS, **SPELLINGS}

STRANGERS: dict[str, Forge] = {
    "an e-mail that is not verified": _with_claims(email_verified=False),
    "not a word on whether it is verified": _with_claims(email_verified=None),
    "verified, as a text": _with_claims(email_verified="true"),
    "verified, as a number": _with_claims(email_verified=1),
    "no e-mail": _with_claims(email=None),
    "a list of e-mails": _with_claims(email=["ada@example.com"]),
    "what is no e-mail": _with_claims(email="ada"),
    "an e-mail with a NUL": _with_claims(email="ada\0@example.com"),
    "somebody else's e-mail": _with_claims(email="eve@example.com"),
    "no team": _with_claims(team_id=None),
    "a list of teams": lambda idp: idp.token(team_id=[idp.person["team_id"]]),
    "the team's id in another spelling": lambda idp: idp.token(team_id=idp.person["team_id"].upper()),
    "the team's id without hyphens": lambda idp: idp.token(team_id=idp.person["team_id"].replace("-", "")),
    "a team's name": _with_claims(team_id="Orbit"),
    "a team that is not": _with_claims(team_id="5c00df4e-7949-4587-a4a9-2a225243c61d"),
}
