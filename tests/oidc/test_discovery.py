"""What an issuer says of itself is taken where what is used here is sound, also where it leaves out what a standard wants."""

import json
from typing import Any

import pytest

from app.oidc.discovery import Metadata, parse_metadata
from app.text.json_text import NotJson

ISSUER = "https://id.example"
USUAL = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}/authorize",
    "token_endpoint": f"{ISSUER}/token",
    "jwks_uri": f"{ISSUER}/keys",
    "response_types_supported": ["code"],
    "subject_types_supported": ["public"],
    "id_token_signing_alg_values_supported": ["RS256"],
}


def read(**said: Any) -> Metadata | NotJson:
    named = {name: value for name, value in (USUAL | said).items() if value is not None}
    return parse_metadata(json.dumps(named).encode(), issuer=ISSUER)


@pytest.mark.parametrize(
    "said",
    [
        {},
        # Microsoft Entra ID names no algorithms for the client's own JWTs, which RFC 8414 wants beside private_key_jwt.
        {"token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"]},
        {"id_token_signing_alg_values_supported": ["ES256"]},
        {"authorization_endpoint": None, "token_endpoint": None},
        {"response_types_supported": None, "subject_types_supported": None, "claims_locales_supported": ["?"]},
    ],
    ids=range(5),
)
def test_an_issuer_that_leaves_something_out_is_taken(said: dict[str, Any]) -> None:
    assert isinstance(read(**said), Metadata)


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"issuer": 5}, "it is no issuer's metadata (issuer is missing or of another type)"),
        ({"issuer": [ISSUER]}, "it is no issuer's metadata (issuer is missing or of another type)"),
        ({"jwks_uri": None}, "it is no issuer's metadata (jwks_uri is missing or of another type)"),
        (
            {"claims_parameter_supported": 1},
            "it is no issuer's metadata (claims_parameter_supported is missing or of another type)",
        ),
        ({"issuer": f"{ISSUER}/"}, "it names another issuer (a slash at the end counts)"),
        ({"jwks_uri": "http://id.example/keys"}, "it names an address that is not https, or none"),
        ({"jwks_uri": "https:nothing"}, "it names an address that is not https, or none"),
    ],
    ids=range(7),
)
def test_what_is_unsound_is_named(said: dict[str, Any], message: str) -> None:
    assert read(**said) == NotJson(message)
