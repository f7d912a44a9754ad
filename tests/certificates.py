"""An authority of a test's own, and certificates that it has signed."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID


@dataclass(frozen=True)
class Certified:
    """A certificate and its key, each in a file as PEM."""

    certificate: Path
    key: Path


@dataclass(frozen=True)
class Authority:
    """What it signs is trusted by whoever trusts `root`."""

    root: Path
    _name: x509.Name
    _key: EllipticCurvePrivateKey

    def certify(self, name: str, folder: Path) -> Certified:
        """Make a certificate for that name, of a host or of a user."""
        key = generate_private_key(SECP256R1())
        certificate = (
            _begin(_named(name), issuer=self._name)
            .public_key(key.public_key())
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
            .sign(self._key, SHA256())
        )
        made = Certified(folder / f"{name}.crt", folder / f"{name}.key")
        made.certificate.write_bytes(certificate.public_bytes(Encoding.PEM))
        made.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        made.key.chmod(0o600)
        return made


def make_authority(folder: Path, *, name: str = "root") -> Authority:
    key, subject = generate_private_key(SECP256R1()), _named(name)
    certificate = (
        _begin(subject, issuer=subject)
        .public_key(key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, SHA256())
    )
    root = folder / f"{name}.crt"
    root.write_bytes(certificate.public_bytes(Encoding.PEM))
    return Authority(root, subject, key)


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _begin(subject: x509.Name, *, issuer: x509.Name) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
    )
