"""Proof keys, as the providers check them."""

import base64
import hashlib
import hmac


def proves(verifier: str | None, challenge: str | None) -> bool:
    """RFC 7636 section 4.6, S256; a verifier without a challenge proves nothing either."""
    if challenge is None or verifier is None:
        return challenge is verifier
    digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=")
    return hmac.compare_digest(digest, challenge.encode())
