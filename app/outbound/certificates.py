"""Whose certificates are trusted: the usual authorities, and those that were given for one server."""

import os
import ssl
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from string import hexdigits

import httpcore2
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from app.errors import ConfigurationError

CERTIFICATES_FILE = "SSL_CERT_FILE"
CERTIFICATES_FOLDER = "SSL_CERT_DIR"

_HASH_LENGTH = 8
_MOST_CERTIFICATES = 32


@dataclass(frozen=True)
class BadCertificates:
    """The text is no list of certificates; `message` tells a person why."""

    message: str


def parse_certificates(pem: str) -> str | BadCertificates:
    """Return the certificates in PEM in their one spelling, to be trusted beside the system's; at most 32, and no key."""
    if "PRIVATE KEY" in pem:
        return BadCertificates("it holds a private key; only certificates belong here")
    try:
        certificates = x509.load_pem_x509_certificates(pem.encode())
    except ValueError:
        return BadCertificates("it is not a certificate in PEM form")
    if len(certificates) > _MOST_CERTIFICATES:
        return BadCertificates(f"it holds more than {_MOST_CERTIFICATES} certificates")
    return "".join(certificate.public_bytes(Encoding.PEM).decode() for certificate in certificates)


@dataclass(frozen=True)
class Ends:
    """When a server's certificate ends, and when the one of those given does that it is trusted by; None where there is none."""

    server: datetime
    authority: datetime | None


def find_ends(certificate: bytes, *, given: str | None) -> Ends | None:
    """Return when the certificate (DER) that a server has shown ends, and the first of those `given` (PEM) on its way up.

    What the server has shown between the two is not known here: where the way does not begin among those given, the one that
    lasts longest counts. None: it cannot be read.
    """
    try:
        shown = x509.load_der_x509_certificate(certificate)
        trusted = x509.load_pem_x509_certificates(given.encode()) if given else []
    except ValueError:
        return None
    if not trusted or shown in trusted:
        return Ends(shown.not_valid_after_utc, None)
    ends = [each.not_valid_after_utc for each in _way_up(shown, trusted)]
    return Ends(shown.not_valid_after_utc, min(ends, default=max(each.not_valid_after_utc for each in trusted)))


def _way_up(shown: x509.Certificate, trusted: Sequence[x509.Certificate]) -> Iterator[x509.Certificate]:
    """Yield what stands above the certificate, by its names; of several that are called the same, the one that lasts longest."""
    at = shown
    for _ in trusted:
        above = [each for each in trusted if each.subject == at.issuer and at.issuer != at.subject]
        if not above:
            return
        at = max(above, key=lambda each: each.not_valid_after_utc)
        yield at


def make_trust(certificates: str | None) -> ssl.SSLContext:
    """Return a context that trusts the usual authorities and the certificates; raises ssl.SSLError where they are none.

    The usual ones are the system's, or those that SSL_CERT_FILE and SSL_CERT_DIR name in their place. Raises ConfigurationError
    where one of these is of no use.
    """
    trust = _usual_trust()
    trust.minimum_version = ssl.TLSVersion.TLSv1_2
    if certificates is not None:
        trust.load_verify_locations(cadata=certificates)
        trust.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # a server's own or an intermediate certificate is enough
    return trust


def _usual_trust() -> ssl.SSLContext:
    file, folder = os.environ.get(CERTIFICATES_FILE, ""), os.environ.get(CERTIFICATES_FOLDER, "")
    if folder and not any(_is_hashed(path.name) for each in folder.split(os.pathsep) for path in Path(each).glob("*")):
        raise ConfigurationError(
            f"{CERTIFICATES_FOLDER}: there are no certificates in {folder} by their hashes: `openssl rehash` makes the links."
        )
    try:
        trust = httpcore2.default_ssl_context()
        if file and folder:
            trust.load_verify_locations(capath=folder)
    except OSError as error:  # OpenSSL's own are such too
        why = "no certificates in PEM form" if isinstance(error, ssl.SSLError) else error.strerror
        raise ConfigurationError(f"{CERTIFICATES_FILE}: {file} cannot be used: {why}.") from None
    return trust


def _is_hashed(name: str) -> bool:
    """Whether OpenSSL could look for a certificate by such a name: `5ed36f99.0`."""
    value, _, number = name.partition(".")
    return len(value) == _HASH_LENGTH and set(value) <= set(hexdigits) and number.isdecimal()
