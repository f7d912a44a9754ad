"""Checks of what an admin types to set up a Git server's OAuth client. No refusal quotes a secret."""

import re
from collections.abc import Sequence

from app.catalogue.addresses import GitServerAddress, read_address
from app.errors import Refusal, UserErrorCode
from app.outbound import ALLOW_SETTING, AllowRule, BadCertificates, OddUrl, Url, parse_certificates, parse_url
from app.providers.catalogue import CATALOGUE
from app.providers.contract import SharingModel
from app.providers.description import Provider
from app.providers.hosting import Hosting
from app.sealing.secret import Secret

_CLIENT_ID = re.compile(r"[A-Za-z0-9._~-]{1,300}")
_SECRET = re.compile(r"[!-~]{1,1000}")
_LONGEST_PEM = 200_000


def check_provider(key: str, *, field: Sequence[str]) -> tuple[Provider, Hosting]:
    """Return the provider and what its servers can do. Raises INVALID unless its installed apps hold an OAuth client."""
    provider = CATALOGUE.get(key)
    if provider is None or provider.sharing is not SharingModel.SHARED_CLIENT or provider.hosting is None:
        fitting = [each.key for each in CATALOGUE.values() if each.sharing is SharingModel.SHARED_CLIENT]
        message = f"Installed apps hold an OAuth client at these providers only: {', '.join(fitting) or 'none here'}."
        raise Refusal(UserErrorCode.INVALID, message, field=field)
    return provider, provider.hosting


def check_address(text: str, *, allow: Sequence[AllowRule] = (), field: Sequence[str]) -> GitServerAddress:
    """Return the address in its one spelling. Raises INVALID, which says what is odd about it.

    Only a loopback address, which is the sandbox's, and one that `allow` opens may be http. The door itself reaches no other.
    """
    address = read_address(text)
    if isinstance(address, GitServerAddress) and address.is_plain and not (address.is_loopback or _is_allowed(address, allow)):
        entry = f"{ALLOW_SETTING}={address.origin}"
        message = f"This address has to be https. For a server of a private network the operator can allow http: {entry}"
        raise Refusal(UserErrorCode.INVALID, message, field=field)
    if isinstance(address, OddUrl):
        message = f"This is no server's base address: {address.message}. An example: https://git.example.com"
        raise Refusal(UserErrorCode.INVALID, message, field=field)
    return address


def _is_allowed(address: GitServerAddress, allow: Sequence[AllowRule]) -> bool:
    url = parse_url(address.origin)
    return isinstance(url, Url) and any(rule.names(url) for rule in allow)


def check_client_id(text: str, *, field: Sequence[str]) -> str:
    client_id = text.strip()
    if not _CLIENT_ID.fullmatch(client_id):
        message = "A client id has letters, digits and . _ ~ - only: copy it from the OAuth application at the server."
        raise Refusal(UserErrorCode.INVALID, message, field=field)
    return client_id


def check_secret(text: str, *, field: Sequence[str]) -> Secret:
    secret = text.strip()
    if not _SECRET.fullmatch(secret):
        message = "A client secret has 1 to 1,000 visible ASCII characters: copy it from the OAuth application at the server."
        raise Refusal(UserErrorCode.INVALID, message, field=field)
    return Secret(secret)


def check_certificates(text: str | None, *, field: Sequence[str]) -> str | None:
    """Return the certificates in their one spelling; None for none. Raises INVALID, which says what is wrong."""
    if text is None or not text.strip():
        return None
    read = parse_certificates(text) if len(text) <= _LONGEST_PEM else BadCertificates("it is too long")
    if isinstance(read, BadCertificates):
        message = f"These are no certificates to trust: {read.message}. They begin with -----BEGIN CERTIFICATE-----."
        raise Refusal(UserErrorCode.INVALID, message, field=field)
    return read
