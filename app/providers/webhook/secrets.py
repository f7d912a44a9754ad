"""What an admin pastes for a webhook: its address, and the secrets that messages are signed with.

Source: the Standard Webhooks specification, "Signature scheme": a secret is `whsec_` and 24 to 64 bytes in base64.
"""

import base64
import binascii
import hashlib

from app.outbound import OddUrl, parse_url
from app.providers.contract import Identity
from app.providers.shared_secrets import Fields, OddField, Pasted, SecretField, SharedSecret
from app.sealing.secret import Secret

URL = "url"
SIGNING = "signingSecret"
PREVIOUS = "previousSigningSecret"

_PREFIX = "whsec_"
_SHORTEST, _LONGEST = 24, 64
_ACCOUNT_LENGTH = 32


def read(fields: Fields, /) -> Pasted | OddField:
    """Read what was pasted. The account is the address, of which a hash stands outside of what is sealed."""
    text = fields[URL].reveal()
    url = parse_url(text)
    if isinstance(url, OddUrl):
        return OddField(URL, f"this is no address to post to: {url.message}.")
    for name in (SIGNING, PREVIOUS):
        if name in fields and decode(fields[name]) is None:
            return OddField(name, f"a signing secret is {_PREFIX} and {_SHORTEST} to {_LONGEST} bytes in base64.")
    account = hashlib.sha256(text.encode()).hexdigest()[:_ACCOUNT_LENGTH]
    return Pasted(Identity(account_id=account, account_name=url.authority), url.origin)


def decode(secret: Secret) -> bytes | None:
    """Return the bytes that a signing secret stands for; None where it is none."""
    try:
        key = base64.b64decode(secret.reveal().removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        return None
    return key if _SHORTEST <= len(key) <= _LONGEST else None


SECRET = SharedSecret(
    fields=(
        SecretField(
            URL, "Address", "Where results are posted to, such as https://hooks.example.com/results. It stays secret too."
        ),
        SecretField(
            SIGNING, "Signing secret", "What the receiver verifies messages with: whsec_ and 24 to 64 random bytes in base64."
        ),
        SecretField(
            PREVIOUS,
            "Previous signing secret",
            "While the receiver changes its secret: messages are signed with both. Leave it out once it has.",
            is_required=False,
        ),
    ),
    read=read,
)
