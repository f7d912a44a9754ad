"""An issuer's metadata (OpenID Connect Discovery 1.0, sections 3 and 4)."""

from pydantic import BaseModel, ConfigDict, ValidationError

from app.outbound import OddUrl, parse_url
from app.text.json_text import NotJson, parse_json

_PATH = "/.well-known/openid-configuration"


class Metadata(BaseModel):
    """The part of it that is used here. Types are exact; what is not named is not looked at."""

    model_config = ConfigDict(strict=True, frozen=True)

    issuer: str
    jwks_uri: str
    authorization_endpoint: str | None = None
    token_endpoint: str | None = None
    token_endpoint_auth_methods_supported: list[object] = ["client_secret_basic"]
    code_challenge_methods_supported: list[object] | None = None
    authorization_response_iss_parameter_supported: bool = False
    claims_parameter_supported: bool = False


def address_of(issuer: str) -> str:
    """Return where an issuer says what it is."""
    return f"{issuer.rstrip('/')}{_PATH}"


def parse_metadata(body: bytes, *, issuer: str) -> Metadata | NotJson:
    """Read the document; it is trusted only where it names the very issuer that was asked (section 4.3)."""
    parsed = parse_json(body)
    if isinstance(parsed, NotJson):
        return parsed
    try:
        metadata = Metadata.model_validate(parsed)
    except ValidationError as error:
        wrong = ", ".join(sorted({".".join(map(str, problem["loc"])) or "all of it" for problem in error.errors()}))
        return NotJson(f"it is no issuer's metadata ({wrong} is missing or of another type)")
    if metadata.issuer != issuer:
        return NotJson("it names another issuer (a slash at the end counts)")
    endpoints = (metadata.jwks_uri, metadata.authorization_endpoint, metadata.token_endpoint)
    if not all(_is_as_safe_as(issuer, endpoint) for endpoint in endpoints if endpoint is not None):
        return NotJson("it names an address that is not https, or none")
    return metadata


def _is_as_safe_as(issuer: str, endpoint: str) -> bool:
    here, there = parse_url(issuer), parse_url(endpoint)
    if isinstance(here, OddUrl) or isinstance(there, OddUrl):
        return False
    return there.scheme == "https" or there.origin == here.origin
